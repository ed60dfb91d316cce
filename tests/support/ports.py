"""Ports that stay free until a test takes them."""

import secrets
import socket
from typing import Final

_RANGE: Final = range(13_000, 30_000)
"""Below what Linux, macOS and Windows hand out by themselves (from 32768 or 49152 on), above the defaults of hgw."""


def unused_port() -> int:
    """A port of 127.0.0.1 that nobody listens on.

    A port that the system chose and that was closed again may be the next one that it gives to any other program;
    these it gives to nobody who does not ask for them by number.
    """
    while True:
        port = _RANGE[secrets.randbelow(len(_RANGE))]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
