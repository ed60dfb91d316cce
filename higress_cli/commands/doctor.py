"""`hgw doctor`: look at the machine and the project, say what is wrong and how to mend it, mend it on request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from higress_cli.compile.target import target_faults
from higress_cli.doctor import catalogue, gateway_files, go_mod, machine, plugin_files, tools
from higress_cli.doctor.facts import Facts
from higress_cli.doctor.model import Check, CheckSpec, Finding, Fix, Remedy, Status, skip
from higress_cli.doctor.runner import Judge, run_checks
from higress_cli.errors import ExitCode, InvalidInput
from higress_cli.go.mod import read_go_mod
from higress_cli.i18n import _
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.system import fs
from higress_cli.tool import ToolName

_TOOL_OF_CHECK = {name.program: name for name in ToolName}


@dataclass(frozen=True, kw_only=True)
class DoctorResult(Result):
    """What the checks found, after fixing where that was asked for."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"strict", "withheld"}
    computed: ClassVar[tuple[str, ...]] = ("counts",)
    checks: tuple[Check, ...]
    """The checks that ran, in the order of the report."""
    fixed: tuple[str, ...] = ()
    """The ids of the checks whose finding --fix fixed; `checks` says what was found afterwards."""
    withheld: tuple[str, ...] = ()
    """The ids of the checks whose fix was not consented to."""
    strict: bool = False
    """Whether warnings count as errors."""

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many checks ended in each state."""
        return {status: sum(check.status is status for check in self.checks) for status in Status}

    @property
    def exit_code(self) -> ExitCode:
        if self.withheld:
            return ExitCode.CONSENT
        wrong = {Status.FAIL, Status.CRASH, *({Status.WARN} if self.strict else ())}
        return ExitCode.CHECK_FAILED if any(check.status in wrong for check in self.checks) else ExitCode.OK


@dataclass(frozen=True, kw_only=True)
class CheckEntry:
    """A check in the list."""

    id: str
    """What `hgw doctor ID` takes; stable."""
    group: str
    """What the check belongs to; `hgw doctor GROUP` runs them all."""
    title: str
    """A word or two, in the language of the call."""


@dataclass(frozen=True, kw_only=True)
class ChecksResult(Result):
    """With --list-checks: the checks that exist."""

    available: tuple[CheckEntry, ...] = field(default_factory=tuple)
    """Every check, in the order of the report."""


def list_checks() -> ChecksResult:
    """Every check, in the order of the report."""
    return ChecksResult(
        available=tuple(
            CheckEntry(id=spec.id, group=spec.group, title=catalogue.title(spec)) for spec in catalogue.checks()
        )
    )


def doctor(session: Session, *, wanted: Sequence[str] = (), fix: bool = False, strict: bool = False) -> DoctorResult:
    """Run the checks with these ids or of these groups; none given is all of them.

    With `fix`, what is wrong is mended as far as that is safe or was consented to, and checked again.

    Raises:
        UsageError: `check-unknown`.
        HgwError: a step of mending failed, such as a download.
    """
    specs = catalogue.select(wanted)
    found = _run(session, specs)
    if not fix:
        return DoctorResult(checks=found, strict=strict)
    fixed, withheld = _mend(session, found)
    if fixed:
        found = _run(session, specs)
    return DoctorResult(
        checks=found,
        fixed=fixed,
        withheld=withheld,
        strict=strict,
        warnings=tuple(
            _("{check} was not mended: it needs your consent; add --yes").format(check=name) for name in withheld
        ),
    )


def _run(session: Session, specs: Sequence[CheckSpec]) -> tuple[Check, ...]:
    facts = Facts(session)
    judges: dict[str, Judge] = {
        **{check: _tool_judge(facts, name) for check, name in _TOOL_OF_CHECK.items()},
        "toolset": lambda: _judge_toolset(facts),
        "project": lambda: _judge_project(facts),
        "go-mod": lambda: _judge_go_mod(facts),
        "config": lambda: _judge_config(facts),
        "gateway-files": lambda: _judge_gateway_files(facts),
        "module": lambda: _judge_module(facts),
        "port-gateway": lambda: _judge_port(facts, "--port"),
        "port-upstream": lambda: _judge_port(facts, "--upstream-port"),
        "engine-envoy": lambda: _judge_envoy(facts),
        "engine-docker": lambda: machine.judge_docker(facts.docker()),
    }
    with session.reporter.activity(_("Looking at the machine and the project")):
        return run_checks(specs, judges)


def _tool_judge(facts: Facts, name: ToolName) -> Judge:
    def judge() -> Finding:
        return tools.judge_tool(name, profile=facts.profile(), program=facts.program(name), chosen=facts.chosen(name))

    return judge


def _judge_toolset(facts: Facts) -> Finding:
    chosen, problem = facts.toolset()
    return tools.judge_toolset(
        profile=facts.profile(),
        chosen=chosen,
        problem=problem,
        tools=[_tool_judge(facts, name)() for name in _TOOL_OF_CHECK.values()],
    )


def _judge_project(facts: Facts) -> Finding:
    project = facts.project()
    if project is None:
        return _no_project(facts)
    return plugin_files.judge_project(project, choices=facts.choices(), faults=target_faults(facts.choices()))


def _judge_go_mod(facts: Facts) -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return _no_project(facts)
    if not project.go_mod.is_file():
        return skip(_("no go.mod"))
    chosen, _problem = facts.toolset()
    versions: dict[str, str] = {tool.name: tool.version for tool in chosen}
    return go_mod.judge_go_mod(
        read_go_mod(project.go_mod),
        project.go_mod.read_bytes().decode("utf-8-sig"),
        profile=facts.profile(),
        go=versions.get("go"),
        tinygo=versions.get("tinygo"),
        calls=facts.calls(project),
    )


def _judge_config(facts: Facts) -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return _no_project(facts)
    config, path = facts.config(project)
    if config is None:
        return skip(_("no {name}: the plugin gets no configuration").format(name=path.name))
    return plugin_files.judge_config(config)


def _judge_gateway_files(facts: Facts) -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return _no_project(facts)
    try:
        config, path = facts.config(project)
    except InvalidInput:
        return skip(_("judged once the plugin configuration reads"))
    written = gateway_files.find_written(project.directory)
    return gateway_files.judge_written(written, values=config.values if config else {}, config=path)


def _judge_module(facts: Facts) -> Finding:
    project = facts.project_or_bare()
    if project is None:
        return _no_project(facts)
    return plugin_files.judge_module(facts.module(project), abi=facts.abi())


def _judge_port(facts: Facts, option: str) -> Finding:
    port = facts.port(option)
    return skip(_("the upstream is somebody else's")) if port is None else machine.judge_port(port)


def _judge_envoy(facts: Facts) -> Finding:
    packages, problem = facts.envoy()
    return machine.judge_envoy(packages=packages, problem=problem)


def _no_project(facts: Facts) -> Finding:
    return skip(_("no plugin in {path}").format(path=facts.session.directory))


def _mend(session: Session, checks: Sequence[Check]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Apply the remedies, each once; the ids of the checks that were mended, and of those left without consent."""
    fixed: list[str] = []
    withheld: list[str] = []
    applied: set[Fix] = set()
    for check in checks:
        fix = check.finding.fix
        if fix is None or fix.remedy is None:
            continue
        if fix not in applied:
            if not fix.safe and not _consents(session, check, fix):
                withheld.append(check.id)
                continue
            _apply(session, fix)
            applied.add(fix)
        fixed.append(check.id)
    return tuple(fixed), tuple(withheld)


def _consents(session: Session, check: Check, fix: Fix) -> bool:
    if session.assume_yes:
        return True
    question = _("{title}: {summary}. Do it?").format(title=check.title, summary=fix.summary)
    return session.interactive and session.reporter.confirm(question)


def _apply(session: Session, fix: Fix) -> None:
    match fix.remedy:
        case Remedy.INSTALL:
            from higress_cli.commands.install import install

            install(session)
        case Remedy.REMOVE_EMPTY_FOLDER if fix.target is not None:
            fix.target.rmdir()
        case Remedy.REWRITE_FILE if fix.target is not None:
            fs.write_atomically(fix.target, fix.content.encode("utf-8"))
