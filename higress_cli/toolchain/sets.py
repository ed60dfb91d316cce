"""Which sets of tools to use, or to try to get, best first: pure functions of the tools here and the request.

A set is judged in one place, tool by tool, heaviest first: TinyGo decides which Go fits, and wasm-opt comes last.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from higress_cli.choice import Choice
from higress_cli.errors import ToolError
from higress_cli.i18n import _, listed
from higress_cli.knowledge import compatibility
from higress_cli.knowledge.compatibility import Misfit
from higress_cli.profile import Profile
from higress_cli.spelling import nearest
from higress_cli.system.host import Host
from higress_cli.tool import Tool, ToolName

_HEAVIEST_FIRST: Final = (ToolName.TINYGO, ToolName.GO, ToolName.BINARYEN)
Here = Mapping[ToolName, Sequence[Tool]]


@dataclass(frozen=True, kw_only=True)
class Need:
    """One tool of a set: `here` is the copy on the machine, None if it must be fetched.

    `exact` means that this very version was requested; otherwise any binaryen that fits is accepted.
    """

    name: ToolName
    version: str
    here: Tool | None = None
    exact: bool = False


@dataclass(frozen=True, kw_only=True)
class SetPlan:
    """A set of tools that work together."""

    needs: tuple[Need, ...]

    @property
    def missing(self) -> tuple[Need, ...]:
        """The tools that must be fetched."""
        return tuple(need for need in self.needs if need.here is None)

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that are here, in the order in which tools are listed."""
        return tuple(need.here for need in sorted(self.needs, key=_place) if need.here is not None)

    def need(self, name: ToolName) -> Need | None:
        """The need for a tool, None if it is not part of the set."""
        return next((need for need in self.needs if need.name is name), None)


@dataclass(frozen=True, kw_only=True)
class SetRequest:
    """The requested tools, and the requested versions with their sources."""

    profile: Profile
    tools: tuple[ToolName, ...]
    wanted: Mapping[ToolName, Choice[str]] = field(default_factory=dict)


def request_for(
    profile: Profile, *, tools: Sequence[ToolName] = (), wanted: Mapping[ToolName, Choice[str]] | None = None
) -> SetRequest:
    """All tools of a profile, or only those named; naming a tool that only TinyGo builds need selects their rules."""
    if not set(tools) <= set(profile.tools):
        profile = Profile.TINYGO
    tools = tuple(name for name in ToolName if name in tools) or profile.tools
    return SetRequest(
        profile=profile,
        tools=tools,
        wanted={name: choice for name, choice in (wanted or {}).items() if name in tools},
    )


def usable(request: SetRequest, here: Here) -> tuple[SetPlan, ...]:
    """The sets that need nothing fetched, best first: TinyGo decides, then Go, then wasm-opt.

    For each tool, the system's copies come before hgw's own, versions that hgw prefers before others, and newer
    versions before older ones.
    """
    search = _Search(request, here, {name: choice.value for name, choice in request.wanted.items()}, fetching=False)
    return tuple(search.extended(SetPlan(needs=())))


def plans(request: SetRequest, here: Here, host: Host) -> tuple[SetPlan, ...]:
    """The sets to use or to try to get, best first: those that need nothing fetched come before all others.

    There is one set to fetch for each TinyGo. Only the sources know whether they have what is missing.

    Raises:
        UsageError: `version-unknown` for a version on the command line that no source has.
        InvalidInput: `version-unknown` for one in hgw.yaml.
        ToolError: `no-set`, or the code of the misfit if the requested versions cannot work together.
    """
    ready = usable(request, here)
    if ready:
        return ready
    wanted = {name: _resolve(name, choice, here, host) for name, choice in request.wanted.items()}
    _refuse_misfits(request, wanted)
    search = _Search(request, here, wanted, fetching=True)
    found = search.one_for_each_tinygo()
    if not found:
        raise _no_set(request, wanted)
    return found


def misfits(tools: Iterable[Tool | Need], *, profile: Profile) -> tuple[Misfit, ...]:
    """Everything that keeps these tools, one of each name at most, from working together."""
    versions: dict[str, str] = {}
    built_with = None
    for item in tools:
        versions[item.name] = item.version
        copy = item.here if isinstance(item, Need) else item
        built_with = copy.built_with if item.name is ToolName.TINYGO and copy is not None else built_with
    return compatibility.misfits(
        profile=profile,
        go=versions.get(ToolName.GO),
        tinygo=versions.get(ToolName.TINYGO),
        binaryen=versions.get(ToolName.BINARYEN),
        built_with=built_with,
    )


