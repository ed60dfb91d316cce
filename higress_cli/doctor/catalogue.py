"""The checks that exist, in the order of the report, one row for each."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from higress_cli import data
from higress_cli.doctor.gateway_files import check_gateway_files
from higress_cli.doctor.go_mod import check_go_mod
from higress_cli.doctor.machine import check_docker, check_envoy, check_port
from higress_cli.doctor.model import CheckSpec, Finding
from higress_cli.doctor.plugin_files import check_config, check_module, check_project
from higress_cli.doctor.tools import check_tool, check_toolset
from higress_cli.doctor.variables import check_variables
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _
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
_CHECKS: Final[tuple[tuple[str, str, str, Callable[["Facts"], Finding]], ...]] = (
    ("variables", "machine", N_("HGW variables"), check_variables),
    ("go", "tools", N_("Go"), partial(check_tool, name=ToolName.GO)),
    ("tinygo", "tools", N_("TinyGo"), partial(check_tool, name=ToolName.TINYGO)),
    ("wasm-opt", "tools", N_("wasm-opt"), partial(check_tool, name=ToolName.BINARYEN)),
    ("toolset", "tools", N_("set for hgw build"), check_toolset),
    ("project", "project", N_("settings"), check_project),
    ("go-mod", "project", N_("go.mod"), check_go_mod),
    ("config", "project", N_("plugin configuration"), check_config),
    ("gateway-files", "project", N_("other configurations"), check_gateway_files),
    ("module", "project", N_("module"), check_module),
    ("port-gateway", "ports", N_("gateway"), partial(check_port, option="--port")),
    ("port-upstream", "ports", N_("upstream"), partial(check_port, option="--upstream-port")),
    ("engine-envoy", "engines", N_("Envoy"), check_envoy),
    ("engine-docker", "engines", N_("Docker"), check_docker),
)


@dataclass(frozen=True, kw_only=True)
class _Pages:
    """data/doctor.toml: a page to read for each check."""

    docs: Mapping[str, data.Url]


@cache
def checks() -> tuple[CheckSpec, ...]:
    """Every check, in the order of the report."""
    docs = data.load("doctor.toml", _Pages).docs
    return tuple(
        CheckSpec(id=name, group=group, title=title, judge=judge, docs=docs.get(name))
        for name, group, title, judge in _CHECKS
    )


def title(spec: CheckSpec) -> str:
    """What a check is called, in the language of the call."""
    return _(spec.title)


def select(wanted: Sequence[str]) -> tuple[CheckSpec, ...]:
    """The checks with these ids or of these groups, in the order of the report; no wish is all of them.

    Raises:
        UsageError: `check-unknown`, with the nearest names.
    """
    known = [spec.id for spec in checks()]
    for name in wanted:
        if name not in known and name not in GROUPS:
            near = difflib.get_close_matches(name, [*known, *GROUPS], n=3, cutoff=0.6)
            raise UsageError(
                _("no such check: {name}").format(name=name),
                code="check-unknown",
                hint=_("did you mean `{near}`?").format(near=_("` or `").join(near))
                if near
                else "hgw doctor --list-checks",
                details={"name": name, "known": known},
            )
    return tuple(spec for spec in checks() if not wanted or spec.id in wanted or spec.group in wanted)
