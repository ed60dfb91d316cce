"""The checks that exist, in the order of the report."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from higress_cli import data
from higress_cli.doctor.model import CheckSpec
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _

GROUPS: Final = {
    "tools": N_("Tools"),
    "project": N_("Project"),
    "ports": N_("Ports"),
    "engines": N_("Gateway engines"),
}
_CHECKS: Final = (
    ("go", "tools", N_("Go")),
    ("tinygo", "tools", N_("TinyGo")),
    ("wasm-opt", "tools", N_("wasm-opt")),
    ("toolset", "tools", N_("set for hgw build")),
    ("project", "project", N_("settings")),
    ("go-mod", "project", N_("go.mod")),
    ("config", "project", N_("plugin configuration")),
    ("gateway-files", "project", N_("other configurations")),
    ("module", "project", N_("module")),
    ("port-gateway", "ports", N_("gateway")),
    ("port-upstream", "ports", N_("upstream")),
    ("engine-envoy", "engines", N_("Envoy")),
    ("engine-docker", "engines", N_("Docker")),
)


@dataclass(frozen=True, kw_only=True)
class _Pages:
    """data/doctor.toml: a page to read for each check."""

    docs: Mapping[str, data.Url]


@cache
def checks() -> tuple[CheckSpec, ...]:
    """Every check, in the order of the report."""
    docs = data.load("doctor.toml", _Pages).docs
    return tuple(CheckSpec(id=name, group=group, title=title, docs=docs.get(name)) for name, group, title in _CHECKS)


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
