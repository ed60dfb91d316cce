"""Where hgw keeps things. Nothing here creates a folder."""

from dataclasses import dataclass
from pathlib import Path


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


def find_dirs(home: str | None) -> Dirs:
    """Folders under `home` if it is set, else the platform's own ones.

    Without HOME (a bare container, a service account) the home folder is that of the user database, or if there is
    none, a folder in the system's temporary directory.
    """
    if home:
        root = expanded(home).absolute()
        return Dirs(data=root / "data", cache=root / "cache", config=root / "config", state=root / "state")
    import platformdirs

    try:
        places = platformdirs.PlatformDirs("hgw", appauthor=False)
        return Dirs(
            data=places.user_data_path,
            cache=places.user_cache_path,
            config=places.user_config_path,
            state=places.user_state_path,
        )
    except (RuntimeError, KeyError):
        import tempfile

        root = Path(tempfile.gettempdir()) / "hgw"
        return Dirs(data=root / "data", cache=root / "cache", config=root / "config", state=root / "state")
