"""Get a set of tools: try all sources of one set before the next set, and keep why each was passed over."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Generic, TypeVar

from higress_cli.errors import ConsentError, DownloadError, HgwError, ToolError
from higress_cli.i18n import _, joined, listed
from higress_cli.knowledge import compatibility
from higress_cli.profile import Profile
from higress_cli.settings.machine import MIRROR_GITHUB, MIRROR_GOPROXY
from higress_cli.system.download import kept_at
from higress_cli.system.urls import shown
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import mirrors
from higress_cli.toolchain.attempt import Cause, PassedOver, Tried, passed_over
from higress_cli.toolchain.sets import Need, SetPlan
from higress_cli.toolchain.sources import archive, go_module
from higress_cli.toolchain.sources.contract import Offer, ToolSource
from higress_cli.toolchain.sources.table import names_of, sources_of
from higress_cli.toolchain.work import Work

T = TypeVar("T")

# First the causes that the user can do something about.
KINDS: Final[Mapping[Cause, type[HgwError]]] = {
    Cause.MISSING: ToolError,
    Cause.CONSENT: ConsentError,
    Cause.FAILED: ToolError,
    Cause.NETWORK: DownloadError,
}
"""The error class for each cause; ToolError for the others."""


@dataclass(frozen=True, kw_only=True)
class Obtained(Generic[T]):
    """One tool of a set: `what` is the result, `seconds` how long it took, 0 if the tool was already here."""

    name: ToolName
    what: T
    seconds: float
    tried: tuple[Tried, ...]


class SetFailed(Exception):
    """No source can supply one of the tools; another set may work."""


class Acquisition(Generic[T]):
    """One pass through sets and sources. What failed once is not tried again for another set.

    `accept` turns an offer, and the Go of the set if the offer needs one, into a result: the tool when installing, the
    offer itself when only planning. `here` turns a tool that is already here into a result.
    """

    def __init__(
        self,
        work: Work,
        *,
        source: str | None,
        known: Mapping[ToolName, Sequence[Tried]],
        accept: Callable[[Offer, T | None], T],
        here: Callable[[Tool], T],
    ) -> None:
        self._work = work
        self._source = source
        self._known = known
        self._accept = accept
        self._here = here
        self._got: dict[tuple[ToolName, str], tuple[T, float]] = {}
        self._failures: dict[tuple[ToolName, str, str], PassedOver] = {}

    def run(self, plans: Sequence[SetPlan]) -> tuple[Obtained[T], ...]:
        """The first set whose tools are all available, in the order in which tools are listed.

        A Go that was only fetched to compile TinyGo is included.

        Raises:
            ToolError: the machine lacks something that the last source needs (exit code 4).
            ConsentError: only a step that needs consent is left.
            DownloadError: everything else: unreachable, refused, not what was pinned.
        """
        self._ask_hosts(plans)
        for plan in plans:
            try:
                return self._take(plan)
            except SetFailed:
                continue
        raise self._offline(plans) if self._work.reach.offline else self._nothing_left()

    def _ask_hosts(self, plans: Sequence[SetPlan]) -> None:
        """Ask all hosts of archives at once, so that several dead ones take no longer than one."""
        if self._source not in {None, archive.NAME} or self._work.reach.offline:
            return
        needed = {(need.name, need.version) for plan in plans for need in plan.missing}
        if not needed:
            return
        with self._work.session.reporter.activity(_("Asking the download hosts")):
            known = (archive.pinned(self._work, name, version) for name, version in sorted(needed))
            self._work.reach.ask(url for each in known if each is not None for url in each.urls)

    def _take(self, plan: SetPlan) -> tuple[Obtained[T], ...]:
        taken = {need.name: self._satisfy(need, plan) for need in plan.needs}
        on_the_way = {name: got for (name, _version), got in self._got.items() if name not in taken}
        taken |= on_the_way
        return tuple(
            Obtained(
                name=name,
                what=taken[name][0],
                seconds=round(taken[name][1], 3),
                tried=self._reasons(name) if self._is_explained(plan, name) else (),
            )
            for name in ToolName
            if name in taken
        )

    def _satisfy(self, need: Need, plan: SetPlan) -> tuple[T, float]:
        """A tool of the plan.

        Raises:
            SetFailed: no source can supply it.
        """
        if need.here is not None:
            return self._here(need.here), 0.0
        key = (need.name, need.version)
        if key not in self._got:
            for source in self._sources(need.name):
                started = time.monotonic()
                spent_before = sum(seconds for _what, seconds in self._got.values())
                what = self._attempt(source, need, plan)
                if what is not None:
                    # The time for a Go that was fetched for this tool is counted with that Go.
                    spent_on_others = sum(seconds for _what, seconds in self._got.values()) - spent_before
                    self._got[key] = (what, time.monotonic() - started - spent_on_others)
                    break
            else:
                raise SetFailed
        return self._got[key]

    def _sources(self, name: ToolName) -> tuple[ToolSource, ...]:
        """The sources of a tool: only the requested one if it has this tool, else all."""
        sources = sources_of(name)
        return tuple(source for source in sources if self._source == source.NAME) or sources

    def _attempt(self, source: ToolSource, need: Need, plan: SetPlan) -> T | None:
        key = (need.name, need.version, source.NAME)
        if key in self._failures:
            return None
        try:
            offer = source.offer(self._work, need)
            return self._accept(offer, self._go_for(plan) if offer.needs_go else None)
        except PassedOver as failure:
            failed = failure
        except HgwError as error:
            failed = passed_over(error)
        self._failures[key] = failed
        self._work.session.reporter.detail(
            _("{tool} {version}: source {source} was skipped: {reason}").format(
                tool=need.name.label, version=need.version, source=source.NAME, reason=failed.reason
            )
        )
        return None

    def _go_for(self, plan: SetPlan) -> T:
        """The Go that compiles TinyGo: that of the set, or one that fits if only TinyGo was requested."""
        need = plan.need(ToolName.GO) or self._go_beside(plan)
        try:
            return self._satisfy(need, plan)[0]
        except SetFailed as error:
            raise PassedOver(
                _("it is compiled with Go {version}, which no source has").format(version=need.version),
                cause=Cause.NETWORK,
                code="download-failed",
            ) from error

    def _go_beside(self, plan: SetPlan) -> Need:
        rows = compatibility.preferred_sets(Profile.TINYGO)
        wanted = {need.version for need in plan.needs if need.name is ToolName.TINYGO}
        version = next((row.go for row in rows if row.tinygo in wanted), rows[0].go)
        stored = (entry.tool() for entry in self._work.store.entries(ToolName.GO))
        here = next((tool for tool in stored if tool.version == version), None)
        return Need(name=ToolName.GO, version=version, here=here)

    @staticmethod
    def _is_explained(plan: SetPlan, name: ToolName) -> bool:
        need = plan.need(name)
        return need is None or need.here is None or need.here.own

    def _nothing_left(self) -> HgwError:
        """The most helpful error: causes that the user can do something about come first."""
        got = {name for name, _version in self._got}
        asked = list(dict.fromkeys(name for name, _version, _source in self._failures))
        names = [name for name in asked if name not in got] or asked
        failures = [failure for (name, _version, _source), failure in self._failures.items() if name in names]
        kind, telling = _most_telling(failures)
        lines = [joined((name.label, item.source, item.reason)) for name in names for item in self._reasons(name)]
        return kind(
            _("no source has {tools}: {reason}").format(
                tools=listed(name.label for name in names), reason=telling[-1].reason
            )
            + "".join(f"\n  {line}" for line in ([_("tried:"), *lines] if len(lines) > 1 else [])),
            # The ids of failed transfers share their exit code with `kind`.
            code="no-source"
            if kind is ToolError and len({failure.code for failure in telling}) > 1
            else telling[-1].code,
            hint=next(
                (failure.hint for failure in (*reversed(telling), *failures) if failure.hint), _mirror_hint(kind, names)
            ),
            details={"tools": names, "tried": {name: [asdict(item) for item in self._reasons(name)] for name in names}},
        )

    def _offline(self, plans: Sequence[SetPlan]) -> HgwError:
        """The error without a network: it names the archives to copy, of the first set that has one for each tool."""
        for plan in plans:
            missing = [need for need in plan.missing if (need.name, need.version) not in self._got]
            carried = [
                (need, wanted)
                for need in missing
                if (wanted := archive.pinned(self._work, need.name, need.version)) is not None
            ]
            if len(carried) == len(missing):
                break
        else:
            return self._nothing_left()
        folder = self._work.session.dirs.downloads
        files = [
            {"tool": need.name, "url": shown(file.urls[0]), "sha256": file.sha256, "path": kept_at(file, folder=folder)}
            for need, file in carried
        ]
        return DownloadError(
            _("--offline forbids the download of {tools}").format(
                tools=listed(f"{need.name.label} {need.version}" for need in missing)
            )
            + "".join(f"\n  {file['url']}\n    -> {file['path']}" for file in files),
            code="offline",
            hint=_("fetch these on another machine, put them there, and run `hgw install --offline` again"),
            details={"files": files},
        )

    def _reasons(self, name: ToolName) -> tuple[Tried, ...]:
        """The sources that were passed over for a tool; versions that failed for the same reason share a line."""
        versions: dict[tuple[str, str], list[str]] = {}
        for (failed, version, source), failure in self._failures.items():
            if failed == name:
                versions.setdefault((source, failure.reason), []).append(version)
        fetched = (
            Tried(source=source, reason=joined((listed(group), reason))) for (source, reason), group in versions.items()
        )
        return (*self._known.get(name, ()), *fetched)


def _most_telling(failures: Sequence[PassedOver]) -> tuple[type[HgwError], list[PassedOver]]:
    """The class of the error for these failures, and the failures that it is about."""
    for cause, kind in KINDS.items():
        if telling := [failure for failure in failures if failure.cause is cause]:
            return kind, telling
    return ToolError, list(failures)


def _mirror_hint(kind: type[HgwError], names: Sequence[ToolName]) -> str | None:
    if kind is not DownloadError:
        return None
    variables = [mirrors.variable_for(name) for name in names]
    if any(go_module.NAME in names_of(name) for name in names):
        variables.append(MIRROR_GOPROXY.variable)
    hint = _("set {variables} to a mirror that this machine reaches").format(
        variables=_(" or ").join(dict.fromkeys(variables))
    )
    public = [variable for variable in dict.fromkeys(variables) if variable != MIRROR_GITHUB.variable]
    if MIRROR_GOPROXY.variable in public:
        hint += _("; in China, `china` may be one for {variables}").format(variables=_(" or ").join(public))
    return hint
