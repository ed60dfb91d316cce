"""Whether a module is older than what it is made of, by the times of the files: a look, not a proof."""

from pathlib import Path

from higress_cli.build.sources import source_files


def is_stale(directory: Path, module: Path) -> bool:
    """Whether the plugin in `directory` has to be built before `module` may be used.

    It has where `module` is absent, or a source, go.mod, go.sum or an embedded file has changed since.
    """
    try:
        built = module.stat().st_mtime_ns
    except OSError:
        return True
    return any(_changed(path) > built for path in source_files(directory))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
