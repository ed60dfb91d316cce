"""A client of a Redis, real or played: one command after another on one connection."""

import contextlib
import socket
from collections.abc import Callable, Iterator

from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm.redis import command, end_of_value


@contextlib.contextmanager
def redis_client(at: Endpoint, *, password: str = "") -> Iterator[Callable[[str], bytes]]:
    """`ask("GET k")` sends a command and returns the reply as it came."""
    with socket.create_connection((at.host, at.port), timeout=10) as connection:

        def ask(line: str) -> bytes:
            connection.sendall(command(*line.split()))
            reply = b""
            while end_of_value(reply) is None:
                chunk = connection.recv(65536)
                assert chunk, (line, reply)
                reply += chunk
            return reply

        if password:
            assert ask(f"AUTH {password}") == b"+OK\r\n"
        yield ask
