"""Whether a module is older than what it is made of, by the times of the files: a look, not a proof."""

from pathlib import Path
from typing import Final

from higress_cli.compile.sources import source_files

# Whoever changes the ABI or the tags there expects another module. Where nothing of that changed, a build compiles
# nothing and only brings the module's time up to date.
_SETTINGS: Final = ("hgw.yaml", ".buildrc")


def is_stale(directory: Path, module: Path) -> bool:
    """Whether the plugin in `directory` has to be built before `module` may be used.

    It has where `module` is absent, or a source, go.mod, go.sum, an embedded file or a setting has changed since.
    """
    try:
        built = module.stat().st_mtime_ns
    except OSError:
        return True
    settings = (directory / name for name in _SETTINGS)
    return any(_changed(path) > built for path in (*settings, *source_files(directory)))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
