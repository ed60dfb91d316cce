"""Bars the real tools and the network from tests, in the process of the tests and in the Pythons that they start.

A test that breaks a rule fails, even where hgw takes the refusal for a failure that it knows: each breach is written
to a file, which the fixture in conftest.py reads at the end of the test.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
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


_JUDGES: Final[Mapping[str, Callable[..., None]]] = {
    "subprocess.Popen": _judge_program,
    "os.exec": _judge_program,
    "os.posix_spawn": _judge_program,
    "socket.connect": _judge_connection,
    "socket.getaddrinfo": _judge_look_up,
}
