"""Whether a gateway can load a module: every fault, found by reading its bytes alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from higress_cli.abi import Abi
from higress_cli.fault import Fault, Severity
from higress_cli.i18n import _, listed, ngettext
from higress_cli.profile import Profile
from higress_cli.settings.project import FLAGS
from higress_cli.wasm.abi import DeclaredAbi, abi_of
from higress_cli.wasm.host_functions import host_function, is_offered, is_older, newest, newest_known, since_abi
from higress_cli.wasm.module import Import, Module
from higress_cli.wasm.origin import is_native_go

_SDK: Final = "github.com/higress-group/proxy-wasm-go-sdk/proxywasm"
_ALLOCATORS: Final = ("malloc", "proxy_on_memory_allocate")
# An export of the SDK's garbage collector. A module that has the collector in it but was compiled for another one lacks
# the export, and crashes at start.
_COLLECTOR: Final = "onCollectionEvent"
GATEWAY_UNKNOWN: Final = "gateway-unknown"
_FILES: Final = ("fd_", "path_")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a module should be for; None is not checked. `gateway` is a tag, such as v2.0.7."""

    profile: Profile | None = None
    abi: Abi | None = None
    gateway: str | None = None


def findings(module: Module, wanted: Wanted) -> tuple[Fault, ...]:
    """Everything that keeps `module` from being what is wanted, starting with the ABI, on which the rest depends."""
    exports = {"exports": sorted(module.functions)}
    return (
        *(
            replace(fault, facts={**fault.facts, **exports})
            for fault in (
                *_abi_faults(abi_of(module), wanted),
                *_entry_faults(module, wanted.profile),
                *_export_faults(module, wanted.profile),
                *_form_faults(module),
            )
        ),
        *(for_gateway(module, gateway=wanted.gateway) if wanted.gateway is not None else ()),
    )


def for_gateway(module: Module, *, gateway: str) -> tuple[Fault, ...]:
    """What keeps the gateway with this tag from loading `module`: its ABI, or the host functions that it imports.

    A function that the gateway may or may not have is a warning, and so is a gateway that hgw does not know.
    """
    return (
        *_abi_too_new(abi_of(module), gateway=gateway),
        *_missing_imports(module, gateway=gateway),
        *_unknown_gateway(gateway),
    )


def component_fault() -> Fault:
    """The fault of a component, which no gateway loads."""
    return Fault(
        id="component-not-loaded",
        message=_("it is a component of the component model, and gateways load core modules only"),
        found=_("a component"),
        expected=_("a core module"),
        hint=_("compile it for wasip1 (wasm32-wasi), not for wasip2"),
    )


def abi_mismatch(found: DeclaredAbi, abi: Abi) -> Fault:
    """The fault of a module that declares another ABI than `abi`."""
    return Fault(
        id="abi-mismatch",
        message=_("the module is for another ABI than asked: it exports {found}, and ABI {abi} is {expected}").format(
            found=found.export, abi=abi, expected=abi.marker
        ),
        found=found.export,
        expected=abi.marker,
        hint=_("look for another tag or flag that decides about the ABI: hgw build --print-command"),
        facts={"found": found.export, "expected": abi.marker, "abi": abi},
    )


def _unknown_gateway(gateway: str) -> Iterator[Fault]:
    newest_one = newest_known()
    if is_older(newest_one, gateway):
        yield Fault(
            id=GATEWAY_UNKNOWN,
            severity=Severity.WARNING,
            message=_("hgw does not know gateway {gateway}, and judges it as if it were {newest}").format(
                gateway=gateway, newest=newest_one
            ),
            found=gateway,
            expected=_("{version} or older").format(version=newest_one),
            hint=_("check the version, unless it is newer than this hgw"),
            facts={"gateway": gateway, "newest": newest_one},
        )


def _missing_imports(module: Module, *, gateway: str) -> tuple[Fault, ...]:
    marker = abi_of(module).export
    functions = tuple(dict.fromkeys(wanted for wanted in module.imports if wanted.kind == "function"))
    offered = {wanted: is_offered(wanted, gateway=gateway, marker=marker) for wanted in functions}
    missing = [wanted for wanted, answer in offered.items() if answer is False]
    unknown = [wanted for wanted, answer in offered.items() if answer is None]
    oldest = Profile.GO.oldest_gateway if is_native_go(module) else None
    faults = [_missing_fault(missing, gateway=gateway, oldest=oldest)] if missing else []
    if unknown:
        faults.append(
            Fault(
                id="import-unknown",
                severity=Severity.WARNING,
                message=_("the module imports {names}, and hgw does not know whether gateway {gateway} has it").format(
                    names=_names(unknown), gateway=gateway
                ),
                found=_names(unknown),
                facts={"imports": [_name(wanted) for wanted in unknown], "gateway": gateway},
            )
        )
    return tuple(faults)


