"""The set of tools that a build on this machine uses: what is on the PATH and fits, else what hgw has installed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import Final

from higress_cli.errors import ToolError
from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.knowledge.compatibility import Misfit
from higress_cli.profile import Profile
from higress_cli.session import Session
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.probe import Probed, probe_all
from higress_cli.toolchain.store import Entry, Store
from higress_cli.toolchain.toolset import Toolset

NEEDED: Final[Mapping[str, tuple[str, ...]]] = {profile: profile.tools for profile in Profile}
_ANY: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A tool that is here; `entry` is its place in the store, None for one of the system's."""

    tool: Tool
    entry: Entry | None = None

    @property
    def version(self) -> str:
        return self.tool.version


def find_toolset(session: Session, *, profile: str, wanted: Mapping[str, str] = _ANY) -> Toolset:
    """The set for a profile from what is here already: no network, nothing is changed.

    Tools of the system come before hgw's own as far as they fit; `wanted` holds versions that the author asked for.

    Raises:
        ToolError: `tools-missing`, or the code of what does not fit (`go-too-new`, `go-too-old`, `tinygo-too-old`,
            `tinygo-refused`, `wasm-opt-too-old`).
    """
    store = Store(session.dirs.tools)
    probed = probe_all(session)
    here = candidates(probed, {name: store.entries(name) for name in NEEDED[profile]})
    chosen = best(here, profile=profile, wanted=wanted)
    if chosen is None:
        raise nothing_fits(here, probed, profile=profile, wanted=wanted)
    return assemble(session, store, chosen, profile=profile)


def candidates(probed: Mapping[str, Probed], stored: Mapping[str, Sequence[Entry]]) -> dict[str, tuple[Candidate, ...]]:
    """The tools that are here, by name, those of the system first."""
    here: dict[str, tuple[Candidate, ...]] = {}
    for name in ToolName:
        on_path = probed.get(name)
        system = (Candidate(tool=system_tool(name, on_path)),) if on_path and on_path.version else ()
        here[name] = (*system, *(Candidate(tool=entry.tool(), entry=entry) for entry in stored.get(name, ())))
    return here


def system_tool(name: str, probed: Probed) -> Tool:
    """A program of the PATH as a tool; the caller knows that it has a version."""
    assert probed.version is not None  # noqa: S101
    return Tool(
        name=ToolName(name),
        version=probed.version,
        source=SYSTEM,
        path=probed.path,
        home=probed.home,
        origin=str(probed.path),
    )


def best(
    here: Mapping[str, Sequence[Candidate]],
    *,
    profile: str,
    names: Sequence[str] = (),
    wanted: Mapping[str, str] = _ANY,
) -> tuple[Candidate, ...] | None:
    """The tools to use, one of each in `names` (default: all that the profile needs); None where nothing fits."""
    names = names or NEEDED[profile]
    pools = [
        [item for item in here.get(name, ()) if name not in wanted or compatibility.matches(item.version, wanted[name])]
        for name in names
    ]
    if "go" in names and "tinygo" not in names and "go" not in wanted:
        # Go alone is for a set that comes later.
        index = list(names).index("go")
        pools[index] = [item for item in pools[index] if compatibility.is_useful_go(item.version, profile=profile)]
    fitting = [combination for combination in product(*pools) if not _judge(combination, profile=profile)]
    return min(fitting, key=lambda combination: _rank(combination, profile), default=None)


def assemble(session: Session, store: Store, chosen: Iterable[Candidate], *, profile: str) -> Toolset:
    """The chosen tools as a set with the folders that a child's PATH needs."""
    from higress_cli.toolchain.mirrors import goproxy

    tools: dict[str, Tool] = {item.tool.name: item.tool for item in chosen}
    folders = [folder for item in chosen for folder in _search_path(store, item)]
    return Toolset(
        profile=profile,
        go=tools["go"],
        tinygo=tools.get("tinygo"),
        binaryen=tools.get("binaryen"),
        search_path=tuple(dict.fromkeys(folders)),
        goproxy=goproxy(session),
    )


