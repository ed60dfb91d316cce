"""Bars the real tools and the network from tests, in the process of the tests and in the Pythons that they start.

A test that breaks a rule fails, even where hgw takes the refusal for a failure that it knows: each breach is written
to a file, which the fixture in conftest.py reads at the end of the test.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

RULES: Final = "TESTS_GUARD_RULES"
"""The variable with what is barred: `network`, `tools`, or both with a comma between."""
BREACHES: Final = "TESTS_GUARD_BREACHES"
"""The variable with the file that names what was done all the same, one thing a line."""
ALLOWED: Final = "TESTS_GUARD_ALLOWED"
"""The variable with the folder below which a program with a real tool's name is a stand-in."""
# Compilers, gateways, and what fetches or installs anything.
TOOLS: Final = frozenset({
    "go", "tinygo", "wasm-opt", "envoy", "docker", "docker-compose", "podman", "npm", "npx", "apt-get", "apt-cache",
    "dpkg", "brew", "dnf", "pacman", "scoop", "curl", "wget",
})  # fmt: skip
_HERE: Final = frozenset({"localhost", "::1", "0.0.0.0", "::", ""})


_writable: list[str] = []
_outside: list[str] = []


def install() -> None:
    """Watch this process to its end. The rules are read at each event: a fixture sets them for each test."""
    sys.addaudithook(_watch)


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    judge = _JUDGES.get(event)
    if judge is not None:
        judge(*arguments)


def _judge_program(program: Any, argv: Sequence[Any], *_more: Any) -> None:
    if not _barred("tools"):
        return
    allowed = os.environ.get(ALLOWED, "/nowhere")
    # Beside the program its arguments: hgw has its supervisor run a gateway.
    for word in (program, *argv[1:]):
        named = Path(os.fsdecode(word or argv[0]))
        if named.is_absolute() and named.stem.lower() in TOOLS and not named.is_relative_to(allowed):
            _refuse(f"the program {named} was run")


def _judge_connection(_socket: Any, address: Any) -> None:
    _judge_address(address)


def _judge_look_up(host: Any, port: Any, *_more: Any) -> None:
    _judge_address((host, port))


def _judge_address(address: Any) -> None:
    if not _barred("network") or not isinstance(address, tuple):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else str(address[0] or "")
    if host not in _HERE and not host.startswith("127."):
        _refuse(f"the address {host}:{address[1]} was asked for")


def _barred(kind: str) -> bool:
    return kind in os.environ.get(RULES, "").split(",")


def _refuse(what: str) -> None:
    breaches = os.environ.get(BREACHES)
    if breaches is not None:
        with Path(breaches).open("a", encoding="utf-8") as sink:
            sink.write(f"{what}\n")
    raise PermissionError(f"barred from tests: {what}")


@contextlib.contextmanager
def writes_only_below(folder: Path) -> Iterator[list[str]]:
    """Refuse this process to change anything outside `folder`; the list names what it tried all the same."""
    _outside.clear()
    _writable.append(f"{folder}{os.sep}")
    try:
        yield _outside
    finally:
        _writable.pop()


def _judge_open(path: Any, mode: str | None, flags: int) -> None:
    # Devices such as /dev/null are nobody's folder.
    if _writable and not isinstance(path, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
        _judge_change(path)


def _judge_change(*arguments: Any) -> None:
    if not _writable:
        return
    for path in arguments:
        if isinstance(path, (str, bytes, os.PathLike)):
            named = os.path.realpath(os.fsdecode(path))
            if not f"{named}{os.sep}".startswith(_writable[-1]) and not named.startswith(("/dev/", "/proc/")):
                _outside.append(named)
                raise PermissionError(errno.EACCES, "barred from tests", named)


def _judge_link(_target: Any, link: Any, *_more: Any) -> None:
    _judge_change(link)


_JUDGES: Final[Mapping[str, Callable[..., None]]] = {
    "subprocess.Popen": _judge_program,
    "os.exec": _judge_program,
    "os.posix_spawn": _judge_program,
    "socket.connect": _judge_connection,
    "socket.getaddrinfo": _judge_look_up,
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
