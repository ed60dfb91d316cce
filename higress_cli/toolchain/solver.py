"""Which sets to try to get, in which order. A pure function of what is here and what is wanted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from higress_cli.choice import Choice
from higress_cli.errors import ToolError
from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.profile import Profile
from higress_cli.system.host import Host
from higress_cli.tool import ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.select import NEEDED, Candidate


@dataclass(frozen=True, kw_only=True)
class Need:
    """One tool of a set: `here` is the one that is on the machine and will be used, None where it has to be fetched.

    `exact` says that the author asked for this version; any that fits will do for binaryen otherwise.
    """

    name: str
    version: str
    here: Candidate | None = None
    exact: bool = False


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is to be there in the end: `tools` by name, and the versions that were asked for, each with who asked."""

    profile: str
    tools: tuple[str, ...]
    wanted: Mapping[str, Choice[str]] = field(default_factory=dict)

    @property
    def versions(self) -> dict[str, str]:
        return {name: choice.value for name, choice in self.wanted.items()}


def request_for(profile: str, *, tools: Sequence[str] = (), wanted: Mapping[str, Choice[str]]) -> Request:
    """All tools of a profile, or only those named; one that only TinyGo builds need asks for their rules."""
    if not set(tools) <= set(NEEDED[profile]):
        profile = Profile.TINYGO
    return Request(profile=profile, tools=tuple(tools) or NEEDED[profile], wanted=dict(wanted))


def plans(request: Request, here: Mapping[str, Sequence[Candidate]], host: Host) -> tuple[tuple[Need, ...], ...]:
    """The sets to try, best first; a set that fits but has nothing to be fetched from is left to its sources to say.

    Raises:
        UsageError: `version-unknown` for a version on the command line that nobody has.
        InvalidInput: `version-unknown` for one in hgw.yaml.
        ToolError: the code of the misfit where what was asked for cannot work together.
    """
    wanted = {name: _resolve(name, choice, here, host) for name, choice in request.wanted.items()}
    _refuse_misfits(request, wanted)
    found = tuple(dict.fromkeys(_plans(request, wanted, here)))
    if not found:
        raise _no_set(request, wanted)
    return found


def _plans(
    request: Request, wanted: Mapping[str, str], here: Mapping[str, Sequence[Candidate]]
) -> Iterator[tuple[Need, ...]]:
    tinygos = _tinygo_needs(request, wanted, here) if "tinygo" in request.tools else iter((None,))
    for tinygo in tinygos:
        needs = [tinygo] if tinygo else []
        if "go" in request.tools:
            go = _go_need(request, wanted, here, tinygo.version if tinygo else None)
            if go is None:
                continue
            needs.append(go)
        if "binaryen" in request.tools:
            needs.append(_binaryen_need(wanted, here))
        yield tuple(needs)


def _tinygo_needs(
    request: Request, wanted: Mapping[str, str], here: Mapping[str, Sequence[Candidate]]
) -> Iterator[Need]:
    """What is on the machine and does, then what hgw prefers, each at most once."""
    asked = wanted.get("tinygo")
    preferred = [item.tinygo for item in compatibility.preferred_sets(Profile.TINYGO) if item.tinygo]
    for candidate in here.get("tinygo", ()):
        if candidate.entry is None and _does("tinygo", candidate.version, asked):
            yield Need(name="tinygo", version=candidate.version, here=candidate, exact=asked is not None)
    for version in [asked] if asked else preferred:
        go = wanted.get("go")
        if go and "go" in request.tools and compatibility.misfits(go=go, tinygo=version):
            continue
        yield Need(name="tinygo", version=version, here=_stored(here, "tinygo", version), exact=asked is not None)


