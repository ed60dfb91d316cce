"""What the plugin needs from outside itself, in the thread of the gateway's event loop."""

import asyncio
import functools
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from higress_cli.gateway.engines.builtin.client import Client
from higress_cli.gateway.engines.builtin.happenings import EventQueue, now, trap_of
from higress_cli.gateway.engines.builtin.redis_client import RedisClient
from higress_cli.gateway.events import CallbackReturned, CallRefused, PluginLine, ServiceUnknown
from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm.enums import LogLevel
from higress_cli.proxy_wasm.errors import Crash
from higress_cli.proxy_wasm.surroundings import HttpCall, RedisCall, RedisLogin

if TYPE_CHECKING:
    from higress_cli.proxy_wasm.host import PluginHost

# Called so often that reporting them would only be noise.
_UNTOLD: Final = frozenset({"proxy_on_context_create", "proxy_on_tick", "proxy_on_delete"})


class Outside:
    """The surroundings (proxy_wasm) of one plugin; `host` is set when the plugin is there."""

    def __init__(
        self,
        *,
        clusters: Mapping[str, Endpoint],
        client: Client,
        happenings: EventQueue,
        version: int,
        clock: datetime | None = None,
    ) -> None:
        """`version` is the number of the change whose plugin it is; `clock` is a time that stands still."""
        self.host: PluginHost | None = None
        self._version = version
        self._clusters = clusters
        self._client = client
        self._happenings = happenings
        self._wall = None if clock is None else int(clock.timestamp() * 1_000_000) * 1000
        self._logins: dict[str, RedisLogin] = {}
        self._redis: dict[str, RedisClient] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._period = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Forget all calls that are not answered."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        for client in self._redis.values():
            client.close()

    # Told ---------------------------------------------------------------------------------------------------------

    def log(self, level: LogLevel, text: str) -> None:
        self._happenings.tell(PluginLine(at=now(), level=level.name.lower(), text=text))

    def crashed(self, crash: Crash) -> None:
        self._happenings.tell(trap_of(crash, version=self._version))

    def returned(self, callback: str, value: int | None) -> None:
        if callback not in _UNTOLD:
            self._happenings.tell(CallbackReturned(at=now(), function=callback, action=value))

    def refused(self, callback: str, function: str, status: int) -> None:
        self._happenings.tell(CallRefused(at=now(), function=callback, call=function, status=status))

    # Given --------------------------------------------------------------------------------------------------------

    def wall_nanoseconds(self) -> int:
        return time.time_ns() if self._wall is None else self._wall

    def monotonic_nanoseconds(self) -> int:
        return time.monotonic_ns()

    def random(self, count: int) -> bytes:
        return os.urandom(count)

    # Done ---------------------------------------------------------------------------------------------------------

    def set_tick_period(self, milliseconds: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._period = milliseconds / 1000
        self._timer = self._loop.call_later(self._period, self._tick) if milliseconds else None

    def later(self, action: Callable[[], None]) -> None:
        self._loop.call_soon(action)

    def http_call(self, call: HttpCall) -> bool:
        at = self._clusters.get(call.cluster)
        if at is None:
            self._unknown(call.cluster)
            return False

        async def ask() -> None:
            answer = await self._client.call(at, call)
            if self.host is not None:
                self.host.http_answer(call.token, answer)

        self._start(ask())
        return True

    def redis_init(self, login: RedisLogin) -> bool:
        if login.cluster not in self._clusters:
            self._unknown(login.cluster, is_redis=True)
            return False
        self._logins[login.cluster] = login
        old = self._redis.pop(login.cluster, None)
        if old is not None:
            old.close()
        return True

    def redis_call(self, call: RedisCall) -> bool:
        at = self._clusters.get(call.cluster)
        if at is None:
            self._unknown(call.cluster, is_redis=True)
            return False
        connect = functools.partial(self._client.open, at)
        client = self._redis.setdefault(call.cluster, RedisClient(connect, self._logins.get(call.cluster)))

        async def ask() -> None:
            reply = await client.call(call.query)
            if self.host is not None:
                self.host.redis_reply(call.token, reply)

        self._start(ask())
        return True

    def _unknown(self, cluster: str, *, is_redis: bool = False) -> None:
        self._happenings.tell(ServiceUnknown(at=now(), cluster=cluster, is_redis=is_redis))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._period, self._tick)
        if self.host is not None:
            self.host.tick()
