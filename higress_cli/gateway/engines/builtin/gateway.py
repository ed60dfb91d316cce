"""The gateway of the engine builtin: a server in a thread of this process."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Sequence
from importlib import metadata  # noqa: TID253 -- loaded with wasmtime, which takes longer
from typing import Final, Self, TypeVar

from higress_cli.document import Json
from higress_cli.gateway.contract import Applied, Change, Evidence, GatewayFacts, Inside, Place
from higress_cli.gateway.engines.builtin.happenings import EventQueue, trap_of
from higress_cli.gateway.engines.builtin.server import ProxyServer
from higress_cli.gateway.events import Event, PluginLine, Step
from higress_cli.gateway.identity import identity_start
from higress_cli.gateway.listening import PortTaken, taken_error
from higress_cli.gateway.refusal import GatewayDied, PluginRefused, config_refused, module_refused, plugin_trapped
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.gateway.waiting import Overdue, told_while_waiting
from higress_cli.i18n import _
from higress_cli.proxy_wasm.errors import CrashError, LoadError, StartError
from higress_cli.proxy_wasm.host import Runtime
from higress_cli.proxy_wasm.limits import Limits
from higress_cli.proxy_wasm.modules import CompiledModule
from higress_cli.proxy_wasm.surroundings import VmSettings
from higress_cli.system.os_errors import check_open_files

NAME: Final = "builtin"
_STACK_BYTES: Final = 16 * 1024 * 1024
"""Where the plugin's own calls live too: the 512 KiB of a thread on macOS are less than wasmtime may use."""
_START_SECONDS: Final = 10.0
"""A plugin starts in the thread that serves requests, and those under way wait so long at most."""
_POLL_SECONDS: Final = 0.2
_LEAST_FILES: Final = 16
"""What a loop, a listening socket and two requests at once need, with a call to a service each."""
_STOP_SECONDS: Final = 3.0

T = TypeVar("T")


