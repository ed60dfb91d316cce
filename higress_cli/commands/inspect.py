"""`hgw inspect`: what a WebAssembly module is, and whether a gateway would take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.choice import Choice
from higress_cli.commands.module_source import FoundModule, find_module
from higress_cli.digest import ImageDigest, Sha256
from higress_cli.errors import ExitCode, InvalidInput
from higress_cli.fault import Fault
from higress_cli.i18n import _
from higress_cli.oci.readers import Verdict
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.project import GATEWAY
from higress_cli.wasm.callers import with_callers
from higress_cli.wasm.difference import Difference, difference
from higress_cli.wasm.go_build_info import GoBuildInfo
from higress_cli.wasm.host_functions import offer_of
from higress_cli.wasm.inspection import Inspection, inspect_bytes
from higress_cli.wasm.module import Export, Import, Producer, Section
from higress_cli.wasm.sizes import FunctionSize, PackageSize
from higress_cli.wasm.verdict import Wanted, component_fault, findings

_MOST_FUNCTIONS: Final = 20


@dataclass(frozen=True, kw_only=True)
class InspectedImport:
    """An import of the module."""

    module: str
    """The module that it is imported from, such as env."""
    name: str
    """Its name there."""
    kind: str
    """function, table, memory, global or tag."""
    type: str | None
    """The signature of a function, null for other kinds."""
    since: str | None
    """The first gateway that has it; null where every gateway has it that hgw knows, or none."""
    supported: bool | None
    """Whether the gateway asked for has it, or if none was, any gateway; null where hgw does not know."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a gateway would refuse, or may."""

    id: str
    """Its stable id."""
    severity: str
    """error or warning."""
    message: str
    """What it is."""
    found: str | None
    """What was found."""
    expected: str | None
    """What was expected instead."""
    hint: str | None
    """What to do."""


@dataclass(frozen=True, kw_only=True)
class InspectedImage:
    """An image that the gateway takes."""

    digest: ImageDigest
    """The digest of the manifest, `sha256:HEX`: what `sha256` of a WasmPlugin resource means."""
    verdicts: tuple[Verdict, ...]
    """What each reader of Higress would make of the image."""


@dataclass(frozen=True, kw_only=True)
class InspectResult(Result):
    """What a module is."""

    source: str
    """Where it is: an absolute path, a URL or stdin."""
    kind: str
    """module, or component for one of the component model, of which only sections are known."""
    bytes: int
    """Its size."""
    sha256: Sha256
    """Its digest."""
    abi: str | None
    """The version of its proxy-wasm ABI."""
    abi_export: str | None
    """The export that declares the ABI."""
    entry: str | None
    """The export by which a gateway starts it."""
    start_section: bool
    """Whether it has a start section."""
    compiler: str | None
    """tinygo, go, rustc, asc (AssemblyScript), clang or emscripten; null where nothing tells."""
    compiler_version: str | None
    """The compiler's version."""
    language: str | None
    """The language that it was written in."""
    flags: tuple[str, ...]
    """The compiler flags that it shows signs of."""
    build_info: GoBuildInfo | None
    """What the Go compiler wrote into it; null for others."""
    producers: tuple[Producer, ...]
    """The entries of its section producers."""
    imports: tuple[InspectedImport, ...]
    """Its imports."""
    exports: tuple[Export, ...]
    """Its exports."""
    sections: tuple[Section, ...]
    """Its sections in order."""
    functions: tuple[FunctionSize, ...]
    """Its largest functions."""
    packages: tuple[PackageSize, ...]
    """Its packages, largest first; the name is empty for functions without a package."""
    gateway: Choice[str] | None
    """The gateway that it is judged for; null where none was asked for."""
    findings: tuple[Finding, ...]
    """What that gateway would refuse, or any."""
    difference: Difference | None
    """What differs from --diff; null without it."""
    image: InspectedImage | None
    """The image that it is in; null for one that is in none."""

    @property
    def exit_code(self) -> int:
        refused = self.gateway is not None and any(finding.severity == "error" for finding in self.findings)
        return ExitCode.CHECK_FAILED if refused else ExitCode.OK


def inspect(
    session: Session, address: str, *, other: str | None = None, stdin: Callable[[int], bytes]
) -> InspectResult:
    """Describe the module at `address`, and what differs in the one at `other`. `stdin` is as in `find_module`.

    Raises:
        InvalidInput: `wasm-invalid`, `file-unreadable`.
        DownloadError, UsageError: see `find_module`; the gateway is not a version.
    """
    chosen = session.choose(GATEWAY)
    found = find_module(session, address, stdin=stdin)
    seen = _inspection(found)
    compared = None
    if other is not None:
        second = find_module(session, other, stdin=stdin)
        compared = difference(seen, _inspection(second))
    gateway = chosen.value or None
    module = seen.module
    largest = sorted(seen.functions, key=lambda function: function.bytes, reverse=True)
    return InspectResult(
        source=address if "://" in address else str(found.path),
        kind="component" if seen.is_component else "module",
        bytes=module.bytes,
        sha256=seen.sha256,
        abi=seen.abi.version,
        abi_export=seen.abi.export,
        entry=seen.entry,
        start_section=module.has_start,
        compiler=seen.origin.compiler,
        compiler_version=seen.origin.version,
        language=seen.origin.language,
        flags=seen.flags,
        build_info=seen.build_info,
        producers=module.producers,
        imports=tuple(_import(item, marker=seen.abi.export, gateway=gateway) for item in module.imports),
        exports=module.exports,
        sections=module.sections,
        functions=tuple(largest[:_MOST_FUNCTIONS]),
        packages=seen.packages,
        gateway=chosen if gateway else None,
        findings=tuple(map(_finding, _faults(seen, found.content, gateway))),
        difference=compared,
        image=InspectedImage(digest=found.image.digest, verdicts=found.image.verdicts) if found.image else None,
        warnings=found.image.warnings if found.image else (),
    )


def _inspection(found: FoundModule) -> Inspection:
    try:
        return inspect_bytes(found.content, path=found.path)
    except InvalidInput as error:
        # Any file can be typed here, so the catalogue's advice to build the plugin would not change anything.
        error.hint = error.hint or _("give a module, such as the main.wasm that hgw build makes of Go source")
        raise


def _faults(seen: Inspection, content: bytes, gateway: str | None) -> Sequence[Fault]:
    if seen.is_component:
        return (component_fault(),)
    faults = findings(seen.module, Wanted(gateway=gateway))
    return tuple(with_callers(fault, content, seen.module) for fault in faults)


def _import(item: Import, *, marker: str | None, gateway: str | None) -> InspectedImport:
    offer = offer_of(item, gateway=gateway, marker=marker) if item.kind == "function" else None
    return InspectedImport(
        module=item.module,
        name=item.name,
        kind=item.kind,
        type=item.type,
        since=offer.since if offer else None,
        supported=offer.supported if offer else None,
    )


def _finding(fault: Fault) -> Finding:
    return Finding(
        id=fault.id,
        severity=fault.severity.value,
        message=fault.message,
        found=fault.found,
        expected=fault.expected,
        hint=fault.hint,
    )
