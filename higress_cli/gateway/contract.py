"""What an engine is and what a gateway can do: all that code outside an engine's folder knows of either.

An engine is a folder in `gateway/engines/` and a row of the table there. No other code knows its words, its files or
its interfaces.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from higress_cli.errors import HgwError
from higress_cli.gateway.events import AnsweredBy, Event
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.plugin import Plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.scenario import Key
from higress_cli.system.host import Host

DEFAULT_ROUTE: Final = "default"
"""The name of the route where a scenario names none."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    ok: bool
    """Whether it is as expected."""
    expected: str
    """What was expected, for people."""
    got: str
    """What came, for people."""
    key: str | None = None
    """What of a scenario's `expect` it is about, such as upstream.body; null where it is about none."""
    line: int | None = None
    """The line of the file where that is expected; null where nobody wrote it."""
    difference: str | None = None
    """What came in full where `got` is cut, as a unified diff where it had to be equal; null where nothing is cut."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a gateway listens and what is around it; port 0 is any free one.

    `cache` is a folder for what an engine can make again.
    `watch_calls`: what the plugin's callbacks return and which of its calls are refused shall be among the events.
    """

    listening: Listening
    admin_port: int
    upstream: Endpoint
    plugin_name: str
    certificates: Path | None = None
    cache: Path | None = None
    watch_calls: bool = False


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a gateway is to work with from now on.

    `config_file` is where the configuration is or would be, `services` are cluster names and where they are, `env` is
    the environment of the plugin's machine, `buffer_limit` how many bytes of a body the gateway holds for it.
    `packages` are the paths of the author's own Go packages, besides main: a crash is placed in one of their functions.
    """

    plugin: Plugin
    config: PluginConfig | None
    config_file: Path
    services: Mapping[str, Endpoint]
    buffer_limit: int
    route: str = DEFAULT_ROUTE
    env: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Renamed:
    """An export that has another name in the copy of the module that an engine loads; the file stays as it is."""

    old: str
    new: str


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A change that the gateway works with. Changes are counted from 1 in a run.

    `notes` are for people: where this gateway does something other than Higress would, and how that was made up for.
    """

    version: int
    renamed: Renamed | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GatewayFacts:
    """What a gateway is: `admin_url` is None where it has no such thing, `log` is the file with all that it said."""

    engine: str
    version: str
    admin_url: str | None
    log: Path


class Gateway(AbstractContextManager["Gateway"], Protocol):
    """A gateway in the background. It is used as a context and gone at the end of it, however that comes.

    It starts with the first `apply`; `url` and `facts` are known from then on.
    """

    @property
    def url(self) -> str:
        """Where requests to the plugin go, from this machine."""

    @property
    def facts(self) -> GatewayFacts: ...

    def apply(self, change: Change) -> Applied:
        """Work with `change`. Where it is refused, what worked before goes on.

        Raises:
            PluginRefused: `plugin-trapped`, `config-refused`, `plugin-refused`.
            GatewayError: `gateway-died`, `gateway-timeout`, `port-in-use`.
        """

    def evidence(self) -> Sequence[Check]:
        """What the gateway itself says that it runs, compared with the change that was applied last."""

    def events(self) -> Sequence[Event]:
        """What has happened since the last call, in order. What a refused change said is in its error only."""

    def recover(self) -> None:
        """Return when a plugin that trapped can take the next request."""

    def check_alive(self) -> None:
        """See that the gateway still runs.

        Raises:
            GatewayDied: it ended by itself.
        """


class Engine(Protocol):
    """A way to run a plugin on this machine."""

    @property
    def name(self) -> str: ...

    @property
    def carries(self) -> frozenset[Key]:
        """What scenarios can ask of its gateways."""

    def obstacle(self, host: Host) -> HgwError | None:
        """Why it cannot run on this machine, None where it can. Nothing is started or imported that takes long."""

    def lacks(self, plugin: Plugin) -> frozenset[str]:
        """The host functions that this plugin imports and the engine does not have."""

    def ignores(self, plugin: Plugin) -> frozenset[str]:
        """What this plugin asks of Higress that the engine does not heed, though the plugin runs there."""

    def answered_by(self, word: str) -> AnsweredBy | None:
        """Who made an answer, from the word in its identity header; None where the word says nothing."""

    def open(self, place: Place, folder: RunFolder, *, variables: Mapping[str, str]) -> Gateway:
        """A gateway that keeps its files in `folder`; its programs get `variables` as their environment.

        Raises:
            ToolError: what `obstacle` would have returned.
        """
