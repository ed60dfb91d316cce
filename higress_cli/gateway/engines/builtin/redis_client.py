"""A plugin's calls to Redis: one connection for each service, in the order of the calls."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

from higress_cli.proxy_wasm.redis import RespError, command, end_of_value
from higress_cli.proxy_wasm.surroundings import RedisLogin

_CHUNK: Final = 65536
_DEFAULT_TIMEOUT: Final = 1000

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class RedisClient:
    """Talks to the Redis that `connect` leads to, as `login` says."""

    def __init__(self, connect: Callable[[], Awaitable[Streams]], login: RedisLogin | None) -> None:
        self._open = connect
        self._login = login
        self._turn = asyncio.Lock()
        self._streams: Streams | None = None
        self._rest = b""

    async def call(self, query: bytes) -> bytes | None:
        """The reply as it came, None where there was none in time."""
        milliseconds = self._login.timeout_milliseconds if self._login else 0
        try:
            async with asyncio.timeout((milliseconds or _DEFAULT_TIMEOUT) / 1000), self._turn:
                if self._streams is None:
                    self._streams = await self._connect()
                return await self._ask(*self._streams, query)
        except (TimeoutError, OSError, RespError):
            self.close()
            return None

    def close(self) -> None:
        """End the connection; the next call opens a new one."""
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._streams, self._rest = None, b""

    async def _connect(self) -> Streams:
        reader, writer = await self._open()
        with contextlib.ExitStack() as undo:
            undo.callback(writer.transport.abort)
            login = self._login
            if login is not None and login.password:
                who = (login.username, login.password) if login.username else (login.password,)
                await self._must(reader, writer, command("AUTH", *who))
            if login is not None and login.options.get("db", "0") != "0":
                await self._must(reader, writer, command("SELECT", login.options["db"]))
            undo.pop_all()
        return reader, writer

    async def _must(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: bytes) -> None:
        reply = await self._ask(reader, writer, query)
        if reply.startswith(b"-"):
            raise RespError(reply.decode("utf-8", "replace").strip())

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: bytes) -> bytes:
        writer.write(query)
        await writer.drain()
        while (end := end_of_value(self._rest)) is None:
            chunk = await reader.read(_CHUNK)
            if not chunk:
                raise ConnectionResetError
            self._rest += chunk
        reply, self._rest = self._rest[:end], self._rest[end:]
        return reply
