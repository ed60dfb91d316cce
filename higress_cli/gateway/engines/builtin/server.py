"""The server and the plugin that its requests go through. All of it runs in the gateway's event loop."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import h11

from higress_cli.gateway.contract import Change, Inside, Place
from higress_cli.gateway.engines.builtin.client import Client
from higress_cli.gateway.engines.builtin.exchange import ProxiedRequest
from higress_cli.gateway.engines.builtin.forward import Way
from higress_cli.gateway.engines.builtin.happenings import EventQueue
from higress_cli.gateway.engines.builtin.surroundings import Outside
from higress_cli.gateway.engines.builtin.wire import Connection, Reader, http_date, too_many
from higress_cli.gateway.events import AnsweredBy
from higress_cli.gateway.identity import HEADER
from higress_cli.proxy_wasm.errors import CrashError, StartError
from higress_cli.proxy_wasm.host import PluginHost, Runtime
from higress_cli.proxy_wasm.modules import CompiledModule
from higress_cli.proxy_wasm.properties import property_bytes
from higress_cli.proxy_wasm.surroundings import VmSettings


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    host: PluginHost
    outside: Outside
    way: Way

    def close(self) -> None:
        self.host.close()
        self.outside.close()


class ProxyServer:
    """Listens from the first `listen` on; `change` puts another plugin in the way of the requests that follow."""

    def __init__(self, place: Place, *, engine: Runtime, happenings: EventQueue) -> None:
        self._place = place
        self._engine = engine
        self._happenings = happenings
        self._client = Client(place.certificates, happenings)
        self._server: asyncio.Server | None = None
        self._loaded: _Loaded | None = None
        self._retired: list[_Loaded] = []
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens; 0 before it does."""
        sockets = self._server.sockets if self._server else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    def inside(self) -> Inside:
        """The plugin's metrics and shared data, and the properties that it set in the stream that ended last."""
        assert self._loaded is not None  # noqa: S101 -- there is a plugin
        shared = self._loaded.host.shared
        return Inside(
            metrics=shared.metrics.snapshot(),
            shared=_named(shared.data.snapshot()),
            properties=_named(self._loaded.way.state),
        )

    @property
    def alive(self) -> bool:
        """Whether the plugin's VM can be called."""
        return self._loaded is not None and self._loaded.host.alive

    def change(
        self, change: Change, *, compiled: CompiledModule, settings: VmSettings, identity: str, version: int
    ) -> None:
        """Start a plugin and let it take the next requests; those that are under way stay with the one before.

        Raises:
            LoadError, StartError, CrashError: it does not start; the one before stays.
        """
        upstream = change.upstream or self._place.upstream
        clusters = {change.cluster: upstream, **change.services}
        outside = Outside(
            clusters=clusters, client=self._client, happenings=self._happenings, version=version, clock=change.clock
        )
        with contextlib.ExitStack() as undo:
            undo.callback(outside.close)
            machine = self._engine.machine(compiled, change.plugin.abi)
            host = PluginHost(machine, settings=settings, surroundings=outside)
            undo.pop_all()
        outside.host = host
        way = Way(
            host=host,
            route=change.route,
            cluster=change.cluster,
            upstream=upstream,
            host_header=upstream.own_name,
            identity=identity,
            properties={path: property_bytes(value) for path, value in change.properties.items()},
            now_nanoseconds=outside.wall_nanoseconds,
        )
        if self._loaded is not None:
            self._retired.append(self._loaded)
        self._loaded = _Loaded(host=host, outside=outside, way=way)
        self._sweep()

    async def listen(self) -> None:
        """Listen where it does not yet.

        Raises:
            OSError: the port is taken.
        """
        if self._server is None:
            listening = self._place.listening
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                lambda: asyncio.StreamReaderProtocol(Reader(loop=loop), self._accept, loop=loop),
                listening.bind,
                listening.port,
            )

    async def close(self) -> None:
        """Stop listening, drop every connection, end the plugins."""
        # A connection that was just accepted has to begin before it can be ended: asyncio forgets it otherwise.
        await _a_moment()
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=1.0)
        for loaded in (*self._retired, *((self._loaded,) if self._loaded else ())):
            loaded.close()
        self._client.close()
        await _a_moment()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- asyncio runs this in a task
        self._connections.add(task)
        connection = Connection(h11.SERVER, reader, writer)
        try:
            await self._serve(connection)
        except (OSError, asyncio.CancelledError):
            connection.abort()
        except h11.RemoteProtocolError as error:
            self._answer_at_once(connection, error.error_status_hint)
        except (StartError, CrashError) as error:
            # A new VM, after a crash, does not start.
            self._happenings.write("critical", str(error))
            self._answer_at_once(connection, 503)
        finally:
            self._connections.discard(task)
            connection.close()
            self._sweep()

    async def _serve(self, connection: Connection) -> None:
        """One request after another, as long as the connection lasts."""
        while True:
            event = await connection.event()
            if not isinstance(event, h11.Request) or self._loaded is None:
                return
            if event.http_version == b"1.0":
                # Envoy's own answer: it takes no HTTP/1.0.
                self._answer_at_once(connection, HTTPStatus.UPGRADE_REQUIRED)
                return
            if too_many(event.headers):
                self._answer_at_once(connection, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
                return
            exchange = ProxiedRequest(self._loaded.way, connection, self._client, self._happenings)
            if not await exchange.run(event):
                return
            connection.http.start_next_cycle()
            self._sweep()

    def _answer_at_once(self, connection: Connection, status: int) -> None:
        """Answer without the plugin, in Envoy's words, and end the connection."""
        if connection.http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            connection.abort()
            return
        reason = HTTPStatus(status).phrase
        by = [(HEADER, f"{self._loaded.way.identity}{AnsweredBy.GATEWAY}")] if self._loaded is not None else []
        headers = [
            ("content-length", str(len(reason))),
            ("content-type", "text/plain"),
            *by,
            ("date", http_date().decode()),
            ("server", "envoy"),
            ("connection", "close"),
        ]
        connection.send(
            h11.Response(status_code=status, headers=headers, reason=reason),
            h11.Data(data=reason.encode()),
            h11.EndOfMessage(),
        )

    def _sweep(self) -> None:
        """End the plugins that were replaced and have no request left."""
        for loaded in [retired for retired in self._retired if not retired.host.streams]:
            self._retired.remove(loaded)
            loaded.close()


def _named(values: Mapping[bytes, bytes]) -> dict[str, bytes]:
    return {name.decode("utf-8", "replace"): value for name, value in values.items()}


async def _a_moment() -> None:
    """Let the loop do what is due: begin tasks, close sockets."""
    for _turn in range(10):
        await asyncio.sleep(0)
