"""Plays all cases on one gateway and keeps what came of each."""

import json
import re
import socket
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from higress_cli.choice import DEFAULT
from higress_cli.document import JsonObject
from higress_cli.gateway import engines
from higress_cli.gateway.contract import Change, Gateway, Place
from higress_cli.gateway.events import PluginLine
from higress_cli.gateway.identity import HEADER, read_identity
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.plugin import read_plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.settings.project import BUFFER_LIMIT
from tests.e2e.conformance.case import Case
from tests.e2e.conformance.wire import Behind, Received, ask

SERVICE, DOWN, ROUTE = "outbound|80||svc.dns", "outbound|80||down.dns", "a-route"
CONFIGURATION: JsonObject = {"tick": 100}
_AT_ONCE = 16
_LOG_SECONDS = 20.0
_MOMENT = 0.2
# Of the machine, of hgw, or of the moment.
_UNTOLD = frozenset({"x-script", "x-case", "x-request-id", "date", "x-envoy-upstream-service-time", HEADER})
_VARYING = re.compile(r"(x-request-id|x-envoy-upstream-service-time|date)=[^&]*")


@dataclass(kw_only=True)
class Observed:
    """What came of a case: at the client, at the upstream, at the service, in the log."""

    answer: Received
    answered_by: str | None
    upstream: list[Received]
    calls: list[Received]
    log: list[str] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """What two engines have to agree on."""
        return {
            "answered_by": self.answered_by,
            "answer": _told(self.answer),
            "upstream": [_told(each) for each in self.upstream],
            "calls": [_told(each) for each in self.calls],
            "log": self.log,
        }


def play(
    cases: Sequence[Case], *, engine: str, abi: str, module: Path, folder: Path, variables: Mapping[str, str]
) -> dict[str, Observed]:
    """What came of each case that is about this ABI, by its name, on a gateway of `engine`."""
    mine = [case for case in cases if abi in case.expected]
    upstream = Behind({case.name: case.upstream for case in mine})
    service = Behind({case.name: case.service for case in mine})
    chosen = engines.engine(engine)
    assert chosen is not None
    run = RunFolder.create(folder / "runs")
    anywhere = Listening(bind="127.0.0.1", port=0, option="--port", source=DEFAULT)
    place = Place(
        listening=anywhere,
        admin=anywhere,
        upstream=_endpoint(upstream.port),
        plugin_name="probe",
        cache=folder / "cache",
    )
    with socket.socket() as holder, chosen.open(place, run, variables=variables) as gateway:
        holder.bind(("127.0.0.1", 0))
        gateway.apply(
            Change(
                plugin=read_plugin(module),
                config=PluginConfig(values=CONFIGURATION, source="config.yaml"),
                config_file=folder / "config.yaml",
                services={SERVICE: _endpoint(service.port), DOWN: _endpoint(holder.getsockname()[1])},
                buffer_limit=BUFFER_LIMIT.default,
                route=ROUTE,
            )
        )
        found = _Stage(gateway, upstream=upstream, service=service, abi=abi).play(mine)
    run.leave()
    upstream.close()
    service.close()
    return found


class _Stage:
    def __init__(self, gateway: Gateway, *, upstream: Behind, service: Behind, abi: str) -> None:
        self._gateway = gateway
        self._port = int(gateway.url.rsplit(":", 1)[1])
        self._upstream = upstream
        self._service = service
        self._abi = abi
        self._log: dict[str, list[str]] = {}

    def play(self, cases: Sequence[Case]) -> dict[str, Observed]:
        together = [case for case in cases if not case.alone]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = dict(zip((case.name for case in together), pool.map(self._one, together), strict=True))
        self._wait_for_logs([case.name for case in together])
        for case in cases:
            if case.alone:
                found[case.name] = self._one(case)
                self._gateway.recover()
        time.sleep(_MOMENT)
        self._read_log()
        for name, observed in found.items():
            observed.log = self._log.get(name, [])
        return found

    def _one(self, case: Case) -> Observed:
        expected = case.expected[self._abi]
        answered = expected.status is not None and expected.complete
        orders = (("x-case", case.name), ("x-script", json.dumps(case.script)))
        path = f"/{case.name}/path?q=1"
        answer = ask(self._port, path, case.request, orders, answered=answered and not case.alone)
        identity = dict(answer.headers).get(HEADER)
        return Observed(
            answered_by=read_identity(identity).answered_by if identity else None,
            answer=answer,
            upstream=self._upstream.received[case.name],
            calls=self._service.received[case.name],
        )

    def _wait_for_logs(self, names: Sequence[str]) -> None:
        """Wait until each stream has had its last callback."""
        for _look in range(round(_LOG_SECONDS / _MOMENT)):
            if all("done|" in self._log.get(name, []) for name in names):
                return
            time.sleep(_MOMENT)
            self._read_log()

    def _read_log(self) -> None:
        for event in self._gateway.events():
            if isinstance(event, PluginLine):
                name, _bar, text = event.text.partition("|")
                self._log.setdefault(name, []).append(_VARYING.sub(r"\1=*", text))


def _endpoint(port: int) -> Endpoint:
    return Endpoint(host="127.0.0.1", port=port)


def _told(received: Received) -> dict[str, Any]:
    told = asdict(received)
    told["headers"] = sorted(pair for pair in received.headers if pair[0] not in _UNTOLD)
    return told