class BuiltinGateway:
    """A gateway that lives and ends with this process. Use it as a context."""

    def __init__(self, place: Place, folder: RunFolder, *, limits: Limits | None = None) -> None:
        """Prepare it; nothing runs yet.

        Raises:
            ConflictError: `too-many-files`.
        """
        self._place = place
        self._folder = folder
        self._limits = limits or Limits(start_seconds=_START_SECONDS)
        self._log = folder.path / "builtin.log"
        self._happenings = EventQueue(folder.log("builtin.log"))
        self._engine = Runtime(place.cache / "modules" if place.cache else None)
        check_open_files(_LEAST_FILES)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._loop_failed)
        self._thread: threading.Thread | None = None
        self._server: ProxyServer | None = None
        self._version = 0
        self._loaded: Change | None = None
        self._overdue = Overdue()
        self._said: Sequence[Event] = ()
        """What the plugin said while it started the last time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where requests to the plugin go, from this machine."""
        port = self._server.port if self._server else self._place.listening.port
        return Endpoint.listening(self._place.listening.bind, port).url

    @property
    def facts(self) -> GatewayFacts:
        version = f"wasmtime {metadata.version('wasmtime')}"
        return GatewayFacts(engine=NAME, version=version, admin_url=None, log=self._log)

    def apply(self, change: Change) -> Applied:
        """Work with `change`; the first call starts the server. Where it is refused, what worked before goes on.

        Raises:
            PluginRefused: `plugin-trapped`, `config-refused`, `plugin-refused`.
            GatewayError: `gateway-died`, `port-in-use`.
        """
        self._version += 1
        plugin = change.plugin
        identity = identity_start(engine=NAME, run=self._folder.id, version=self._version, sha256=plugin.sha256)
        settings = VmSettings(
            plugin_name=self._place.plugin_name,
            configuration=change.config.json.encode() if change.config else b"",
            vm_id=f"hgw-{self._version}",
            environment=change.env,
            limits=self._limits,
            buffer_limit=change.buffer_limit,
        )
        if self._thread is None:
            self._start_thread()
        self._said = ()
        try:
            with told_while_waiting(self._place.tell, self._waits_for):
                # In this thread: requests go on with what was there before while a module compiles.
                compiled = self._engine.compile(plugin.content)
                self._within(self._change(change, compiled, settings, identity))
        except (LoadError, StartError, CrashError) as error:
            raise self._refused(change, error) from error
        self._loaded = change
        return Applied(version=self._version)

    def evidence(self) -> Sequence[Evidence]:
        """What is known of the plugin that was applied last."""
        assert self._loaded is not None  # noqa: S101 -- the contract: there was an apply
        assert self._server is not None  # noqa: S101 -- the same
        alive = self._server.alive
        text = _("the module {digest}").format(digest=self._loaded.plugin.sha256)
        return (
            Evidence(ok=True, expected=_("the gateway runs {module}").format(module=text), got=text),
            Evidence(
                ok=alive,
                expected=_("its virtual machine is alive"),
                got=_("it is alive") if alive else _("it crashed"),
            ),
        )

    def events(self) -> Sequence[Event]:
        """What has happened since the last call."""
        running = self._engine.watchdog.running
        if running is not None:
            seconds = time.monotonic() - running.since
            overdue = self._overdue.look(running.function, began=running.since, seconds=seconds, limit=running.seconds)
            if overdue is not None:
                return [*self._happenings.take(), overdue]
        return self._happenings.take()

    def inside(self) -> Inside:
        """What the plugin has inside."""
        return self._within(self._inside())

    def recover(self) -> None:
        """The next request gets a new VM by itself."""

    def check_alive(self) -> None:
        """See that the thread still runs.

        Raises:
            GatewayDied: it ended by itself.
        """
        if self._thread is not None and not self._thread.is_alive():
            raise self._died()

    def stop(self) -> None:
        """End the gateway; nothing listens any more when this returns."""
        if self._thread is not None and self._thread.is_alive():
            if self._server is not None:
                self._within(self._server.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_STOP_SECONDS)
        self._thread = None
        self._engine.close()
        if not self._loop.is_running():
            self._loop.close()

    def _waits_for(self) -> tuple[Step, str | None]:
        running = self._engine.watchdog.running
        return (Step.COMPILE, None) if running is None else (Step.START, running.function)

    # In the loop --------------------------------------------------------------------------------------------------

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Json]) -> None:
        """What nobody awaits, such as a connection that could not be accepted."""
        if not self._happenings.tell_if_short(context.get("exception")):
            loop.default_exception_handler(context)

    async def _inside(self) -> Inside:
        assert self._server is not None  # noqa: S101 -- the contract: there was an apply
        return self._server.inside()

    async def _change(self, change: Change, compiled: CompiledModule, settings: VmSettings, identity: str) -> None:
        if self._server is None:
            self._server = ProxyServer(self._place, engine=self._engine, happenings=self._happenings)
        self._happenings.hold()
        taken = False
        try:
            self._server.change(change, compiled=compiled, settings=settings, identity=identity, version=self._version)
            await self._server.listen()
            taken = True
        finally:
            self._said = self._happenings.release(told=taken)

    def _within(self, work: Coroutine[object, object, T]) -> T:
        """The result of something that runs in the loop."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            try:
                return future.result(timeout=_POLL_SECONDS)
            except TimeoutError:
                if future.done():
                    raise
                self.check_alive()
            except OSError as error:
                raise taken_error([PortTaken.of(self._place.listening)]) from error

    def _start_thread(self) -> None:
        usual = threading.stack_size(_STACK_BYTES)
        try:
            self._thread = threading.Thread(target=self._run, name="hgw-gateway", daemon=True)
            self._thread.start()
        finally:
            threading.stack_size(usual)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        if pending:
            self._loop.run_until_complete(asyncio.wait(pending, timeout=1.0))

    # What went wrong ------------------------------------------------------------------------------------------

    def _refused(self, change: Change, error: LoadError | StartError | CrashError) -> PluginRefused:
        lines = [event for event in self._said if isinstance(event, PluginLine)]
        if isinstance(error, CrashError):
            said = [f"[{line.level}] {line.text}" for line in lines]
            refused = plugin_trapped(trap_of(error.crash, version=self._version), said=said, log=self._log)
        elif isinstance(error, StartError):
            refused = config_refused(change, lines=lines, log=self._log)
        else:
            refused = module_refused(change, str(error), said=[str(error)], log=self._log)
        return refused.with_lines(lines)

    def _died(self) -> GatewayDied:
        return GatewayDied(
            _("the gateway's thread has ended"),
            code="gateway-died",
            hint=_("all that the gateway said is in {path}").format(path=self._log),
            details={"log": self._log},
        )
