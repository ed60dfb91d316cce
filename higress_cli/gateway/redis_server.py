"""A Redis server for plugins on a local port: an in-memory one, or one with fixed replies."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final, Self

from higress_cli.gateway.redis_store import RedisError, RedisStore
from higress_cli.gateway.servers import LOOPBACK
from higress_cli.gateway.services import Address, EmbeddedRedis, Endpoint
from higress_cli.proxy_wasm.redis import Reply, RespError, encode, end_of_value, words_of

_CHUNK: Final = 65536
_ANY: Final = "*"


class RedisServer:
    """Runs from its creation until it is closed.

    `rules` maps commands (`GET k`, or `*` for all others) to replies; without rules it is an in-memory Redis.
    """

    def __init__(self, rules: Mapping[str, Reply] | None = None) -> None:
        self._store = RedisStore()
        self._rules = rules
        self._turn = threading.Lock()
        self._server = _Server((LOOPBACK, 0), _Handler)
        self._server.answer = self._answer
        self.at = Endpoint(host=LOOPBACK, port=int(self._server.server_address[1]))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Remove all data."""
        with self._turn:
            self._store = RedisStore()

    def close(self) -> None:
        """Stop. The port is closed when this returns."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _answer(self, words: list[bytes]) -> Reply:
        if self._rules is None:
            with self._turn:
                return self._store.run(words)
        command = b" ".join(words).decode("utf-8", "replace")
        found = [reply for rule, reply in self._rules.items() if rule.casefold() == command.casefold()]
        if found:
            return found[0]
        return self._rules.get(_ANY, RedisError(f"ERR no rule for: {command}"))


@contextlib.contextmanager
def played() -> Iterator["Played"]:
    """The services that hgw itself provides, until the context ends."""
    with contextlib.ExitStack() as stack:
        yield Played(stack)


class Played:
    """A server for each embedded Redis, by name. They stop with `stack`."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._servers: dict[str, RedisServer] = {}

    def places(self, services: Mapping[str, Address]) -> dict[str, Endpoint]:
        """The addresses of these services; an embedded Redis that does not run yet is started."""
        return {name: self._redis(name).at if isinstance(at, EmbeddedRedis) else at for name, at in services.items()}

    def forget(self) -> None:
        """Empty every Redis."""
        for server in self._servers.values():
            server.forget()

    def _redis(self, name: str) -> RedisServer:
        if name not in self._servers:
            self._servers[name] = self._stack.enter_context(RedisServer())
        return self._servers[name]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], handler: type["_Handler"]) -> None:
        super().__init__(address, handler)
        self.answer: Callable[[list[bytes]], Reply] = lambda _words: None
        self._open: set[socket.socket] = set()

    def keep(self, connection: socket.socket) -> None:
        self._open.add(connection)

    def drop(self, connection: socket.socket) -> None:
        self._open.discard(connection)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.keep(self.request)
        try:
            self._serve()
        except (OSError, RespError):
            pass
        finally:
            self.server.drop(self.request)

    def _serve(self) -> None:
        waiting = b""
        while chunk := self.request.recv(_CHUNK):
            waiting += chunk
            while waiting and (end := end_of_value(waiting)) is not None:
                self.request.sendall(encode(self.server.answer(words_of(waiting[:end]))))
                waiting = waiting[end:]
