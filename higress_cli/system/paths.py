"""Where hgw keeps things."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from higress_cli.errors import ConflictError
from higress_cli.i18n import _
from higress_cli.settings.machine import HOME
from higress_cli.system.os_errors import home_error
from higress_cli.system.owner import is_private


@dataclass(frozen=True, kw_only=True)
class Dirs:
    """`data` holds the tool store, `cache` what can be fetched again, `state` the runs, `config` user settings."""

    data: Path
    cache: Path
    config: Path
    state: Path

    @property
    def tools(self) -> Path:
        return self.data / "tools"

    @property
    def downloads(self) -> Path:
        return self.cache / "downloads"

    @property
    def runs(self) -> Path:
        return self.state / "runs"

    @property
    def logs(self) -> Path:
        """The output of failed child processes."""
        return self.state / "logs"


def expanded(path: str | Path) -> Path:
    """`path` with a leading `~` or `~user` replaced, as by a shell: an unknown user's stays as it is."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def home_folder() -> Path | None:
    """The user's home folder; None if there is none (no HOME, and nobody of that number in the user database)."""
    try:
        return Path.home()
    except RuntimeError:
        return None


def find_dirs(home: str | None) -> Dirs:
    """Folders under `home` if it is set, else the platform's own ones.

    Without HOME (a bare container, a service account) the home folder is that of the user database, or if there is
    none, a folder in the system's temporary directory that only this user can enter; it is made if it is missing.

    Raises:
        ConflictError: `home-shared` if others can put something into that folder.
    """
    if home:
        return _below(expanded(home).absolute())
    import platformdirs

    try:
        places = platformdirs.PlatformDirs("hgw", appauthor=False)
        dirs = Dirs(
            data=places.user_data_path,
            cache=places.user_cache_path,
            config=places.user_config_path,
            state=places.user_state_path,
        )
    except (RuntimeError, KeyError):
        return _below(_private_folder())
    # platformdirs before 4.4 leaves a `~` that it cannot expand.
    return dirs if dirs.data.is_absolute() else _below(_private_folder())


def _below(root: Path) -> Dirs:
    return Dirs(data=root / "data", cache=root / "cache", config=root / "config", state=root / "state")


def _private_folder() -> Path:
    import tempfile  # noqa: PLC0415 -- only without a home folder

    user = f"-{os.geteuid()}" if hasattr(os, "geteuid") else ""
    folder = Path(tempfile.gettempdir()) / f"hgw{user}"
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        if is_private(folder):
            return folder
    except OSError as error:
        raise home_error(folder, error) from error
    raise ConflictError(
        _("there is no home folder, and {path} is not a folder that you alone can enter").format(path=folder),
        code="home-shared",
        hint=_("set {variable} to a folder of your own").format(variable=HOME.variable),
        details={"path": folder},
    )
