"""Envoy's admin API: the only source of what the gateway is doing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from higress_cli.gateway.engines.envoy.bootstrap import LISTENER
from higress_cli.system.http import Answer, NoAnswerError, ask

_SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class ListenerState:
    """`active` and `refused` are listeners as Envoy has them; `reason` is why it refused the latter."""

    active: Mapping[str, Any] | None = None
    refused: Mapping[str, Any] | None = None
    reason: str = ""


class Admin:
    """The admin API at `address`, `HOST:PORT`. Every method raises NoAnswerError where nobody answers in time."""

    def __init__(self, address: str) -> None:
        self.url = f"http://{address}"

    def live(self) -> bool:
        """Whether the server has started and takes traffic."""
        return self._get("/ready").text.strip() == "LIVE"

    def server(self) -> str:
        """Envoy's version, such as `1.40.0`."""
        version = str(self._json("/server_info").get("version", ""))
        fields = version.split("/")  # COMMIT/VERSION/STATE/BUILD/TLS
        return fields[1] if len(fields) > 1 else version

    def listener(self) -> ListenerState:
        """What became of the listener file."""
        for entry in self._json("/config_dump?resource=dynamic_listeners").get("configs", []):
            if entry.get("name") == LISTENER:
                error = entry.get("error_state", {})
                return ListenerState(
                    active=entry.get("active_state", {}).get("listener"),
                    refused=error.get("failed_configuration"),
                    reason=str(error.get("details", "")),
                )
        return ListenerState()

    def port(self) -> int | None:
        """The port that the listener has, None where it has none yet."""
        for status in self._json("/listeners?format=json").get("listener_statuses", []):
            if status.get("name") == LISTENER:
                return int(status["local_address"]["socket_address"]["port_value"])
        return None

    def cluster_version(self) -> str:
        """The version of the cluster file that is in use, empty where none is."""
        return str(self._stats("cluster_manager.cds.version_text").get("cluster_manager.cds.version_text", ""))

    def cluster_refusals(self) -> int:
        """How many versions of the cluster file were refused."""
        found = self._stats("cluster_manager.cds.update_rejected")
        return int(found.get("cluster_manager.cds.update_rejected", 0))

    def warming_clusters(self) -> int:
        """How many clusters are not ready, such as those whose name is still being looked up."""
        name = "cluster_manager.warming_clusters"
        return int(self._stats(name).get(name, 0))

    def living_vms(self) -> int:
        """How many wasm VMs are alive."""
        name = "wasm.envoy.wasm.runtime.v8.active"
        return int(self._stats(name).get(name, 0))

    def config_dump(self) -> Mapping[str, Any]:
        """The whole configuration as Envoy has it."""
        return self._json("/config_dump")

    def quit(self) -> None:
        """Ask the server to end."""
        ask(f"{self.url}/quitquitquit", method="POST", timeout=_SECONDS)

    def _stats(self, name: str) -> Mapping[str, Any]:
        pattern = name.replace(".", r"\.")
        stats = self._json(f"/stats?format=json&filter=^{pattern}$").get("stats", [])
        return {entry["name"]: entry["value"] for entry in stats if "name" in entry}

    def _json(self, path: str) -> dict[str, Any]:
        answer = self._get(path)
        try:
            content = json.loads(answer.text)
        except ValueError as error:
            raise NoAnswerError(f"GET {path}: no JSON") from error
        if not isinstance(content, dict):
            raise NoAnswerError(f"GET {path}: no JSON object")
        return content

    def _get(self, path: str) -> Answer:
        return ask(f"{self.url}{path}", timeout=_SECONDS)