def _search_path(store: Store, item: Candidate) -> tuple[Path, ...]:
    if item.entry is not None:
        return store.search_path(item.entry)
    # A tool of the system is on the PATH already, but a Go behind a shim (asdf, goenv) has to be called by itself.
    beside = item.tool.path.parent
    return (beside,) if item.tool.home is not None and beside == item.tool.home / "bin" else ()


def _judge(combination: Iterable[Candidate], *, profile: str) -> tuple[Misfit, ...]:
    versions: dict[str, str] = {item.tool.name: item.version for item in combination}
    return compatibility.misfits(
        profile=profile, go=versions.get("go"), tinygo=versions.get("tinygo"), binaryen=versions.get("binaryen")
    )


def _rank(combination: Iterable[Candidate], profile: str) -> tuple[tuple[int, ...], ...]:
    """TinyGo first, then Go: the system's own, then the versions that hgw prefers, then whatever fits."""
    preferred = compatibility.preferred_sets(profile)
    orders: dict[str, list[str | None]] = {
        "go": [item.go for item in preferred],
        "tinygo": [item.tinygo for item in preferred],
        "binaryen": [],
    }
    ranks: dict[str, tuple[int, ...]] = {}
    for item in combination:
        order = orders[item.tool.name]
        place = order.index(item.version) if item.version in order else len(order)
        newest_first = tuple(-number for number in compatibility.release(item.version).release)
        ranks[item.tool.name] = (0 if item.entry is None else 1, place, *newest_first)
    return tuple(ranks[name] for name in ("tinygo", "go", "binaryen") if name in ranks)


def nothing_fits(
    here: Mapping[str, Sequence[Candidate]],
    probed: Mapping[str, Probed],
    *,
    profile: str,
    names: Sequence[str] = (),
    wanted: Mapping[str, str] = _ANY,
) -> ToolError:
    """The error where `best` found nothing: what is missing, else what does not fit, and what would."""
    names = names or NEEDED[profile]
    missing = [
        name
        for name in names
        if not any(name not in wanted or compatibility.matches(item.version, wanted[name]) for item in here[name])
    ]
    if missing:
        return _missing(missing, probed, profile=profile, wanted=wanted)
    first = [here[name][0] for name in names]
    misfits = _judge(first, profile=profile)
    if not misfits:
        # Each would do for something, but not here: Go alone, in a profile whose TinyGo takes none like it.
        go = next(item for item in first if item.tool.name == "go")
        expected = compatibility.expected_go(profile)
        misfits = (
            Misfit(
                code="go-too-new",
                tool=ToolName.GO,
                found=go.version,
                expected=expected,
                reason=_("no TinyGo that hgw knows takes it"),
            ),
        )
    misfit = misfits[0]
    tool = next(item.tool for item in first if item.tool.name == misfit.tool)
    return ToolError(
        _("{tool} {found} ({path}) does not fit: {reason}; expected {expected}").format(
            tool=misfit.tool.label,
            found=misfit.found,
            path=tool.path,
            reason=misfit.reason,
            expected=misfit.expected,
        ),
        code=misfit.code,
        hint="hgw install",
        details={"tool": misfit.tool, "found": misfit.found, "expected": misfit.expected, "path": tool.path},
    )


def _missing(
    missing: Sequence[str], probed: Mapping[str, Probed], *, profile: str, wanted: Mapping[str, str]
) -> ToolError:
    titles = [f"{ToolName(name).label} {wanted[name]}" if name in wanted else ToolName(name).label for name in missing]
    message = _("not on this machine: {tools}").format(tools=", ".join(titles))
    mute = [found for name in missing if (found := probed.get(name)) is not None and found.version is None]
    if mute:
        said = (mute[0].raw.splitlines() or [""])[0]
        message += _("; {path} does not answer its version: {answer}").format(path=mute[0].path, answer=said[:200])
    return ToolError(
        message,
        code="tools-missing",
        hint="hgw install",
        details={
            "missing": list(missing),
            "found": {name: found.version for name, found in probed.items()},
            "expected": {
                name: wanted.get(name) or f">= {compatibility.floor(name, profile=profile)}" for name in missing
            },
        },
    )
