"""Every check, one row each, in the order of the report."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from higress_cli.doctor.gateway_files import check_gateway_files
from higress_cli.doctor.go_mod import check_go_mod
from higress_cli.doctor.machine import check_builtin, check_docker, check_envoy, check_port
from higress_cli.doctor.model import CheckSpec, Finding
from higress_cli.doctor.plugin_files import check_config, check_module, check_project
from higress_cli.doctor.source import check_source
from higress_cli.doctor.tools import check_tool, check_toolset
from higress_cli.doctor.variables import check_variables
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _
from higress_cli.knowledge.catalogue import entry
from higress_cli.spelling import nearest
from higress_cli.tool import ToolName

if TYPE_CHECKING:
    from higress_cli.doctor.facts import Facts

GROUPS: Final = {
    "machine": N_("Machine"),
    "tools": N_("Tools"),
    "project": N_("Project"),
    "ports": N_("Ports"),
    "engines": N_("Gateway engines"),
}
_CHECKS: Final[tuple[tuple[str, str, Callable[["Facts"], Finding]], ...]] = (
    ("variables", "machine", check_variables),
    ("go", "tools", partial(check_tool, name=ToolName.GO)),
    ("tinygo", "tools", partial(check_tool, name=ToolName.TINYGO)),
    ("wasm-opt", "tools", partial(check_tool, name=ToolName.BINARYEN)),
    ("toolset", "tools", check_toolset),
    ("project", "project", check_project),
    ("go-mod", "project", check_go_mod),
    ("source", "project", check_source),
    ("config", "project", check_config),
    ("gateway-files", "project", check_gateway_files),
    ("module", "project", check_module),
    ("port-gateway", "ports", partial(check_port, option="--port")),
    ("port-upstream", "ports", partial(check_port, option="--upstream-port")),
    ("engine-envoy", "engines", check_envoy),
    ("engine-builtin", "engines", check_builtin),
    ("engine-docker", "engines", check_docker),
)


@cache
def checks() -> tuple[CheckSpec, ...]:
    """Every check, in the order of the report; its title is that of its id in the error catalogue."""
    return tuple(
        CheckSpec(id=name, group=group, title=(row := entry(name)).title, docs=next(iter(row.links), None))
        for name, group, _judge in _CHECKS
    )


def judge(spec: CheckSpec, *, facts: "Facts") -> Finding:
    """Run one check on the facts."""
    return next(found for name, _group, found in _CHECKS if name == spec.id)(facts)


def select(wanted: Sequence[str]) -> tuple[CheckSpec, ...]:
    """The checks with these ids or in these groups, in the order of the report; with no names, all of them.

    Raises:
        UsageError: `check-unknown`, with the nearest names.
    """
    known = [spec.id for spec in checks()]
    for name in wanted:
        if name not in known and name not in GROUPS:
            near = nearest(name, [*known, *GROUPS], most=3)
            raise UsageError(
                _("no such check: {name}").format(name=name),
                code="check-unknown",
                hint=_("did you mean `{near}`?").format(near=_("` or `").join(near))
                if near
                else "hgw doctor --list-checks",
                details={"name": name, "known": known},
            )
    return tuple(spec for spec in checks() if not wanted or spec.id in wanted or spec.group in wanted)
