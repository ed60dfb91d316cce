"""Which engine runs a module, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from higress_cli.choice import Choice
from higress_cli.errors import HgwError, ToolError
from higress_cli.gateway import engines
from higress_cli.gateway.plugin import Needs, Plugin
from higress_cli.i18n import _, chained, listed
from higress_cli.project.scenario import Key
from higress_cli.settings.project import ENGINE, EVERY_ENGINE
from higress_cli.system.host import Host

if TYPE_CHECKING:
    from higress_cli.gateway.contract import Engine


@dataclass(frozen=True, kw_only=True)
class ChosenEngine:
    """An engine, and why it was chosen."""

    engine: "Engine"
    reason: str
    passed_over: tuple[str, ...] = ()
    """Why `auto` did not take the engines before it."""


def choose_engine(
    wanted: Choice[str],
    *,
    host: Host,
    plugin: Plugin | None = None,
    needs: Needs | None = None,
    keys: frozenset[Key] = frozenset(),
) -> ChosenEngine:
    """The engine for the setting `wanted`: the one it names, or with `auto` the first that can run here.

    With `plugin`, the engine must have all the host functions that the module imports. An engine is preferred that
    ignores nothing that the module asks of Higress and supports all `keys` of the scenarios. `needs` is what is known
    about a module that is not compiled yet.

    Raises:
        ToolError: `engine-missing`: this hgw does not include it, the machine cannot run it, a package is missing,
            or no engine supports the module.
    """
    if plugin is not None:
        needs = Needs(path=plugin.path, host_functions=plugin.host_functions)
    if wanted.value == EVERY_ENGINE:
        raise wanted.source.refusal(
            _("`{value}` (from {source}): a gateway runs on one engine").format(
                value=wanted.value, source=wanted.source
            ),
            code="choice-invalid",
            hint=_("`hgw verify --engine all` asks every engine"),
        )
    passed_over: list[str] = []
    problems: list[HgwError] = []
    second_best: Engine | None = None
    for name in engines.in_auto() if wanted.value == "auto" else (wanted.value,):
        engine = engines.engine(name)
        if engine is None:
            raise _unknown(wanted)
        problem = engine.obstacle(host) or (_unfit(engine, needs) if needs else None)
        if problem is not None:
            problems.append(problem)
            passed_over.append(_("{engine} cannot run it: {reason}").format(engine=name, reason=problem.message))
            continue
        shortcomings = _shortcomings(engine, plugin, keys)
        if not shortcomings:
            return ChosenEngine(engine=engine, reason=_reason(wanted, passed_over), passed_over=tuple(passed_over))
        second_best = second_best or engine
        passed_over += shortcomings
    if second_best is not None:
        return ChosenEngine(engine=second_best, reason=_reason(wanted, ()))
    # The engine tried last requires the least of a machine, so what it lacks can be installed.
    raise problems[-1]


@dataclass(frozen=True, kw_only=True)
class ChosenEngines:
    """Engines that each can run a plugin; `passed_over` says of all others why they cannot."""

    engines: tuple[ChosenEngine, ...]
    passed_over: tuple[str, ...] = ()


def choose_engines(
    wanted: Choice[str],
    *,
    host: Host,
    plugin: Plugin | None = None,
    needs: Needs | None = None,
    keys: frozenset[Key] = frozenset(),
) -> ChosenEngines:
    """The engines for the setting `wanted`: with `all` every one that can run here and load the module, else one.

    Raises:
        ToolError: `engine-missing`, as `choose_engine`.
    """
    if wanted.value != EVERY_ENGINE:
        return ChosenEngines(engines=(choose_engine(wanted, host=host, plugin=plugin, needs=needs, keys=keys),))
    if plugin is not None:
        needs = Needs(path=plugin.path, host_functions=plugin.host_functions)
    found: list[ChosenEngine] = []
    problems: list[HgwError] = []
    passed_over: list[str] = []
    for name in engines.TABLE:
        engine = engines.engine(name)
        assert engine is not None  # noqa: S101 -- it is in the table
        problem = engine.obstacle(host) or (_unfit(engine, needs) if needs else None)
        if problem is None:
            found.append(ChosenEngine(engine=engine, reason=_("from {source}").format(source=wanted.source)))
        else:
            problems.append(problem)
            passed_over.append(_("{engine} cannot run it: {reason}").format(engine=name, reason=problem.message))
    if not found:
        raise problems[-1]
    return ChosenEngines(engines=tuple(found), passed_over=tuple(passed_over))


def lacks_keys(engine: "Engine", keys: frozenset[Key]) -> str | None:
    """Why a scenario with these keys is not played on the engine, None if it is."""
    missing = listed(sorted(keys - engine.carries))
    if not missing:
        return None
    return _("the engine {engine} does not support {keys}").format(engine=engine.name, keys=missing)


def supporting(keys: frozenset[Key]) -> str | None:
    """The first engine that `auto` may take and that supports all these keys; None if none does."""
    found = ((name, engines.engine(name)) for name in engines.in_auto())
    return next((name for name, engine in found if engine is not None and keys <= engine.carries), None)


def _shortcomings(engine: "Engine", plugin: Plugin | None, keys: frozenset[Key]) -> list[str]:
    """What the engine can run the plugin without, and another might have."""
    found = []
    if ignored := engine.ignores(plugin) if plugin else frozenset():
        found.append(_("{engine} ignores {names}").format(engine=engine.name, names=listed(sorted(ignored))))
    if lack := lacks_keys(engine, keys):
        found.append(lack)
    return found


def _reason(wanted: Choice[str], passed_over: Sequence[str]) -> str:
    if wanted.value != "auto":
        return _("from {source}").format(source=wanted.source)
    if passed_over:
        return chained(passed_over)
    return _("the first that can run the module")


def _unknown(wanted: Choice[str]) -> ToolError:
    return ToolError(
        _("the engine {engine} (from {source}) is not part of this version of hgw").format(
            engine=wanted.value, source=wanted.source
        ),
        code="engine-missing",
        hint=_("use --engine {engine}").format(engine=next(iter(engines.TABLE))),
        again=(ENGINE.flag, next(iter(engines.TABLE))),
        details={"engine": wanted.value, "source": wanted.source},
    )


def _unfit(engine: "Engine", needs: Needs) -> ToolError | None:
    lacking = sorted(engine.lacks(needs.host_functions))
    if not lacking:
        return None
    return ToolError(
        _("{path} calls what only Higress has: {imports}; the engine {engine} cannot load it").format(
            path=needs.path, imports=listed(lacking), engine=engine.name
        ),
        code="engine-missing",
        hint=_("use --engine {engine}").format(engine="builtin"),
        again=(ENGINE.flag, "builtin"),
        details={"engine": "builtin", "imports": lacking, "path": needs.path},
    )