def _go_need(
    request: Request, wanted: Mapping[str, str], here: Mapping[str, Sequence[Candidate]], tinygo: str | None
) -> Need | None:
    asked = wanted.get("go")
    rows = compatibility.preferred_sets(request.profile)

    def fits(version: str) -> bool:
        if tinygo is not None:
            return not compatibility.misfits(profile=request.profile, go=version, tinygo=tinygo)
        if asked is not None:
            return not compatibility.misfits(profile=request.profile, go=version)
        return compatibility.is_useful_go(version, profile=request.profile)

    for candidate in here.get("go", ()):
        if candidate.entry is None and _does("go", candidate.version, asked) and fits(candidate.version):
            return Need(name="go", version=candidate.version, here=candidate, exact=asked is not None)
    # The Go of the row that names this TinyGo comes first.
    ordered = [row.go for row in rows if row.tinygo == tinygo] + [row.go for row in rows]
    for version in [asked] if asked else ordered:
        if fits(version):
            return Need(name="go", version=version, here=_stored(here, "go", version), exact=asked is not None)
    return None


def _binaryen_need(wanted: Mapping[str, str], here: Mapping[str, Sequence[Candidate]]) -> Need:
    asked = wanted.get("binaryen")
    for candidate in here.get("binaryen", ()):
        if _does("binaryen", candidate.version, asked):
            return Need(name="binaryen", version=candidate.version, here=candidate, exact=asked is not None)
    return Need(name="binaryen", version=asked or compatibility.preferred_binaryen(), exact=asked is not None)


def _does(name: str, version: str, asked: str | None) -> bool:
    if asked is not None and not compatibility.matches(version, asked):
        return False
    return not compatibility.misfits(**{name: version})


def _stored(here: Mapping[str, Sequence[Candidate]], name: str, version: str) -> Candidate | None:
    return next((item for item in here.get(name, ()) if item.entry is not None and item.version == version), None)


def _resolve(name: str, choice: Choice[str], here: Mapping[str, Sequence[Candidate]], host: Host) -> str:
    """The version that was asked for, in full: the newest of a line; one that is on the machine counts too."""
    try:
        present = next((c.version for c in here.get(name, ()) if compatibility.matches(c.version, choice.value)), None)
        known = present or pins.newest_matching(name, choice.value, host)
    except ValueError:
        known = None
    if known is not None:
        return known
    title = ToolName(name).label
    versions = pins.known_versions(name, host)
    message = _("{tool} {version} (from {source}) is not known to hgw for {platform}").format(
        tool=title, version=choice.value, source=choice.source, platform=host.platform
    )
    hint = _("nearest: {near}; all: {all}").format(
        near=", ".join(_nearest(choice.value, versions)) or "-", all=", ".join(versions)
    )
    details = {"tool": name, "version": choice.value, "known": list(versions)}
    raise choice.source.refusal(message, code="version-unknown", hint=hint, details=details)


def _nearest(wanted: str, versions: Sequence[str]) -> list[str]:
    """The versions on either side of `wanted`, or those most like it where it is no number."""
    try:
        number = compatibility.release(wanted)
    except ValueError:
        import difflib

        return difflib.get_close_matches(wanted, versions, n=2)
    below = [version for version in versions if compatibility.release(version) < number]
    above = [version for version in versions if compatibility.release(version) > number]
    return [*below[-1:], *above[:1]]


def _refuse_misfits(request: Request, wanted: Mapping[str, str]) -> None:
    judged = {name: wanted[name] for name in request.tools if name in wanted}
    for misfit in compatibility.misfits(profile=request.profile, **judged):
        sources = ", ".join(dict.fromkeys(str(request.wanted[name].source) for name in judged))
        raise ToolError(
            _("{tool} {found} (from {source}) does not fit: {reason}; expected {expected}").format(
                tool=misfit.tool.label,
                found=misfit.found,
                source=sources,
                reason=misfit.reason,
                expected=misfit.expected,
            ),
            code=misfit.code,
            hint=_("ask for a version that fits, or for none: `hgw install` picks a set that works"),
            details={"tool": misfit.tool, "found": misfit.found, "expected": misfit.expected},
        )


def _no_set(request: Request, wanted: Mapping[str, str]) -> ToolError:
    asked = ", ".join(f"{ToolName(name).label} {version}" for name, version in wanted.items())
    return ToolError(
        _("no set of tools that hgw knows works with {asked}").format(asked=asked),
        code="no-set",
        hint=_("ask for a version that fits, or for none: `hgw install` picks a set that works"),
        details={"wanted": dict(wanted), "profile": request.profile},
    )
