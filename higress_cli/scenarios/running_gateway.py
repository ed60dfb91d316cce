"""Scenarios on a gateway that another `hgw run` started."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Self

from higress_cli.digest import Sha256
from higress_cli.document import JsonObject
from higress_cli.errors import GatewayError, InvalidInput
from higress_cli.gateway.contract import Renamed
from higress_cli.gateway.event_log import WrittenEvents
from higress_cli.gateway.identity import HEADER, read_identity
from higress_cli.gateway.run_folder import EVENTS, UPSTREAM, read_record
from higress_cli.gateway.upstream import SeenRequests
from higress_cli.i18n import _, listed
from higress_cli.project.plugin_config import read_plugin_config
from higress_cli.project.scenario import Key, Request, Scenario
from higress_cli.scenarios.judge import judge, judge_identity
from higress_cli.scenarios.neutral_answers import servers_of
from higress_cli.scenarios.play import Ground, play
from higress_cli.scenarios.step import Sent, Step, make_step, scenario_step, skipped_step
from higress_cli.system.exact_request import ask
from higress_cli.system.http import Answer, NoAnswerError

_SECONDS: Final = 20.0
_OWN: Final = frozenset(Key) - {Key.VIA_UPSTREAM, Key.UPSTREAM, Key.LOG}
"""What a gateway that others use as well cannot be asked for."""
_LAG_SECONDS: Final = 0.3
"""The longest time until `hgw run` has written down an event."""


class RunningGateway:
    """The gateway at `url`; `record` is the record of its run, None if it is not on this machine."""

    def __init__(self, url: str, *, digest: Sha256, run: str, record: JsonObject | None) -> None:
        self.url = url
        self.record = record
        self._digest = digest
        self._run_id = run

    @classmethod
    def find(cls, url: str, *, runs: Path, digest: Sha256) -> Self:
        """The gateway at `url`, which should run the module with this digest.

        Raises:
            GatewayError: `gateway-unreachable` if nothing answers there.
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
        run = read_identity(answer.headers.get(HEADER, "")).run
        return cls(url, digest=digest, run=run, record=read_record(runs, run))

    def _load(self) -> Step:
        """Check that the module that answers is the expected one."""
        started = time.monotonic()
        answer: Answer | None = None
        with contextlib.suppress(NoAnswerError):
            answer = ask(f"{self.url}{Request().path}", timeout=_SECONDS)
        check = judge_identity(answer, digest=self._digest)
        return make_step(_("the gateway at {url} runs this module").format(url=self.url), [check], started=started)

    def _obstacle(self, scenario: Scenario) -> str | None:
        """Why a scenario cannot be run here, None if it can."""
        config = None if scenario.config == self._configuration() else scenario.config
        named = [key for key in sorted(scenario.keys & _OWN) if key is not Key.CONFIG or config is not None]
        if named:
            return _("it has {keys}, which only a gateway that hgw starts itself can do: leave out --url").format(
                keys=listed(named)
            )
        if self.record is None and Key.VIA_UPSTREAM in scenario.keys:
            return _("the address of the upstream is not known")
        if Key.UPSTREAM in scenario.keys and not self._records("http_recorded"):
            return _("what the upstream gets cannot be seen")
        if Key.LOG in scenario.keys and self.record is None:
            return _("the gateway's log is not on this machine")
        return None

    @property
    def log(self) -> Path | None:
        """The file with its output, None if it is not on this machine."""
        path = (self.record or {}).get("gateway_log")
        return Path(str(path)) if path else None

    @property
    def renamed(self) -> Renamed | None:
        """The export that was renamed in the copy that its engine loaded."""
        old, new = ((self.record or {}).get(key) for key in ("renamed_export", "renamed_to"))
        return Renamed(old=str(old), new=str(new)) if old and new else None

    def steps(self, scenarios: Sequence[Scenario]) -> Iterator[Step]:
        """A step for the module that answers, and one for each scenario; those with an obstacle are skipped."""
        yield self._load()
        for scenario in scenarios:
            obstacle = self._obstacle(scenario)
            if obstacle is not None:
                yield skipped_step(scenario, obstacle)
                continue
            for number in range(len(scenario.turns)):
                yield self._run(scenario, number)

    def _run(self, scenario: Scenario, number: int) -> Step:
        started = time.monotonic()
        ground, turn = self._ground(), scenario.turns[number]
        observed = play(turn, ground)
        checks = list(judge(turn.expect, observed))
        if observed.answer is not None and turn.request.via != "upstream":
            checks.append(judge_identity(observed.answer, run=self._run_id, digest=self._digest))
        servers = servers_of(gateway=ground.url, upstream=ground.upstream_url)
        sent = Sent(base=ground.base(turn.request), observed=observed, servers=servers)
        return scenario_step(scenario, checks, started=started, number=number, sent=sent)

    def _ground(self) -> Ground:
        if self.record is None:
            return Ground(
                url=self.url, upstream_url=None, events=_nothing, seen=_nothing, check_alive=_nothing, lag=0.0
            )
        folder = Path(str(self.record.get("run_dir", "")))
        seen = SeenRequests(folder / UPSTREAM).take if self._records("http_recorded") else _nothing
        return Ground(
            url=self.url,
            upstream_url=str(self.record.get("upstream_url", "")),
            events=WrittenEvents(folder / EVENTS).take,
            seen=seen,
            check_alive=_nothing,
            lag=_LAG_SECONDS,
        )

    def _configuration(self) -> JsonObject | None:
        """The plugin's current configuration, from the file that `hgw run` follows; None if not on this machine."""
        path = (self.record or {}).get("config")
        try:
            return read_plugin_config(Path(str(path))).values if path else None
        except InvalidInput:
            return None

    def _records(self, key: str) -> bool:
        return bool((self.record or {}).get(key))


def _nothing() -> None:
    """The answer to questions about a gateway that hgw cannot look into."""
