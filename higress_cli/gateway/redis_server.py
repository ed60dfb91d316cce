"""A Redis server for plugins on a local port: an in-memory one, or one with fixed replies."""

import contextlib
import re
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.gateway.connections import ConnectionServer
from higress_cli.gateway.redis_store import RedisError, RedisStore
from higress_cli.gateway.services import Address, EmbeddedRedis, Endpoint
from higress_cli.proxy_wasm.redis import Reply, RespError, encode, end_of_value, words_of

_CHUNK: Final = 65536
_ANY: Final = "*"
_LOGIN: Final = frozenset({b"AUTH", b"SELECT", b"HELLO"})
_HTTP: Final = re.compile(rb"([A-Z]+ \S+) HTTP/1\.\d\r\n")


@dataclass(frozen=True)
class Command:
    """A command that a Redis got, its words joined by spaces; `fits` is false if no rule is for it.

    With `is_http` it is the method and the path of an HTTP request, which a Redis does not understand. `missing` is the
    name of a command that the in-memory Redis does not have.
    """

    text: str
    fits: bool
    is_http: bool = False
    missing: str | None = None


class RedisServer(ConnectionServer):
    """Runs from its creation until it is closed.

    `rules` maps commands to replies: `GET k`, or a pattern in which `*` fits any text. A command itself comes before
    patterns, and those are tried in order. Without rules it is an in-memory Redis.
    """

    def __init__(self, rules: Mapping[str, Reply] | None = None) -> None:
        self._store = RedisStore()
        self._rules = rules
        self._turn = threading.Lock()
        self._commands: list[Command] = []
        super().__init__(self._serve)

    def forget(self) -> None:
        """Remove all data."""
        with self._turn:
            self._store = RedisStore()
            self._commands = []

    def take(self) -> Sequence[Command]:
        """The commands since the last call, without those by which a client logs in."""
        with self._turn:
            taken, self._commands = self._commands, []
        return taken

    def _serve(self, wire: socket.socket) -> None:
        waiting = b""
        try:
            while chunk := wire.recv(_CHUNK):
                waiting += chunk
                while waiting and (end := end_of_value(waiting)) is not None:
                    wire.sendall(encode(self._answer(words_of(waiting[:end]))))
                    waiting = waiting[end:]
        except RespError:
            request = _HTTP.match(waiting)
            if request is not None:
                with self._turn:
                    self._commands.append(Command(request[1].decode("utf-8", "replace"), fits=False, is_http=True))

    def _answer(self, words: list[bytes]) -> Reply:
        text = b" ".join(words).decode("utf-8", "replace")
        is_login = bool(words) and words[0].upper() in _LOGIN
        rule = self._rule(text, patterns=not is_login)
        with self._turn:
            if not is_login or rule is not None:
                missing = self._store.lacks(words) if self._rules is None else None
                self._commands.append(Command(text, self._rules is None or rule is not None, missing=missing))
            if self._rules is None or (is_login and rule is None):
                return self._store.run(words)
        return RedisError(f"ERR no rule for: {text}") if rule is None else self._rules[rule]

    def _rule(self, command: str, *, patterns: bool) -> str | None:
        """The rule for a command, upper and lower case alike."""
        wanted = command.casefold()
        rules = self._rules or {}
        exact = next((rule for rule in rules if rule.casefold() == wanted), None)
        if exact is not None or not patterns:
            return exact
        return next((rule for rule in rules if _fits(rule.casefold(), wanted)), None)


@contextlib.contextmanager
def played() -> Iterator["Played"]:
    """The services that hgw itself provides, until the context ends."""
    with contextlib.ExitStack() as stack:
        yield Played(stack)


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split(_ANY))), text, re.DOTALL) is not None


class Played:
    """A server for each embedded Redis, by name. They stop with `stack`."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._servers: dict[str, RedisServer] = {}

    @property
    def names(self) -> frozenset[str]:
        """The clusters of all that run."""
        return frozenset(self._servers)

    def places(self, services: Mapping[str, Address]) -> dict[str, Endpoint]:
        """The addresses of these services; an embedded Redis that does not run yet is started."""
        return {name: self._redis(name).at if isinstance(at, EmbeddedRedis) else at for name, at in services.items()}

    def forget(self) -> None:
        """Empty every Redis."""
        for server in self._servers.values():
            server.forget()

    def take(self) -> Mapping[str, Sequence[Command]]:
        """The commands that each Redis got since the last call."""
        return {name: server.take() for name, server in self._servers.items()}

    def _redis(self, name: str) -> RedisServer:
        if name not in self._servers:
            self._servers[name] = self._stack.enter_context(RedisServer())
        return self._servers[name]
