"""What Go sources and go.mod need to know of the two profiles: module versions and import paths."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from higress_cli.errors import ConflictError
from higress_cli.i18n import _


@dataclass(frozen=True, kw_only=True)
class Module:
    """A Go module at a version; `name` is what manifests call it, None for one that only others need."""

    path: str
    version: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class GoProfile:
    """The Go side of a profile: the `go` line, all modules, import paths by short name, the whole go.sum."""

    go: str
    log_type: str
    modules: tuple[Module, ...]
    imports: Mapping[str, str]
    sum: str

    def direct(self, names: Sequence[str]) -> tuple[Module, ...]:
        """The modules that the plugin itself imports."""
        return tuple(module for module in self.modules if module.name in names)

    def indirect(self, names: Sequence[str]) -> tuple[Module, ...]:
        """The modules that only its dependencies import."""
        return tuple(
            sorted((module for module in self.modules if module.name not in names), key=lambda item: item.path)
        )

    def import_block(self, names: Sequence[str], *, own: Sequence[str] = ()) -> str:
        """A gofmt-clean import declaration: standard library, other modules, the plugin's own packages.

        `names` are short names of this profile (`wrapper`, `sdk`) or paths of the standard library; a short name
        that this profile does not have is passed over, so that one list serves both profiles.
        """
        others = sorted(self.imports[name] for name in names if name in self.imports)
        standard = sorted(name for name in names if name not in _short_names())
        groups = [group for group in (standard, others, sorted(own)) if group]
        body = "\n\n".join("\n".join(f'\t"{path}"' for path in group) for group in groups)
        return f"import (\n{body}\n)"


@cache
def _document() -> Mapping[str, Mapping[str, object]]:
    text = resources.files("higress_cli.data").joinpath("modules.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def go_profile(name: str) -> GoProfile:
    """The Go side of the profile `name`."""
    entry: Mapping[str, object] = _document()[name]
    modules = entry["module"]
    imports = entry["import"]
    assert isinstance(modules, list)  # noqa: S101 -- the data file is ours
    assert isinstance(imports, dict)  # noqa: S101
    return GoProfile(
        go=str(entry["go"]),
        log_type=str(entry["log_type"]),
        modules=tuple(Module(**module) for module in modules),
        imports=imports,
        sum=str(entry["sum"]).lstrip("\n"),
    )


@cache
def _short_names() -> frozenset[str]:
    return frozenset(name for profile in _document() for name in go_profile(profile).imports)


def check_modules(names: Sequence[str], *, profile: str, template: str) -> None:
    """Refuse a manifest that names a module which the profile does not have.

    Raises:
        ConflictError: `template-invalid`.
    """
    known = {module.name for module in go_profile(profile).modules if module.name}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConflictError(
            _("the template {template} asks for unknown Go modules: {names}; there are: {known}").format(
                template=template, names=", ".join(unknown), known=", ".join(sorted(known))
            ),
            code="template-invalid",
            details={"modules": unknown},
        )
