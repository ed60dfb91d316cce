"""The set of tools that a build on this machine uses: those on the PATH that fit, else those that hgw has installed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from higress_cli.errors import ToolError
from higress_cli.i18n import _, listed
from higress_cli.knowledge import compatibility
from higress_cli.knowledge.compatibility import Misfit
from higress_cli.profile import Profile
from higress_cli.session import Session
from higress_cli.settings.machine import COMPILER_CACHE
from higress_cli.system.paths import expanded
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.mirrors import goproxy
from higress_cli.toolchain.probe import Probed, probe_all
from higress_cli.toolchain.sets import Here, SetRequest, misfits, usable
from higress_cli.toolchain.store import Store
from higress_cli.toolchain.toolset import Toolset

_NONE_NAMED: Final[Mapping[ToolName, str | None]] = MappingProxyType({})


def find_toolset(session: Session, request: SetRequest) -> Toolset:
    """The best set of the tools that are already here. Uses no network and changes nothing.

    Raises:
        ToolError: `tools-missing`, or the code of the misfit (`go-too-new`, `go-too-old`, `tinygo-too-old`,
            `tinygo-refused`, `wasm-opt-too-old`).
    """
    store = Store(session.dirs.tools)
    probed = probe_all(session)
    here = tools_here(store, probed)
    plan = next(iter(usable(request, here)), None)
    if plan is None:
        raise nothing_fits(request, here, probed)
    return assemble(session, store, plan.tools, profile=request.profile)


def tools_here(store: Store, probed: Mapping[ToolName, Probed]) -> dict[ToolName, tuple[Tool, ...]]:
    """The tools that are here, by name, the system's first."""
    return {
        name: (
            *((system_tool(name, probed[name]),) if name in probed and probed[name].version else ()),
            *(entry.tool() for entry in store.entries(name)),
        )
        for name in ToolName
    }


def system_tool(name: ToolName, probed: Probed) -> Tool:
    """A program of the PATH as a tool; its version must be known."""
    assert probed.version is not None  # noqa: S101
    return Tool(
        name=name,
        version=probed.version,
        source=SYSTEM,
        path=probed.path,
        home=probed.home,
        origin=str(probed.path),
    )


def compiler_cache(session: Session) -> Path | None:
    """The folder that the user chose for the caches of Go and TinyGo, None for their own places."""
    chosen = session.choose(COMPILER_CACHE).value
    return session.path(expanded(chosen)) if chosen else None


def assemble(session: Session, store: Store, tools: Sequence[Tool], *, profile: Profile) -> Toolset:
    """The tools as a set, with the folders for a child's PATH."""
    by_name = {tool.name: tool for tool in tools}
    folders = [folder for tool in tools for folder in _search_path(store, tool)]
    return Toolset(
        profile=profile,
        go=by_name[ToolName.GO],
        tinygo=by_name.get(ToolName.TINYGO),
        binaryen=by_name.get(ToolName.BINARYEN),
        search_path=tuple(dict.fromkeys(folders)),
        goproxy=goproxy(session),
        cache=compiler_cache(session),
    )


def nothing_fits(request: SetRequest, here: Here, probed: Mapping[ToolName, Probed]) -> ToolError:
    """The error for a machine without a usable set: what is missing, or else what does not fit and what would."""
    wanted = {name: choice.value for name, choice in request.wanted.items()}
    candidates = {
        name: [tool for tool in here[name] if name not in wanted or compatibility.matches(tool.version, wanted[name])]
        for name in request.tools
    }
    missing = [name for name, tools in candidates.items() if not tools]
    if missing:
        return _missing(missing, probed, profile=request.profile, wanted=wanted)
    first = {name: tools[0] for name, tools in candidates.items()}
    # If no tool has a problem of its own, only Go was requested, and no TinyGo accepts this one.
    misfit = next(iter(misfits(first.values(), profile=request.profile)), None) or Misfit(
        code="go-too-new",
        tool=ToolName.GO,
        found=first[ToolName.GO].version,
        expected=compatibility.expected_go(request.profile),
        reason=_("no TinyGo that hgw knows accepts it"),
    )
    path = first[misfit.tool].path
    return ToolError(
        _("{tool} {found} ({path}) does not fit: {reason}; expected {expected}").format(
            tool=misfit.tool.label, found=misfit.found, path=path, reason=misfit.reason, expected=misfit.expected
        ),
        code=misfit.code,
        hint="hgw install",
        details={"tool": misfit.tool, "found": misfit.found, "expected": misfit.expected, "path": path},
    )


def _search_path(store: Store, tool: Tool) -> tuple[Path, ...]:
    entry = store.entry_of(tool)
    if entry is not None:
        return store.search_path(entry)
    # A tool of the system is already on the PATH, but a Go behind a shim (asdf, goenv) must be called directly.
    beside = tool.path.parent
    return (beside,) if tool.home is not None and beside == tool.home / "bin" else ()


def _missing(
    missing: Sequence[ToolName], probed: Mapping[ToolName, Probed], *, profile: Profile, wanted: Mapping[ToolName, str]
) -> ToolError:
    titles = [f"{name.label} {wanted[name]}" if name in wanted else name.label for name in missing]
    message = _("not on this machine: {tools}").format(tools=listed(titles))
    mute = [found for name in missing if (found := probed.get(name)) is not None and found.version is None]
    if mute:
        output = (mute[0].raw.splitlines() or [""])[0]
        message += _("; {path} does not report a version: {answer}").format(path=mute[0].path, answer=output[:200])
    return ToolError(
        message,
        code="tools-missing",
        hint="hgw install",
        details={
            "missing": missing,
            "found": {name: found.version for name, found in probed.items()},
            "expected": {
                name: wanted.get(name) or f">= {compatibility.floor(name, profile=profile)}" for name in missing
            },
        },
    )
