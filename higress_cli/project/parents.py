"""What in the folders above a plugin counts for it.

Anyone can put a file into a folder that everyone may write to, such as /tmp, so a file counts only if it belongs to
somebody whose files hgw believes (`system.owner`).
"""

from pathlib import Path

from higress_cli.system.owner import is_believed
from higress_cli.system.paths import home_folder

_REPOSITORY = ".git"


def nearest_above(directory: Path, name: str) -> Path | None:
    """The file `name` of the nearest folder above `directory` whose owner is believed."""
    places = (parent / name for parent in directory.parents)
    return next((path for path in places if path.is_file() and is_believed(path, beside=directory)), None)


def is_in_repository(directory: Path) -> bool:
    """Whether a git repository reaches down to the folder."""
    return any((folder / _REPOSITORY).exists() for folder in (directory, *directory.parents))


def settings_above(directory: Path, name: str) -> tuple[Path | None, tuple[Path, ...]]:
    """The file `name` that `directory` inherits from, and those that were passed over because they are somebody else's.

    The search ends at the top of the repository that the folder is in, and at the home folder.
    """
    strange: list[Path] = []
    home = home_folder()
    ends = (directory / _REPOSITORY).exists() or directory == home
    for parent in directory.parents:
        if ends:
            break
        path = parent / name
        if path.is_file():
            if is_believed(path, beside=directory):
                return path, tuple(strange)
            strange.append(path)
        ends = (parent / _REPOSITORY).exists() or parent == home
    return None, tuple(strange)
