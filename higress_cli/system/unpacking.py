"""A folder that an archive is unpacked into: nothing is written through a link, and no link leads out.

Both are kept without resolving long paths, which is where Python's own filters have failed (CVE-2025-4517): every
folder on the way to a member is a real one, and a link goes up first and then down. So where a link leads follows from
its text: going up from a real folder is exact, and each part of the way down is a real folder or again such a link.
"""

import contextlib
import math
import os
import shutil
from pathlib import Path
from typing import IO, Final

from higress_cli.i18n import _

# Deeper trees can hardly be removed again; Go's own has 10 levels.
_DEEPEST: Final = 64
_CHUNK: Final = 1 << 18
_ANYONE_RUNS: Final = 0o111
_OWNER_RUNS: Final = 0o100
# The year 2242; some file systems take no later time.
_LATEST: Final = float(1 << 33)


class Escape(Exception):
    """A member would land outside the folder or is a link that leads out of it, or a device; the text names it."""


class Contradiction(Exception):
    """A member is not what it says; the text says what is wrong with it."""


class Unpacked:
    """What was unpacked into `root`, an empty folder of hgw's own. Names are written with `/`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: set[tuple[str, ...]] = {()}
        # Windows lets only some users make links; others get copies.
        self._copies: list[tuple[Path, str]] = []

    def folder(self, name: str) -> None:
        self._make(_parts(name))

    def file(self, name: str, source: IO[bytes], *, size: int, mode: int, changed: float | None = None) -> None:
        """A file with the content of `source`, which should have `size` bytes. `changed` is in seconds since 1970."""
        path = self._place(name)
        with path.open("xb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)
            written = sink.tell()
        if written != size:
            text = _("{name} has {found} bytes instead of {size}")
            raise Contradiction(text.format(name=name, found=written, size=size))
        if mode & _OWNER_RUNS:
            path.chmod(path.stat().st_mode | (mode & _ANYONE_RUNS))
        if changed is not None and math.isfinite(changed) and 0 <= changed < _LATEST:
            os.utime(path, (changed, changed))

    def link(self, name: str, *, target: str) -> None:
        path = self._place(name)
        if not target:
            raise Contradiction(_("{name} is a link to nothing").format(name=name))
        parts = target.split("/")
        up = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
        if target.startswith("/") or ".." in parts[up:] or up >= len(_parts(name)) or not _is_plain(target):
            raise Escape(f"{name} -> {target}")
        try:
            path.symlink_to(target)
        except OSError:
            if os.name != "nt":
                raise
            self._copies.append((path, target))

    def hard_link(self, name: str, *, target: str) -> None:
        """Another name for a file that was unpacked before."""
        wanted = _parts(target)
        old = self._root.joinpath(*wanted)
        if wanted[:-1] not in self._folders or old.is_symlink() or not old.is_file() or wanted == _parts(name):
            raise Contradiction(
                _("{name} should be another name for {target}, which is not a file").format(name=name, target=target)
            )
        path = self._place(name)
        try:
            path.hardlink_to(old)
        except (OSError, NotImplementedError):
            shutil.copy2(old, path)

    def finish(self) -> None:
        """Copy what could not be linked."""
        for path, target in self._copies:
            if (source := path.parent / target).is_file():
                shutil.copy2(source, path)

    def _place(self, name: str) -> Path:
        """The path for a member, in a folder that is there; what an earlier member of that name left is removed."""
        parts = _parts(name)
        if not parts:
            raise Contradiction(_("a member has no name"))
        self._make(parts[:-1])
        path = self._root.joinpath(*parts)
        if parts in self._folders or (path.is_dir() and not path.is_symlink()):
            raise Contradiction(_("{name} is a file and a folder").format(name=name))
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        return path

    def _make(self, parts: tuple[str, ...]) -> None:
        for depth in range(1, len(parts) + 1):
            if parts[:depth] in self._folders:
                continue
            path = self._root.joinpath(*parts[:depth])
            try:
                path.mkdir()
            except FileExistsError:
                if path.is_symlink():
                    raise Escape("/".join(parts)) from None
                if not path.is_dir():
                    raise Contradiction(
                        _("{name} is a file and a folder").format(name="/".join(parts[:depth]))
                    ) from None
            self._folders.add(parts[:depth])


def _parts(name: str) -> tuple[str, ...]:
    """The folders and the last part of a member's name.

    Raises:
        Escape: it leads out of the folder.
        Contradiction: no file can have this name.
    """
    if "\0" in name:
        raise Contradiction(_("{name} is not a name for a file").format(name=repr(name)))
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if len(parts) > _DEEPEST:
        raise Contradiction(_("a member lies {depth} folders deep").format(depth=len(parts) - 1))
    if ".." in parts or not _is_plain(name):
        raise Escape(name)
    return parts


def _is_plain(name: str) -> bool:
    """Whether a name means the same on Windows, where backslashes and drives lead elsewhere."""
    return os.name != "nt" or not ("\\" in name or ":" in name)
