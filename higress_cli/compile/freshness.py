"""Whether a module is older than its sources, judged by modification times only: quick, but not a proof."""

from pathlib import Path
from typing import Final

from higress_cli.compile.sources import source_files

# They may change the ABI or the tags. If they did not, a build compiles nothing and only updates the module's time.
_SETTINGS: Final = ("hgw.yaml", ".buildrc")


def is_stale(directory: Path, module: Path) -> bool:
    """Whether the plugin in `directory` has to be built before `module` can be used.

    That is so if `module` is missing, or older than a source, go.mod, go.sum, an embedded file or the settings.
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
