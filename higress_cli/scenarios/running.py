"""Scenarios on a gateway that somebody else started with `hgw run`."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from higress_cli.errors import GatewayError, InvalidInput
from higress_cli.gateway.engines.envoy import log_lines
from higress_cli.gateway.engines.envoy.bootstrap import IDENTITY_HEADER
from higress_cli.gateway.run_folder import read_record
from higress_cli.gateway.servers import Seen
from higress_cli.i18n import _
from higress_cli.project.plugin_config import read_plugin_config
from higress_cli.project.scenario import Request, Scenario
from higress_cli.scenarios.judge import Observed, judge, judge_identity, read_identity
from higress_cli.scenarios.step import Step, exchange, make_step, send
from higress_cli.scenarios.trial import follow_log
from higress_cli.system.http import NoAnswerError, ask

_SECONDS = 20.0


class RunningGateway:
    """The gateway at `url`; `record` is what its run wrote down, None where that is not on this machine."""

    def __init__(self, url: str, *, digest: str, run: str, record: Mapping[str, Any] | None) -> None:
        self.url = url
        self.record = record
        self._digest = digest
        self._run = run

    @classmethod
    def find(cls, url: str, *, runs: Path, digest: str) -> Self:
        """The gateway at `url`, which is to run the module with this digest.

        Raises:
            GatewayError: `gateway-unreachable` where nobody answers there.
        """
        url = url.rstrip("/")
        try:
            answer = ask(f"{url}{Request().path}", timeout=_SECONDS)
        except NoAnswerError as error:
            raise GatewayError(
                _("no gateway answers at {url} (from --url): {reason}").format(url=url, reason=error),
                code="gateway-unreachable",
                hint="hgw run",
                details={"url": url},
            ) from error
        run = read_identity(answer.headers.get(IDENTITY_HEADER, "")).get("run", "")
        return cls(url, digest=digest, run=run, record=read_record(runs, run))

    def load(self, name: str) -> Step:
        """Whether the module that answers is the one that is meant."""
        started = time.monotonic()
        answer, _problem = send(Request(), self.url)
        check = judge_identity(answer, header=IDENTITY_HEADER, run="", config=None, digest=self._digest)
        return make_step(name, [check], started=started)

    def obstacle(self, scenario: Scenario) -> str | None:
        """Why a scenario cannot be run here, None where it can."""
        own = {
            "config": None if scenario.config == self._configuration() else scenario.config,
            "services": scenario.services or None,
            "route": scenario.route,
        }
        named = [key for key, value in own.items() if value is not None]
        if named:
            return _("it needs a gateway with its own {keys}").format(keys=", ".join(named))
        if self.record is None and scenario.request.via == "upstream":
            return _("the address of the upstream is not known")
        expect = scenario.expect
        if expect.upstream_reached is not None and not self._records("http_recorded"):
            return _("what the upstream gets cannot be seen")
        if expect.log is not None and self.record is None:
            return _("the gateway's log is not on this machine")
        return None

    def run(self, scenario: Scenario) -> Step:
        """One scenario without an obstacle."""
        started = time.monotonic()
        direct = scenario.request.via == "upstream"
        base = str((self.record or {}).get("upstream_url", "")) if direct else self.url
        folder = Path(str((self.record or {}).get("run_dir", "")))
        seen = log_lines.Tail(folder / "upstream.log", only_new=True)
        log = log_lines.Tail(folder / "envoy.log", only_new=True)
        answer, problem = send(scenario.request, base)
        observed = Observed(
            answer=answer,
            problem=problem,
            seen=_requests(seen) if self._records("http_recorded") else None,
            log=follow_log(log, scenario.expect),
        )
        checks = list(judge(scenario.expect, observed))
        if answer is not None and not direct:
            checks.append(
                judge_identity(answer, header=IDENTITY_HEADER, run=self._run, config=None, digest=self._digest)
            )
        told = exchange(scenario.request, base, answer)
        return make_step(scenario.name, checks, started=started, exchange=told)

    def _configuration(self) -> Mapping[str, Any] | None:
        """What the gateway's plugin is configured with: `hgw run` follows its file. None where that is not here."""
        path = (self.record or {}).get("config")
        try:
            return read_plugin_config(Path(str(path))).values if path else None
        except InvalidInput:
            return None

    def _records(self, key: str) -> bool:
        return bool((self.record or {}).get(key))


def _requests(tail: log_lines.Tail) -> Sequence[Seen]:
    return [
        Seen(
            method=str(entry.get("method")),
            path=str(entry.get("path")),
            headers=entry.get("headers") or {},
            body=None if entry.get("body") is None else str(entry["body"]).encode(),
        )
        for entry in tail.objects()
    ]
