"""Checks of a build's target: profile, ABI and gateway must match, and the module must fit its size budget."""

from collections.abc import Iterator

from higress_cli.choice import Choice
from higress_cli.compile.choices import Choices
from higress_cli.fault import Fault
from higress_cli.i18n import _
from higress_cli.size import exact_size
from higress_cli.wasm.host_functions import is_older


def target_faults(choices: Choices) -> tuple[Fault, ...]:
    """The fault of an ABI that the profile cannot build for, or of a gateway that cannot load the profile's modules."""
    return (*_abi_faults(choices), *_gateway_faults(choices))


def size_faults(size: int, budget: Choice[int | None]) -> tuple[Fault, ...]:
    """The fault of a module of `size` bytes that exceeds its budget."""
    if budget.value is None or size <= budget.value:
        return ()
    message = _("the module takes {size}; {source} allows {budget}")
    return (
        Fault(
            id="size-over-budget",
            message=message.format(size=exact_size(size), budget=exact_size(budget.value), source=budget.source),
            found=exact_size(size),
            expected=_("at most {size}").format(size=exact_size(budget.value)),
            hint=_("find out what became larger, or raise build.size_budget"),
            facts={"bytes": size, "budget": budget.value, "source": str(budget.source)},
        ),
    )


def _abi_faults(choices: Choices) -> Iterator[Fault]:
    profile, abi = choices.profile.value, choices.abi
    if all(wanted in profile.abis for wanted in choices.abis):
        return
    only = profile.abis[0]
    message = _(
        "ABI {abi} (from {source}) cannot be built with profile {profile} (from {other}), which always makes {only}"
    )
    yield Fault(
        id="abi-not-for-profile",
        message=message.format(
            abi=abi.value, source=abi.source, profile=profile, other=choices.profile.source, only=only
        ),
        found=str(abi.value),
        expected=str(only),
        hint=f"hgw build --abi {only}",
        facts={"abi": abi.value, "abi_source": abi.source, "profile_source": choices.profile.source},
    )


def _gateway_faults(choices: Choices) -> Iterator[Fault]:
    profile, gateway = choices.profile.value, choices.gateway
    oldest = profile.oldest_gateway
    if oldest is None or not is_older(gateway.value, oldest):
        return
    message = _(
        "gateway {gateway} (from {source}) cannot load a plugin of profile {profile}: that needs {oldest} or newer"
    )
    yield Fault(
        id="gateway-too-old",
        message=message.format(gateway=gateway.value, source=gateway.source, profile=profile, oldest=oldest),
        found=gateway.value,
        expected=_("{version} or newer").format(version=oldest),
        hint=_("set `gateway: {oldest}` in hgw.yaml if yours is that new, or `profile: tinygo`").format(oldest=oldest),
        facts={"gateway": gateway.value, "floor": oldest, "profile": profile.value},
    )
