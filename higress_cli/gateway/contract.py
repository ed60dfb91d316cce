"""What an engine is and what a gateway can do: all that code outside an engine's folder knows about either.

An engine is a folder in `gateway/engines/` and a row of the table there. No other code knows its vocabulary, files or
interfaces.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from higress_cli.errors import HgwError
from higress_cli.gateway.events import AnsweredBy, Event, Waiting
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.plugin import Plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import UPSTREAM_CLUSTER, Endpoint
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.scenario import Key
from higress_cli.system.host import Host

DEFAULT_ROUTE: Final = "default"
"""The name of the route if a scenario does not set one."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Something that was checked."""

    ok: bool
    """Whether it is as expected."""
    expected: str
    """What was expected, for people."""
    got: str
    """What came, for people."""
    key: str | None = None
    """What of a scenario's `expect` it is about, such as upstream.body; null where it is about none."""
    line: int | None = None
    """The line of the file where that is expected; null if no file says it."""
    difference: str | None = None
    """What came in full where `got` is cut, as a unified diff where it had to be equal; null where nothing is cut."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a gateway and its admin API listen and what surrounds them; port 0 is any free one.

    `cache` is a folder for files that an engine can create again.
    `tell` hears what is waited for while a change takes long; other threads may call it.
    `show` hears the command line of each program that is started.
    `version` is that of Higress's gateway for which the plugin is made, such as v2.0.7.
    """

    listening: Listening
    admin: Listening
    upstream: Endpoint
    plugin_name: str
    certificates: Path | None = None
    cache: Path | None = None
    tell: Callable[[Waiting], None] = lambda _waiting: None
    show: Callable[[str], None] = lambda _command: None
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a gateway uses from now on: every change starts a new virtual machine of the plugin.

    `config_file` is where the configuration is or would be, `services` maps cluster names to their addresses, `env` is
    the environment of the plugin's VM, `buffer_limit` how many bytes of a body the gateway buffers for it.
    `packages` are the paths of the author's own Go packages besides main; crashes are reported at one of their
    functions. `route` and `cluster` are names that the plugin sees. `upstream` is what is behind the gateway, None for
    its `Place.upstream`. `properties` are answers to the plugin's get_property by path, `clock` is the time that it
    sees, None for this machine's.
    """

    plugin: Plugin
    config: PluginConfig | None
    config_file: Path
    services: Mapping[str, Endpoint]
    buffer_limit: int
    route: str = DEFAULT_ROUTE
    env: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    cluster: str = UPSTREAM_CLUSTER
    upstream: Endpoint | None = None
    properties: Mapping[str, str | int | bool] = field(default_factory=dict)
    clock: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What a gateway shows of the plugin's insides; None is what it does not show.

    `metrics` are its counters and gauges by their own names, and how many values its histograms have. `shared` is its
    shared data by key, `properties` what it has set in the latest stream, by name.
    """

    metrics: Mapping[str, int] | None = None
    shared: Mapping[str, bytes] | None = None
    properties: Mapping[str, bytes] | None = None


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """An export that was renamed in the copy of the module that an engine loads; the file itself is unchanged."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A change that took effect. Changes are counted from 1 in a run.

    `notes` are for people: where this gateway differs from Higress, and how hgw makes up for it.
    """

    version: int
    renamed: Renamed | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GatewayFacts:
    """Facts about a gateway: `admin_url` is None if it has no admin interface, `log` is the file with its output."""

    engine: str
    version: str
    admin_url: str | None
    log: Path


class Gateway(AbstractContextManager["Gateway"], Protocol):
    """A gateway in the background, used as a context manager: it has always ended when the context ends.

    It starts with the first `apply`; `url` and `facts` are valid from then on.
    """

    @property
    def url(self) -> str:
        """Where requests to the plugin go, from this machine."""

    @property
    def facts(self) -> GatewayFacts: ...

    def apply(self, change: Change) -> Applied:
        """Make `change` take effect. If it is refused, the gateway keeps the previous one.

        Raises:
            PluginRefused: `plugin-trapped`, `config-refused`, `plugin-refused`.
            GatewayError: `gateway-died`, `gateway-timeout`, `port-in-use`.
        """

    def evidence(self) -> Sequence[Evidence]:
        """What the gateway itself reports to run, compared with the change that was applied last."""

    def events(self) -> Sequence[Event]:
        """What has happened since the last call, in order. Log lines of a refused change are only in its error."""

    def inside(self) -> Inside:
        """What the plugin has inside, as it is now."""

    def recover(self) -> None:
        """Wait until a plugin that trapped can handle the next request."""

    def check_alive(self) -> None:
        """Check that the gateway still runs.

        Raises:
            GatewayDied: it ended by itself.
        """


class Engine(Protocol):
    """A way to run a plugin on this machine."""

    @property
    def name(self) -> str: ...

    @property
    def carries(self) -> frozenset[Key]:
        """The scenario keys that its gateways support."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The Python packages that it runs in or that bring it."""

    def obstacle(self, host: Host) -> HgwError | None:
        """Why it cannot run on this machine, None if it can. Starts and imports nothing slow."""

    def lacks(self, functions: frozenset[str]) -> frozenset[str]:
        """Those of these host functions that the engine does not have."""

    def ignores(self, plugin: Plugin) -> frozenset[str]:
        """What this plugin asks of Higress that the engine ignores, though the plugin runs there."""

    def answered_by(self, word: str) -> AnsweredBy | None:
        """Who made a response, from the word in its identity header; None if the word is unknown."""

    def open(self, place: Place, folder: RunFolder, *, variables: Mapping[str, str]) -> Gateway:
        """A gateway that keeps its files in `folder`; its programs get `variables` as their environment.

        Raises:
            ToolError: what `obstacle` would have returned.
        """
