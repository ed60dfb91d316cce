"""TCP ports of this machine: whether one is free, who has it, and a free one."""

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Final

from higress_cli.i18n import N_, _, noted

HIGHEST: Final = 65535
_WINDOWS: Final = sys.platform == "win32"
_CONNECT_SECONDS: Final = 0.5
_LISTENING: Final = "0A"
"""The state of a listening socket in /proc/net/tcp (Linux, include/net/tcp_states.h)."""

_REASONS: Final = {
    errno.EADDRNOTAVAIL: N_("this machine does not have that address"),
    errno.EACCES: N_("the system does not let this user do so"),
}


def is_free(bind: str, port: int) -> bool:
    """Whether a server could listen on `port` of the address `bind` now. Port 0, "any", is always free.

    This reserves nothing: another program may take the port at any moment.
    """
    return port == 0 or _refusal(bind, port) is None


def refusal(bind: str, port: int) -> str | None:
    """Why no server can listen there; None if one can, or if the port is only taken."""
    error = _refusal(bind, port)
    if error is None or error.errno == errno.EADDRINUSE:
        return None
    known = _REASONS.get(error.errno or 0)
    return _(known) if known else error.strerror or str(error)


def free_port(bind: str, *, above: int = 0, wanted: Collection[int] = ()) -> int:
    """A free port of the address `bind`: one of the twenty above `above` if possible, else any; none of `wanted`."""
    if above:
        for candidate in range(above + 1, min(above + 20, HIGHEST) + 1):
            if candidate not in wanted and is_free(bind, candidate):
                return candidate
    with socket.socket(_family(bind), socket.SOCK_STREAM) as probe:
        probe.bind((bind, 0))
        return int(probe.getsockname()[1])


def holder(port: int) -> str | None:
    """The program that listens on `port`, such as `python3 (pid 4711)`, None if the system does not say."""
    try:
        inodes = _listening_inodes(port)
        return _owner(inodes) if inodes else None
    except OSError:
        return None


def _refusal(bind: str, port: int) -> OSError | None:
    try:
        with socket.socket(_family(bind), socket.SOCK_STREAM) as probe:
            # POSIX: connections that a stopped server left in TIME_WAIT do not keep a new one from listening.
            # Windows: that option would let two servers share the port; SO_EXCLUSIVEADDRUSE prevents it.
            if not _WINDOWS:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            elif hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            probe.bind((bind, port))
            probe.listen(1)
    except OSError as error:
        return error
    if sys.platform == "darwin" and _answers(bind, port):
        # There SO_REUSEADDR lets 127.0.0.1 be bound beside another server's 0.0.0.0 and take its connections.
        return OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
    return None


def _answers(bind: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((bind, port), _CONNECT_SECONDS):
        return True
    return False


def _listening_inodes(port: int) -> frozenset[str]:
    found: set[str] = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return frozenset(found)


def _owner(inodes: frozenset[str]) -> str | None:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(descriptor.readlink()) in inodes:
                        name = (process / "comm").read_text("utf-8", errors="replace").strip()
                        return noted(name, f"pid {process.name}")
    return None


def _family(bind: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in bind else socket.AF_INET
