"""Bars the real tools and the network from tests, in the process of the tests and in the Pythons that they start.

A test that breaks a rule fails, even where hgw takes the refusal for a failure that it knows: each breach is written
to a file, which the fixture in conftest.py reads at the end of the test.

Python runs a file of this name at its start where its folder is on PYTHONPATH, so a child of a test is guarded as the
test is. Hundreds are started: nothing is imported here that Python has not imported by then.
"""

import os
import sys

RULES = "TESTS_GUARD_RULES"
"""The variable with what is barred: `network`, `tools`, or both with a comma between."""
BREACHES = "TESTS_GUARD_BREACHES"
"""The variable with the file that names what was done all the same, one thing a line."""
ALLOWED = "TESTS_GUARD_ALLOWED"
"""The variable with the folder below which a program with a real tool's name is a stand-in."""
# Compilers, gateways, and what fetches or installs anything.
TOOLS = frozenset({
    "go", "tinygo", "wasm-opt", "envoy", "docker", "docker-compose", "podman", "npm", "npx", "apt-get", "apt-cache",
    "dpkg", "brew", "dnf", "pacman", "scoop", "curl", "wget",
})  # fmt: skip
_HERE = frozenset({"localhost", "::1", "0.0.0.0", "::", ""})


def install():
    """Watch this process to its end. The rules are read at each event: a fixture sets them for each test."""
    sys.addaudithook(_watch)
    _let_threads_begin()


def _let_threads_begin():
    """Let a thread wait for another one that begins to be traced, as all do while coverage measures.

    Python 3.11 raises where two threads are in `sys.settrace` at once, which happens as soon as there is an audit hook
    in Python, and a thread that meets that ends before it has begun.
    """
    begin = sys.settrace

    def settrace(function):
        while True:
            try:
                return begin(function)
            except RuntimeError as error:
                if "another trace function" not in str(error):
                    raise
                import time

                time.sleep(0.001)

    sys.settrace = settrace


def _watch(event, arguments):
    judge = _JUDGES.get(event)
    if judge is not None:
        judge(*arguments)


def _judge_program(program, argv, *_more):
    if not _barred("tools"):
        return
    from pathlib import Path

    allowed = os.environ.get(ALLOWED, "/nowhere")
    # Beside the program its arguments: hgw has its supervisor run a gateway.
    for word in (program, *argv[1:]):
        named = Path(os.fsdecode(word or argv[0]))
        if named.is_absolute() and named.stem.lower() in TOOLS and not named.is_relative_to(allowed):
            _refuse(f"the program {named} was run")


def _judge_connection(_socket, address):
    _judge_address(address)


def _judge_look_up(host, port, *_more):
    _judge_address((host, port))


def _judge_address(address):
    if not _barred("network") or not isinstance(address, tuple):
        return
    host = address[0].decode() if isinstance(address[0], bytes) else str(address[0] or "")
    if host not in _HERE and not host.startswith("127."):
        _refuse(f"the address {host}:{address[1]} was asked for")


def _barred(kind):
    return kind in os.environ.get(RULES, "").split(",")


def _refuse(what):
    breaches = os.environ.get(BREACHES)
    if breaches is not None:
        with open(breaches, "a", encoding="utf-8") as sink:  # noqa: PTH123 as above
            sink.write(f"{what}\n")
    raise PermissionError(f"barred from tests: {what}")


_JUDGES = {
    "subprocess.Popen": _judge_program,
    "os.exec": _judge_program,
    "os.posix_spawn": _judge_program,
    "socket.connect": _judge_connection,
    "socket.getaddrinfo": _judge_look_up,
}

if __name__ == "sitecustomize":
    install()
