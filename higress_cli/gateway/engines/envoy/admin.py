"""Envoy's admin API: the only source of what the gateway is doing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypedDict, cast

from higress_cli.document import JsonObject
from higress_cli.gateway.engines.envoy.bootstrap import LISTENER
from higress_cli.system.exact_request import ask
from higress_cli.system.http import Answer, NoAnswerError, Target

_SECONDS: Final = 5.0
_FILTERS: Final = "extension_config_discovery.http_filter"
_PLUGIN_METRICS: Final = "wasmcustom"
"""What Envoy puts in front of the names of a plugin's metrics (source/extensions/common/wasm/stats_handler.h)."""


class _Stat(TypedDict, total=False):
    """One of Envoy's counters, gauges and texts; histograms have no name."""

    name: str
    value: int | str


class _SocketAddress(TypedDict):
    port_value: int


class _Address(TypedDict):
    socket_address: _SocketAddress


class _ListenerStatus(TypedDict):
    name: str
    local_address: _Address


class _Failure(TypedDict, total=False):
    details: str


class _Filter(TypedDict, total=False):
    name: str
    typed_config: JsonObject


class _Config(TypedDict, total=False):
    name: str
    error_state: _Failure
    ecds_filter: _Filter


class _Document(TypedDict, total=False):
    """What hgw reads of Envoy's documents (api/envoy/admin/v3)."""

    version: str
    configs: Sequence[_Config]
    listener_statuses: Sequence[_ListenerStatus]
    stats: Sequence[_Stat]


@dataclass(frozen=True, kw_only=True)
class FilterState:
    """The `version` of a filter in use, empty where none is, and how many versions were refused."""

    version: str = ""
    refusals: int = 0


class Admin:
    """The admin API at `address`, `HOST:PORT`. Every method raises NoAnswerError if there is no answer in time."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}"
        self._address = address

    @property
    def port_number(self) -> int:
        """The port of the admin API itself, 0 where it is not known."""
        return int(self.url.rpartition(":")[2] or 0)

    def missed_workers(self) -> int:
        """How often a worker thread has not been heard of for over a second, since the server started."""
        name = "workers.watchdog_mega_miss"
        return int(self._stats(name).get(name, 0))

    def live(self) -> bool:
        """Whether the server has started and takes traffic."""
        return self._get("/ready").text.strip() == "LIVE"

    def server(self) -> str:
        """Envoy's version, such as `1.40.0`."""
        version = str(self._document("/server_info").get("version", ""))
        fields = version.split("/")  # COMMIT/VERSION/STATE/BUILD/TLS
        return fields[1] if len(fields) > 1 else version

    def listener_version(self) -> str:
        """The version of the listener file that is in use, empty where none is or a new one is being prepared.

        The version that the dump of the configuration shows stays the old one if only the filter chain has changed.
        """
        version, warming = "listener_manager.lds.version_text", "listener_manager.total_listeners_warming"
        found = self._stats(version, warming)
        return "" if found.get(warming) else str(found.get(version, ""))

    def listener_refusal(self) -> str | None:
        """Why the listener file was refused, None where it was not."""
        for entry in self._document("/config_dump?resource=dynamic_listeners").get("configs", []):
            if entry.get("name") == LISTENER and "error_state" in entry:
                return str(entry["error_state"].get("details", ""))
        return None

    def filter(self, name: str) -> FilterState:
        """What became of the file of the HTTP filter `name`."""
        version, refusals = f"{_FILTERS}.{name}.version_text", f"{_FILTERS}.{name}.update_rejected"
        found = self._stats(version, refusals)
        return FilterState(version=str(found.get(version, "")), refusals=int(found.get(refusals, 0)))

    def filter_content(self, name: str) -> JsonObject | None:
        """The HTTP filter `name` in the version that Envoy read last, even where it refused that one."""
        for entry in self._document("/config_dump?resource=ecds_filters").get("configs", []):
            found = entry.get("ecds_filter", _Filter())
            if found.get("name") == name:
                content = found.get("typed_config")
                return content if isinstance(content, dict) else None
        return None

    def port(self) -> int | None:
        """The port that the listener has, None where it has none yet."""
        for status in self._document("/listeners?format=json").get("listener_statuses", []):
            if status.get("name") == LISTENER:
                return int(status["local_address"]["socket_address"]["port_value"])
        return None

    def cluster_version(self) -> str:
        """The version of the cluster file that is in use, empty where none is."""
        name = "cluster_manager.cds.version_text"
        return str(self._stats(name).get(name, ""))

    def cluster_refusals(self) -> int:
        """How many versions of the cluster file were refused."""
        name = "cluster_manager.cds.update_rejected"
        return int(self._stats(name).get(name, 0))

    def warming_clusters(self) -> int:
        """How many clusters are not ready, such as those whose name is still being looked up."""
        name = "cluster_manager.warming_clusters"
        return int(self._stats(name).get(name, 0))

    def living_vms(self) -> int:
        """How many wasm VMs are alive."""
        name = "wasm.envoy.wasm.runtime.v8.active"
        return int(self._stats(name).get(name, 0))

    def plugin_metrics(self) -> Mapping[str, int]:
        """Counters and gauges of plugins, by the names that these gave them."""
        found = self._document(f"/stats?format=json&filter=^{_PLUGIN_METRICS}\\.").get("stats", [])
        return {
            entry["name"].removeprefix(f"{_PLUGIN_METRICS}."): int(entry["value"]) for entry in found if "name" in entry
        }

    def config_dump(self) -> JsonObject:
        """The whole configuration as Envoy has it."""
        return self._json("/config_dump")

    def quit(self) -> None:
        """Ask the server to end."""
        ask(self._target("/quitquitquit"), method="POST", timeout=_SECONDS)

    def _stats(self, *names: str) -> Mapping[str, int | str]:
        pattern = "|".join(name.replace(".", r"\.") for name in names)
        stats = self._document(f"/stats?format=json&filter=^({pattern})$").get("stats", [])
        return {entry["name"]: entry["value"] for entry in stats if "name" in entry}

    def _document(self, path: str) -> _Document:
        return cast("_Document", self._json(path))

    def _json(self, path: str) -> JsonObject:
        answer = self._get(path)
        try:
            content = json.loads(answer.text)
        except ValueError as error:
            raise NoAnswerError(f"GET {path}: no JSON") from error
        if not isinstance(content, dict):
            raise NoAnswerError(f"GET {path}: no JSON object")
        return content

    def _get(self, path: str) -> Answer:
        return ask(self._target(path), timeout=_SECONDS)

    def _target(self, path: str) -> Target:
        if not self._address:
            raise NoAnswerError("its address is not known yet")
        return Target.plain(self._address, path)
