"""What a tool in the store consists of: each file's size, and the digest of each program and library."""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.document import Json
from higress_cli.i18n import _
from higress_cli.system.fs import sha256_of
from higress_cli.system.user_file import read_bytes

FILE: Final = "contents.json"
_LIBRARIES: Final = (".so", ".dll", ".dylib", ".a", ".exe")
_ANYONE_RUNS: Final = 0o111


def write_contents(folder: Path) -> None:
    """Write down, in the folder itself, what it consists of."""
    files: dict[str, dict[str, Json]] = {}
    for path, found in _files(folder):
        name = path.relative_to(folder).as_posix()
        if stat.S_ISLNK(found.st_mode):
            files[name] = {"link": str(path.readlink())}
        elif stat.S_ISREG(found.st_mode):
            files[name] = {"bytes": found.st_size, **({"sha256": sha256_of(path)} if _runs(path, found) else {})}
    (folder / FILE).write_text(json.dumps({"files": files}) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Contents:
    """What a folder should consist of, by relative path."""

    files: dict[str, dict[str, Json]]

    def fault(self, folder: Path) -> str | None:
        """What is wrong with the first file that is not what it should be; None if all are. More files do no harm."""
        digests = []
        for name, wanted in self.files.items():
            path = folder / name
            try:
                found = path.lstat()
            except (OSError, ValueError):  # ValueError: no file can have this name
                return _("{path} is missing").format(path=path)
            if "link" in wanted:
                if not stat.S_ISLNK(found.st_mode):
                    return _("{path} is not the link that was installed").format(path=path)
            elif not stat.S_ISREG(found.st_mode) or found.st_size != wanted.get("bytes"):
                return _("{path} has {found} bytes instead of {expected}").format(
                    path=path, found=found.st_size, expected=wanted.get("bytes")
                )
            elif "sha256" in wanted:
                digests.append((path, str(wanted["sha256"])))
        return next((fault for path, wanted in digests if (fault := _digest_fault(path, wanted))), None)


def read_contents(folder: Path) -> Contents | None:
    """What a folder should consist of; None if an older hgw installed it, which wrote nothing down."""
    try:
        files = json.loads(read_bytes(folder / FILE))["files"]
        return Contents({str(name): dict(wanted) for name, wanted in files.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _digest_fault(path: Path, wanted: str) -> str | None:
    try:
        if sha256_of(path) == wanted:
            return None
    except OSError as error:
        return _("{path} cannot be read: {reason}").format(path=path, reason=error.strerror or error)
    return _("{path} has other content than what was installed").format(path=path)


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The files and links below a folder. A link to a folder is a link."""
    for root, names, files in os.walk(folder):
        for name in (*files, *(name for name in names if Path(root, name).is_symlink())):
            path = Path(root, name)
            yield path, path.lstat()


def _runs(path: Path, found: os.stat_result) -> bool:
    """Whether a file is a program or a library: what a build executes."""
    return bool(found.st_mode & _ANYONE_RUNS) or any(mark in path.name for mark in _LIBRARIES)
