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
        """What failed children of hgw printed."""
        return self.state / "logs"


def find_dirs(home: str | None) -> Dirs:
    """Everything under `home` where that is set, else in the platform's own places.

    Without HOME (a bare container, a service account) the places are those of the user's entry in the user
    database, and where there is none either, a folder of the system's temporary directory.
    """
    if home:
        root = Path(home).expanduser().absolute()
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
