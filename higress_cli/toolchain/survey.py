"""The tools on the machine before anything is fetched: which are usable for a request, and why others are not."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from higress_cli.i18n import _, joined, noted
from higress_cli.knowledge import compatibility
from higress_cli.session import Session
from higress_cli.system.workers import Workers
from higress_cli.tool import SYSTEM, Tool, ToolName
from higress_cli.toolchain.attempt import Tried
from higress_cli.toolchain.probe import Probed, probe_all
from higress_cli.toolchain.selection import system_tool, tools_here
from higress_cli.toolchain.sets import Here, SetPlan, SetRequest, misfits, usable
from higress_cli.toolchain.sources.table import names_of
from higress_cli.toolchain.store import Damage, Entry, Store


@dataclass(frozen=True, kw_only=True)
class Survey:
    """`probed` is what is on the PATH, `here` the tools from the allowed sources: all, or only `source`."""

    request: SetRequest
    source: str | None
    store: Store
    probed: Mapping[ToolName, Probed]
    here: Here
    variables: Mapping[str, str] = field(repr=False)

    def usable(self) -> tuple[SetPlan | None, tuple[Damage, ...]]:
        """The best undamaged set that needs nothing fetched, and the damage found while looking for it."""
        found: list[Damage] = []
        for plan in usable(self.request, self.here):
            entries = [entry for tool in plan.tools if (entry := self.store.entry_of(tool)) is not None]
            bad = {damage.folder for damage in found}
            if bad & {folder for entry in entries for folder in _folders(self.store, entry)}:
                continue
            damages = self._damages(entries)
            if not damages:
                return plan, tuple(found)
            found += damages
        return None, tuple(found)

    def sound(self) -> Here:
        """The tools that are here, except hgw's own if damaged."""
        entries = self._entries()
        bad = {damage.folder for damage in self._damages(list(entries.values()))}
        damaged = {tool for tool, entry in entries.items() if bad & set(_folders(self.store, entry))}
        return {name: tuple(tool for tool in tools if tool not in damaged) for name, tools in self.here.items()}

    def damages(self) -> tuple[Damage, ...]:
        """How hgw's own tools that are here are damaged."""
        return tuple(self._damages(list(self._entries().values())))

    def again(self) -> "Survey":
        """A survey with a fresh look at the store, which may have changed."""
        return replace(self, here=_here(self.store, self.probed, self.source))

    def system_reasons(self, plan: SetPlan) -> dict[ToolName, tuple[Tried, ...]]:
        """Why tools of the PATH were passed over for a set."""
        return {
            name: (Tried(source=SYSTEM, reason=self._system_reason(name, plan)),)
            for name in self.request.tools
            if self.source is None or self.source not in names_of(name)
        }

    def _entries(self) -> dict[Tool, Entry]:
        return {
            tool: entry
            for name in self.request.tools
            for tool in self.here[name]
            if (entry := self.store.entry_of(tool)) is not None
        }

    def _damages(self, entries: list[Entry]) -> list[Damage]:
        with Workers(len(ToolName)) as pool:
            judged = pool.map(lambda entry: self.store.damage(entry, self.variables), entries)
            return [damage for damage in judged if damage is not None]

    def _system_reason(self, name: ToolName, plan: SetPlan) -> str:
        found = self.probed.get(name)
        if found is None:
            return _("not on the PATH")
        if found.version is None:
            return _("{path} does not report a version").format(path=found.path)
        what = noted(found.version, found.path)
        choice = self.request.wanted.get(name)
        if choice is not None and not compatibility.matches(found.version, choice.value):
            return _("{what}: {source} asks for {version}").format(
                what=what, source=choice.source, version=choice.value
            )
        tool = system_tool(name, found)
        tinygo = plan.need(ToolName.TINYGO) if name is ToolName.GO else None
        for misfit in misfits((tinygo, tool) if tinygo else (tool,), profile=self.request.profile):
            return joined((what, misfit.reason))
        return _("{what}: it does not fit the other tools").format(what=what)


def survey(session: Session, request: SetRequest, *, source: str | None) -> Survey:
    """Look at the PATH and at the store; with `source`, tools that have this source count only if they came from it."""
    store = Store(session.dirs.tools)
    probed = probe_all(session)
    return Survey(
        request=request,
        source=source,
        store=store,
        probed=probed,
        here=_here(store, probed, source),
        variables=session.variables,
    )


def _here(store: Store, probed: Mapping[ToolName, Probed], source: str | None) -> Here:
    found = tools_here(store, probed)
    return {name: tuple(tool for tool in tools if _allowed(tool, source)) for name, tools in found.items()}


def _allowed(tool: Tool, source: str | None) -> bool:
    return source is None or (source not in names_of(tool.name) and source != SYSTEM) or tool.source == source


def _folders(store: Store, entry: Entry) -> tuple[Path, ...]:
    return (entry.folder, *(other.folder for other in store.required(entry)))
