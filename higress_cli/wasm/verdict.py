"""Whether a compiled module is what a gateway can load, judged before it takes the old one's place."""

from collections.abc import Mapping
from typing import Any, Final

from higress_cli.abi import Abi
from higress_cli.errors import CheckFailed
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.wasm.abi import DeclaredAbi, abi_of
from higress_cli.wasm.module import Module

_ALLOCATORS: Final = ("malloc", "proxy_on_memory_allocate")
# The SDK's garbage collector exports it; a module without was compiled with another collector and dies when it starts.
_COLLECTOR: Final = "onCollectionEvent"


def check_module(module: Module, *, profile: str, abi: str) -> DeclaredAbi:
    """The ABI of a module that was compiled by `profile` for `abi`, once everything about it is right.

    Raises:
        CheckFailed: `abi-missing`, `abi-ambiguous`, `abi-mismatch`, `entry-missing`, `buildmode-missing`,
            `collector-flags-missing`, `allocator-missing`.
    """
    found = abi_of(module)
    _check_abi(module, found, abi=abi)
    if not module.functions.intersection(Profile(profile).entries):
        raise _entry_failure(module, profile=profile)
    if profile == Profile.TINYGO and _COLLECTOR not in module.functions:
        raise _failure(
            module,
            _("the module has no export {name}: it was not built with the SDK's collector and would die at its start"),
            code="collector-flags-missing",
            hint=_("leave -gc and -tags to hgw: look at build.flags in hgw.yaml, HGW_FLAGS and what follows --"),
            facts={"name": _COLLECTOR},
        )
    if not module.functions.intersection(_ALLOCATORS):
        raise _failure(
            module,
            _("the module exports neither {name}: a gateway has no way to hand it data"),
            code="allocator-missing",
            hint=_("does the package main import the SDK's package proxywasm?"),
            facts={"name": " / ".join(_ALLOCATORS)},
        )
    return found


def _check_abi(module: Module, found: DeclaredAbi, *, abi: str) -> None:
    if found.export is None:
        raise _failure(
            module,
            _("the module declares no ABI: it has no export proxy_abi_version_..., so no gateway will load it"),
            code="abi-missing",
            hint=_("does the package main import the SDK's package proxywasm?"),
            facts={"expected": Abi(abi).marker},
        )
    if len(found.markers) > 1:
        raise _failure(
            module,
            _("the module declares more than one ABI: {found}"),
            code="abi-ambiguous",
            hint=_("only one SDK can be in a plugin: look at the requirements of go.mod"),
            facts={"found": ", ".join(found.markers), "expected": Abi(abi).marker},
        )
    if found.version != abi:
        raise _failure(
            module,
            _("the module is for another ABI than asked: it exports {found}, and ABI {abi} is {expected}"),
            code="abi-mismatch",
            hint=_("does another tag or flag decide about the ABI? `hgw build --print-command` shows what runs"),
            facts={"found": found.export, "expected": Abi(abi).marker, "abi": abi},
        )


def _entry_failure(module: Module, *, profile: str) -> CheckFailed:
    if profile == Profile.GO and "_start" in module.functions:
        return _failure(
            module,
            _("the module exports _start instead of _initialize: a gateway would refuse it with restricted_callback"),
            code="buildmode-missing",
            hint=_("leave -buildmode to hgw: look at build.flags in hgw.yaml, HGW_FLAGS and what follows --"),
            facts={"expected": "_initialize"},
        )
    return _failure(
        module,
        _("the module exports no entry ({expected}): it would never be started"),
        code="entry-missing",
        hint=_("the plugin's folder has to hold a package main with a func main"),
        facts={"expected": ", ".join(Profile(profile).entries)},
    )


def _failure(module: Module, message: str, *, code: str, hint: str, facts: Mapping[str, Any]) -> CheckFailed:
    return CheckFailed(
        message.format(**facts), code=code, hint=hint, details={**facts, "exports": sorted(module.functions)}
    )