class _Search:
    """A search through all sets: the options of each tool in order, if they fit the tools chosen so far."""

    def __init__(self, request: SetRequest, here: Here, wanted: Mapping[ToolName, str], *, fetching: bool) -> None:
        self._request = request
        self._here = here
        self._wanted = wanted
        self._fetching = fetching
        self._rows = compatibility.preferred_sets(request.profile)

    def extended(self, plan: SetPlan) -> Iterator[SetPlan]:
        """Every way to complete a plan, best first."""
        name = next((name for name in _HEAVIEST_FIRST if name in self._request.tools and not plan.need(name)), None)
        if name is None:
            yield plan
            return
        for option in self._options(name, plan):
            longer = SetPlan(needs=(*plan.needs, option))
            if self._fits(longer):
                yield from self.extended(longer)

    def one_for_each_tinygo(self) -> tuple[SetPlan, ...]:
        """The best way to complete each TinyGo; copies that are here come before versions to fetch."""
        empty = SetPlan(needs=())
        if ToolName.TINYGO not in self._request.tools:
            best = next(self.extended(empty), None)
            return (best,) if best else ()
        found: dict[str, SetPlan] = {}
        for tinygo in self._options(ToolName.TINYGO, empty):
            start = SetPlan(needs=(tinygo,))
            best = next(self.extended(start), None) if self._fits(start) else None
            if best is not None:
                found.setdefault(tinygo.version, best)
        return tuple(found.values())

    def _options(self, name: ToolName, plan: SetPlan) -> Iterator[Need]:
        """The copies and versions of a tool, best first."""
        asked = self._wanted.get(name)
        copies = [
            tool for tool in self._here.get(name, ()) if asked is None or compatibility.matches(tool.version, asked)
        ]
        yield from (self._copy(tool) for tool in copies if not tool.own)
        stored = sorted((tool for tool in copies if tool.own), key=_newest_first)
        preferred = [asked] if asked and self._fetching else self._preferred(name, plan)
        for version in dict.fromkeys(preferred):
            yield from (self._copy(tool) for tool in stored if tool.version == version)
            if self._fetching and not (name is ToolName.BINARYEN and stored):
                yield Need(name=name, version=version, exact=asked is not None)
        yield from (self._copy(tool) for tool in stored if tool.version not in preferred)

    def _copy(self, tool: Tool) -> Need:
        return Need(name=tool.name, version=tool.version, here=tool, exact=tool.name in self._wanted)

    def _preferred(self, name: ToolName, plan: SetPlan) -> list[str]:
        """The versions that hgw would install, starting with the Go that its data pairs with the chosen TinyGo."""
        match name:
            case ToolName.TINYGO:
                return [row.tinygo for row in self._rows if row.tinygo]
            case ToolName.GO:
                tinygo = plan.need(ToolName.TINYGO)
                beside = [row.go for row in self._rows if tinygo and row.tinygo == tinygo.version]
                return beside + [row.go for row in self._rows]
            case ToolName.BINARYEN:
                return [compatibility.preferred_binaryen()] if self._fetching else []

    def _fits(self, plan: SetPlan) -> bool:
        go = plan.need(ToolName.GO)
        if go is not None and ToolName.TINYGO not in self._request.tools and ToolName.GO not in self._wanted:
            # If only Go is requested, it must fit a set that is installed later.
            return compatibility.is_useful_go(go.version, profile=self._request.profile)
        return not misfits(plan.needs, profile=self._request.profile)


def _place(item: Need) -> int:
    return list(ToolName).index(item.name)


def _newest_first(tool: Tool) -> tuple[int, ...]:
    return tuple(-number for number in compatibility.release(tool.version).release)


def _resolve(name: ToolName, choice: Choice[str], here: Here, host: Host) -> str:
    """The full version of a request: for a release line, its newest. Versions on the machine count too."""
    from higress_cli.toolchain import pins  # noqa: PLC0415 -- a fiftieth of an up-to-date build, which asks for none

    try:
        present = next((t.version for t in here.get(name, ()) if compatibility.matches(t.version, choice.value)), None)
        known = present or pins.newest_matching(name, choice.value, host)
    except ValueError:
        known = None
    if known is not None:
        return known
    versions = pins.known_versions(name, host)
    raise choice.source.refusal(
        _("{tool} {version} (from {source}) is not known to hgw for {platform}").format(
            tool=name.label, version=choice.value, source=choice.source, platform=host.platform
        ),
        code="version-unknown",
        hint=_("nearest: {near}; all: {all}").format(
            near=listed(_nearest(choice.value, versions)) or "-", all=listed(versions)
        ),
        details={"tool": name, "version": choice.value, "known": list(versions)},
    )


def _nearest(wanted: str, versions: Sequence[str]) -> list[str]:
    """The versions on either side of `wanted`, or the most similar ones if it is not a number."""
    try:
        number = compatibility.release(wanted)
    except ValueError:
        return nearest(wanted, versions, most=2)
    below = [version for version in versions if compatibility.release(version) < number]
    above = [version for version in versions if compatibility.release(version) > number]
    return [*below[-1:], *above[:1]]


def _refuse_misfits(request: SetRequest, wanted: Mapping[ToolName, str]) -> None:
    for misfit in misfits((Need(name=name, version=wanted[name]) for name in wanted), profile=request.profile):
        sources = listed(dict.fromkeys(str(request.wanted[name].source) for name in wanted))
        raise ToolError(
            _("{tool} {found} (from {source}) does not fit: {reason}; expected {expected}").format(
                tool=misfit.tool.label,
                found=misfit.found,
                source=sources,
                reason=misfit.reason,
                expected=misfit.expected,
            ),
            code=misfit.code,
            hint=_ask_otherwise(),
            details={"tool": misfit.tool, "found": misfit.found, "expected": misfit.expected},
        )


def _no_set(request: SetRequest, wanted: Mapping[ToolName, str]) -> ToolError:
    asked = listed(f"{name.label} {version}" for name, version in wanted.items())
    return ToolError(
        _("no set of tools that hgw knows works with {asked}").format(asked=asked),
        code="no-set",
        hint=_ask_otherwise(),
        details={"wanted": dict(wanted), "profile": request.profile},
    )


def _ask_otherwise() -> str:
    return _("ask for a version that fits, or for none: `hgw install` picks a set that works")
