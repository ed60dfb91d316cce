"""What go.mod requires against what the source imports, and versions of which nothing is known."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault, Severity
from higress_cli.go.misspelt_imports import known_modules, meant
from higress_cli.go.mod import GoMod
from higress_cli.go.requirements import missing_pins, provides
from higress_cli.i18n import _
from higress_cli.knowledge.compatibility import go_mod_rules, is_newer
from higress_cli.knowledge.dependencies import is_known_version, newest_known

NOT_REQUIRED: Final = "go-mod-import-missing"
VERSION_UNKNOWN: Final = "go-module-version-unknown"


def import_faults(
    go_mod: GoMod, imports: Mapping[str, str], *, pins: Mapping[str, str], uncovered: Collection[str] | None = None
) -> tuple[Fault, ...]:
    """Imports that no Go module in go.mod provides. A build adds them, so these are warnings.

    `imports` are the packages with the places that import them. `uncovered` are those that the go command does not
    find, None if it was not asked. Before Go 1.17, a go.mod need not name what its dependencies bring
    (go.dev/ref/mod, "Module graph pruning"), so that only the go command knows.
    """
    if uncovered is None and go_mod.go is not None and is_newer(go_mod_rules().complete, go_mod.go):
        return ()
    found = missing_pins(go_mod, imports, pins=pins)
    known = known_modules(go_mod)
    faults = []
    for package, place in imports.items():
        if _is_covered(go_mod, package) or (uncovered is not None and package not in uncovered):
            continue
        module = next((path for path in found if provides(path, package)), None)
        near = None if module else meant(package, known)
        message = _("go.mod does not require a Go module that provides {package}").format(package=package)
        faults.append(
            Fault(
                id=NOT_REQUIRED,
                severity=Severity.WARNING,
                message=_("{message}; did you mean `{near}`?").format(message=message, near=near) if near else message,
                places=(place,),
                expected=f"{module} {found[module]}" if module else None,
                hint="hgw doctor go-mod --fix" if module else "hgw build",
                facts={"module": module, "version": found.get(module or ""), "package": package, "meant": near},
            )
        )
    return tuple(faults)


def version_faults(
    go_mod: GoMod, *, pins: Mapping[str, str], is_downloaded: Callable[[str, str], bool]
) -> tuple[Fault, ...]:
    """Required releases of the SDK and the wrapper that hgw does not know and that the module cache does not have.

    There may be such a release since this hgw was made, so these are warnings. `is_downloaded` takes the path of a Go
    module and a version.
    """
    faults = []
    for path, version in go_mod.versions.items():
        if is_known_version(path, version) or is_downloaded(path, version):
            continue
        requirement = go_mod.requirement_of(path)
        message = _("hgw knows no version {version} of {module}; the newest that it knows is {newest}")
        faults.append(
            Fault(
                id=VERSION_UNKNOWN,
                severity=Severity.WARNING,
                message=message.format(version=version, module=path, newest=newest_known(path)),
                places=(go_mod.place(requirement.line if requirement else None),),
                expected=pins.get(path),
                hint="hgw doctor go-mod --fix" if path in pins else None,
                facts={"module": path, "version": version},
                error=InvalidInput,
            )
        )
    return tuple(faults)


def not_imported(go_mod: GoMod, imports: Collection[str]) -> tuple[str, ...]:
    """The Go modules that go.mod requires as if the plugin's own files imported them, although none of them does."""
    return tuple(
        requirement.path
        for requirement in go_mod.requirements
        if not requirement.indirect and not any(provides(requirement.path, package) for package in imports)
    )


def _is_covered(go_mod: GoMod, package: str) -> bool:
    """Whether a package is of the standard library, of the plugin's own Go module, or of one that go.mod names."""
    if "." not in package.partition("/")[0] or (go_mod.module is not None and provides(go_mod.module, package)):
        return True
    named = (*(found.path for found in go_mod.requirements), *(found.path for found in go_mod.replacements))
    return any(provides(path, package) for path in named)
