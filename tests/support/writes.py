"""Bars this process from changing what is outside a folder."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

_writable: list[str] = []
_outside: list[str] = []


@contextlib.contextmanager
def writes_only_below(folder: Path) -> Iterator[list[str]]:
    """Refuse this process to change anything outside `folder`; the list names what it tried all the same."""
    _install()
    _outside.clear()
    _writable.append(f"{folder}{os.sep}")
    try:
        yield _outside
    finally:
        _writable.pop()


@cache
def _install() -> None:
    """Watch this process to its end: an audit hook stays, so there is one only where a test needs it."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _writable and event in _JUDGES:
        _JUDGES[event](*arguments)


def _judge_open(path: Any, mode: str | None, flags: int) -> None:
    # Devices such as /dev/null are nobody's folder.
    if not isinstance(path, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        _judge_change(path)


def _judge_change(*arguments: Any) -> None:
    for path in arguments:
        if isinstance(path, (str, bytes, os.PathLike)):
            named = os.path.realpath(os.fsdecode(path))
            if not f"{named}{os.sep}".startswith(_writable[-1]) and not named.startswith(("/dev/", "/proc/")):
                _outside.append(named)
                raise PermissionError(errno.EACCES, "barred from tests", named)


def _judge_link(_target: Any, link: Any, *_more: Any) -> None:
    _judge_change(link)


_JUDGES: Final[Mapping[str, Callable[..., None]]] = {
    "open": _judge_open,
    "os.mkdir": _judge_change,
    "os.rename": _judge_change,
    "os.remove": _judge_change,
    "os.rmdir": _judge_change,
    "os.chmod": _judge_change,
    "os.truncate": _judge_change,
    "os.link": _judge_link,
    "os.symlink": _judge_link,
}
