"""Get a set: each through all its sources before the next set is looked at; what was passed over keeps its reason."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from higress_cli.errors import ConsentError, DownloadError, HgwError, ToolError
from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.profile import Profile
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import mirrors
from higress_cli.toolchain.attempt import Cause, PassedOver, Tried
from higress_cli.toolchain.sets import Need, Plan
from higress_cli.toolchain.sources import archive, go_module, npm, package, tinygo_module
from higress_cli.toolchain.work import Work, passed_over

# In the order in which they are tried; `system` comes before all of them and is settled by the solver.
SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "go": (archive.NAME, go_module.NAME),
    "tinygo": (archive.NAME, tinygo_module.NAME),
    "binaryen": (archive.NAME, package.NAME, npm.NAME),
}
# What the user can do something about comes first.
_KINDS: Final[Mapping[Cause, type[HgwError]]] = {
    Cause.MISSING: ToolError,
    Cause.CONSENT: ConsentError,
    Cause.FAILED: ToolError,
    Cause.NETWORK: DownloadError,
}


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A tool of the set: `seconds` is what it took to get, 0 where it was here."""

    tool: Tool
    seconds: float
    tried: tuple[Tried, ...]


class SetFailed(Exception):
    """One tool of a set cannot be had; the next set may do."""


class Acquisition:
    """One run through sets and sources. What failed once is not tried again for another set."""

    def __init__(self, work: Work, *, source: str | None, known: Mapping[ToolName, Sequence[Tried]]) -> None:
        self._work = work
        self._source = source
        self._known = known
        self._got: dict[tuple[ToolName, str], tuple[Tool, float]] = {}
        self._failures: dict[tuple[ToolName, str, str], PassedOver] = {}

    def run(self, plans: Sequence[Plan]) -> tuple[Fetched, ...]:
        """The first set that can be had.

        Raises:
            ToolError: something that the machine lacks stands in the way of the last one (exit code 4).
            ConsentError: only a step that needs consent is left.
            DownloadError: everything else: out of reach, refused, not what was pinned.
        """
        self._ask_hosts(plans)
        for plan in plans:
            try:
                return self._take(plan)
            except SetFailed:
                continue
        raise self._offline(plans) if self._work.reach.offline else self._nothing_left()

    def _ask_hosts(self, plans: Sequence[Plan]) -> None:
        """Ask all hosts of archives at once, so that several dead ones cost no more than one."""
        if self._source not in {None, archive.NAME} or self._work.reach.offline:
            return
        needed = {(need.name, need.version) for plan in plans for need in plan.missing}
        if not needed:
            return
        with self._work.session.reporter.activity(_("Asking the download hosts")):
            self._work.reach.ask(
                url for name, version in sorted(needed) for url in archive.urls(self._work, name, version)
            )

    def _take(self, plan: Plan) -> tuple[Fetched, ...]:
        taken = {need.name: self._satisfy(need, plan) for need in plan.needs}
        return tuple(
            Fetched(tool=taken[name][0], seconds=round(taken[name][1], 3), tried=self._tried_for(taken[name][0]))
            for name in ToolName
            if name in taken
        )

    def _satisfy(self, need: Need, plan: Plan) -> tuple[Tool, float]:
        """A tool of the plan; Raises SetFailed where no source has it."""
        if need.here is not None:
            return need.here, 0.0
        key = (need.name, need.version)
        if key not in self._got:
            for source in self._sources(need.name):
                started = time.monotonic()
                spent_before = sum(seconds for _tool, seconds in self._got.values())
                tool = self._attempt(source, need, plan)
                if tool is not None:
                    # A Go that was fetched on the way counts for itself.
                    spent_on_others = sum(seconds for _tool, seconds in self._got.values()) - spent_before
                    self._got[key] = (tool, time.monotonic() - started - spent_on_others)
                    break
            else:
                raise SetFailed
        return self._got[key]

    def _sources(self, name: str) -> tuple[str, ...]:
        """The sources of a tool: the one that was asked for where it has this tool, else all."""
        if self._source in SOURCES[name]:
            return (str(self._source),)
        return SOURCES[name]

    def _attempt(self, source: str, need: Need, plan: Plan) -> Tool | None:
        key = (need.name, need.version, source)
        if key in self._failures:
            return None
        try:
            return self._fetch(source, need, plan)
        except PassedOver as failure:
            failed = failure
        except HgwError as error:
            failed = passed_over(error)
        self._failures[key] = failed
        title = need.name.label
        self._work.session.reporter.detail(
            _("{tool} {version}: source {source} passed over: {reason}").format(
                tool=title, version=need.version, source=source, reason=failed.reason
            )
        )
        return None

    def _fetch(self, source: str, need: Need, plan: Plan) -> Tool:
        work, wanted = self._work, need.version if need.exact else None
        match need.name, source:
            case _, archive.NAME:
                entry = archive.fetch(work, need.name, need.version)
            case "go", _:
                entry = go_module.fetch(work, need.version)
            case "tinygo", _:
                entry = tinygo_module.fetch(work, need.version, lambda: self._go_for(plan))
            case _, npm.NAME:
                entry = npm.fetch(work, wanted)
            case _:
                return package.fetch(work, wanted)
        return entry.tool()

    def _go_for(self, plan: Plan) -> Tool:
        """The Go that TinyGo is compiled with: that of its set, or where TinyGo alone was asked for, one that fits."""
        tinygo = plan.need(ToolName.TINYGO)
        need = plan.need(ToolName.GO)
        if need is None:
            assert tinygo is not None  # noqa: S101 -- only TinyGo is compiled
            rows = compatibility.preferred_sets(Profile.TINYGO)
            go = next((row.go for row in rows if row.tinygo == tinygo.version), rows[0].go)
            stored = self._work.store.entries("go")
            here = next((entry.tool() for entry in stored if entry.receipt.version == go), None)
            need = Need(name=ToolName.GO, version=go, here=here)
        try:
            return self._satisfy(need, plan)[0]
        except SetFailed as error:
            raise PassedOver(
                _("it is compiled with Go {version}, which cannot be had").format(version=need.version),
                cause=Cause.NETWORK,
                code="download-failed",
            ) from error

    def _nothing_left(self) -> HgwError:
        """The error that helps most: what the user can do something about comes first."""
        got = {name for name, _version in self._got}
        asked = list(dict.fromkeys(name for name, _version, _source in self._failures))
        names = [name for name in asked if name not in got] or asked
        failures = [failure for (name, _version, _source), failure in self._failures.items() if name in names]
        kind, telling = _most_telling(failures)
        told = [f"{name.label}: {item.source}: {item.reason}" for name in names for item in self._told(name)]
        return kind(
            _("{tools} cannot be had: {reason}").format(
                tools=", ".join(name.label for name in names), reason=telling[-1].reason
            )
            + "".join(f"\n  {line}" for line in ([_("tried:"), *told] if len(told) > 1 else [])),
            code=telling[-1].code if len({failure.code for failure in telling}) == 1 else "no-source",
            hint=next(
                (failure.hint for failure in (*reversed(telling), *failures) if failure.hint), _mirror_hint(kind, names)
            ),
            details={"tools": names, "tried": {name: [asdict(item) for item in self._told(name)] for name in names}},
        )

    def _offline(self, plans: Sequence[Plan]) -> HgwError:
        """Without a network the way is to carry files: those of the first set that has an archive for each tool."""
        for plan in plans:
            missing = [need for need in plan.missing if (need.name, need.version) not in self._got]
            files = [archive.file_by_hand(self._work, need.name, need.version) for need in missing]
            carried = [file for file in files if file is not None]
            if len(carried) == len(missing):
                break
        else:
            return self._nothing_left()
        return DownloadError(
            _("--offline forbids the download of {tools}").format(
                tools=", ".join(f"{need.name.label} {need.version}" for need in missing)
            )
            + "".join(f"\n  {file.url}\n    -> {file.path}" for file in carried),
            code="offline",
            hint=_("fetch these on another machine, put them there, and run `hgw install --offline` again"),
            details={"files": [asdict(file) for file in carried]},
        )

    def _tried_for(self, tool: Tool) -> tuple[Tried, ...]:
        return self._told(tool.name) if tool.own else ()

    def _told(self, name: ToolName) -> tuple[Tried, ...]:
        """What was passed over for a tool; versions that failed for the same reason share a line."""
        versions: dict[tuple[str, str], list[str]] = {}
        for (failed, version, source), failure in self._failures.items():
            if failed == name:
                versions.setdefault((source, failure.reason), []).append(version)
        fetched = (
            Tried(source=source, reason=f"{', '.join(group)}: {reason}") for (source, reason), group in versions.items()
        )
        return (*self._known.get(name, ()), *fetched)


def _most_telling(failures: Sequence[PassedOver]) -> tuple[type[HgwError], list[PassedOver]]:
    """The kind of error for these failures, and those of them that make it so."""
    for cause, kind in _KINDS.items():
        if telling := [failure for failure in failures if failure.cause is cause]:
            return kind, telling
    return ToolError, list(failures)


def _mirror_hint(kind: type[HgwError], names: Sequence[str]) -> str | None:
    if kind is not DownloadError:
        return None
    variables = [mirrors.variable_for(name) for name in names]
    if any(source == go_module.NAME for name in names for source in SOURCES[name]):
        variables.append(mirrors.GOPROXY_VARIABLE)
    hint = _("set {variables} to a mirror that this machine reaches").format(
        variables=_(" or ").join(dict.fromkeys(variables))
    )
    if mirrors.GOPROXY_VARIABLE in variables:
        hint += _(", or to `china` for the public ones there")
    return hint