def _missing_fault(missing: list[Import], *, gateway: str, oldest: str | None) -> Fault:
    """`oldest` is the first gateway for what compiled the module, whichever functions came earlier; None if any is."""
    known = [host_function(wanted.module, wanted.name) for wanted in missing]
    later = [item.since for item in known if item is not None and item.since is not None]
    all_came_later = len(later) == len(missing) and all(is_older(gateway, since) for since in later)
    since = newest([*later, *([oldest] if oldest else [])]) if all_came_later else None
    if since is None:
        message = _("gateway {gateway} lacks {names}, which the module imports")
        hint = _("no gateway that hgw knows has that for this ABI: the module is for another host, or uses another SDK")
    elif since == oldest:
        message = _("gateway {gateway} lacks {names}, which the module imports; native Go needs {since} or newer")
        hint = _("set `gateway: {oldest}` in hgw.yaml if yours is that new, or `profile: tinygo`")
    else:
        message = ngettext(
            "gateway {gateway} lacks {names}, which the module imports; {since} is the first that has it",
            "gateway {gateway} lacks {names}, which the module imports; {since} is the first that has them all",
            len(missing),
        )
        hint = _("set `gateway: {since}` in hgw.yaml if yours is that new; otherwise leave out what needs it")
        if any(wanted.module.startswith("wasi") and wanted.name.startswith(_FILES) for wanted in missing):
            hint = _(
                "set `gateway: {since}` in hgw.yaml if yours is that new; otherwise leave out what reads and writes "
                "files (package os): no gateway gives them to a plugin"
            )
    return Fault(
        id="import-missing",
        message=message.format(gateway=gateway, names=_names(missing), since=since),
        found=_names(missing),
        expected=_("gateway {since} or newer").format(since=since) if since else None,
        hint=hint.format(since=since, oldest=oldest),
        facts={"imports": [_name(wanted) for wanted in missing], "gateway": gateway, "since": since},
    )


def _name(wanted: Import) -> str:
    return f"{wanted.module}.{wanted.name}"


def _names(imports: list[Import]) -> str:
    return listed(_name(wanted) for wanted in imports)


def _abi_faults(found: DeclaredAbi, wanted: Wanted) -> Iterator[Fault]:
    expected = Abi(wanted.abi).marker if wanted.abi else None
    if found.export is None:
        yield Fault(
            id="abi-missing",
            message=_("the module declares no ABI: it has no export proxy_abi_version_..., so no gateway will load it"),
            expected=expected,
            hint=_("import {package} in the package main, then: hgw build").format(package=_SDK),
            facts={"expected": expected},
        )
        return
    if len(found.markers) > 1:
        yield Fault(
            id="abi-ambiguous",
            message=_("the module declares more than one ABI: {found}").format(found=listed(found.markers)),
            found=listed(found.markers),
            expected=expected,
            hint=_("only one SDK can be in a plugin: look at the requirements of go.mod"),
            facts={"found": ", ".join(found.markers), "expected": expected},
        )
    elif wanted.abi is not None and found.version != wanted.abi:
        yield abi_mismatch(found, wanted.abi)
    elif found.version is None:
        yield Fault(
            id="abi-unknown",
            message=_("no gateway knows the ABI that the module declares: {found}").format(found=found.export),
            found=found.export,
            facts={"found": found.export},
        )


def _abi_too_new(found: DeclaredAbi, *, gateway: str) -> Iterator[Fault]:
    since = since_abi(found.version) if found.version else None
    if since is not None and is_older(gateway, since):
        yield Fault(
            id="abi-too-new",
            message=_("gateway {gateway} does not take modules of ABI {abi}; {since} was the first to do so").format(
                gateway=gateway, abi=found.version, since=since
            ),
            found=found.export,
            expected=_("gateway {since} or newer").format(since=since),
            hint=_("set `gateway: {since}` in hgw.yaml if yours is that new; otherwise build for ABI 0.2.1").format(
                since=since
            ),
            facts={"abi": found.version, "gateway": gateway, "since": since},
        )


def _entry_faults(module: Module, profile: Profile | None) -> Iterator[Fault]:
    if profile is None or module.functions.intersection(profile.entries):
        return
    if profile == Profile.GO and "_start" in module.functions:
        yield Fault(
            id="buildmode-missing",
            message=_(
                "the module exports _start instead of _initialize: a gateway would refuse it with restricted_callback"
            ),
            found="_start",
            expected="_initialize",
            hint=_leave_to_hgw("-buildmode"),
            facts={"expected": "_initialize"},
        )
        return
    expected = listed(profile.entries)
    yield Fault(
        id="entry-missing",
        message=_("the module exports no entry ({expected}): it would never be started").format(expected=expected),
        expected=expected,
        hint=_("the plugin's folder has to hold a package main with a func main"),
        facts={"expected": expected},
    )


def _leave_to_hgw(flags: str) -> str:
    return _("leave {flags} to hgw: look at {key} in hgw.yaml, {variable} and what follows --").format(
        flags=flags, key=FLAGS.key, variable=FLAGS.variable
    )


def _form_faults(module: Module) -> Iterator[Fault]:
    if not module.has_memory:
        yield Fault(
            id="memory-missing",
            message=_("the module exports no memory: a gateway could neither hand it data nor take any"),
            expected="memory",
            hint=_("export the memory under the name memory, as the SDKs and compilers do by themselves"),
        )
    if module.has_start:
        yield Fault(
            id="start-section",
            severity=Severity.WARNING,
            message=_(
                "the module has a start section: its function runs while the module is loaded, when calls of the "
                "gateway may not work yet"
            ),
            found=_("a start section"),
            hint=_("initialise in _initialize or _start, which a gateway calls afterwards"),
        )


def _export_faults(module: Module, profile: Profile | None) -> Iterator[Fault]:
    if profile == Profile.TINYGO and _COLLECTOR not in module.functions and module.may_collect:
        yield Fault(
            id="collector-flags-missing",
            message=_(
                "the module has no export {name}: it was not built with the SDK's collector and would die at its start"
            ).format(name=_COLLECTOR),
            expected=_COLLECTOR,
            hint=_leave_to_hgw("-gc, -tags"),
            facts={"name": _COLLECTOR},
        )
    if not module.functions.intersection(_ALLOCATORS):
        names = " / ".join(_ALLOCATORS)
        yield Fault(
            id="allocator-missing",
            message=_("the module exports neither {name}: a gateway has no way to hand it data").format(name=names),
            expected=names,
            hint=_("import {package} in the package main, then: hgw build").format(package=_SDK),
            facts={"name": names},
        )
