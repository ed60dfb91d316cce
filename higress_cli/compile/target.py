"""Checks of a build's target: profile, ABI and gateway must match, and the module must fit its size budget."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.compile.choices import Choices
from higress_cli.errors import CheckFailed, UsageError
from higress_cli.fault import Fault
from higress_cli.i18n import _, listed
from higress_cli.settings.project import ABI, GATEWAY
from higress_cli.size import exact_size, size
from higress_cli.wasm.host_functions import is_older

_MOST_NAMED: Final = 3
_NONE: Final[Mapping[str, int]] = MappingProxyType({})


def target_faults(choices: Choices) -> tuple[Fault, ...]:
    """The fault of an ABI that the profile cannot build for, or of a gateway that cannot load the profile's modules."""
    return (*_abi_faults(choices), *_gateway_faults(choices))


def size_faults(
    count: int,
    budget: Choice[int | None],
    *,
    packages: Mapping[str, int] = _NONE,
    before: Mapping[str, int] = _NONE,
) -> tuple[Fault, ...]:
    """The fault of a module of `count` bytes that exceeds its budget.

    `packages` are the bytes of its code by package, `before` those of the module that it would replace.
    """
    if budget.value is None or count <= budget.value:
        return ()
    message = _("the module takes {size}; {source} allows {budget}")
    return (
        Fault(
            id="size-over-budget",
            message=message.format(size=exact_size(count), budget=exact_size(budget.value), source=budget.source),
            found=exact_size(count),
            expected=_("at most {size}").format(size=exact_size(budget.value)),
            hint=_hint(packages, growth(packages, before)),
            facts={
                "bytes": count,
                "budget": budget.value,
                "source": str(budget.source),
                "packages": dict(packages),
                "growth": growth(packages, before),
            },
        ),
    )


def growth(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    """How many bytes each package has more than before, or less, the largest change first; empty without a before."""
    if not before or not now:
        return {}
    changes = {name: now.get(name, 0) - before.get(name, 0) for name in {*now, *before}}
    return dict(sorted(((n, c) for n, c in changes.items() if c), key=lambda item: (-abs(item[1]), item[0])))


def _hint(packages: Mapping[str, int], grown: Mapping[str, int]) -> str:
    larger = [f"{name or '?'} +{size(change)}" for name, change in grown.items() if change > 0][:_MOST_NAMED]
    if larger:
        return _(
            "what became larger: {packages}; `hgw build --no-debug` makes less, build.size_budget allows more"
        ).format(packages=listed(larger))
    largest = [f"{name} {size(count)}" for name, count in packages.items() if name][:_MOST_NAMED]
    if largest:
        return _(
            "the largest packages: {packages}; `hgw build --no-debug` makes less, build.size_budget allows more"
        ).format(packages=listed(largest))
    return _("find out what became larger, or raise build.size_budget")


def _abi_faults(choices: Choices) -> Iterator[Fault]:
    profile, abi = choices.profile.value, choices.abi
    if all(wanted in choices.possible_abis for wanted in choices.abis):
        return
    only = choices.possible_abis[0]
    message = _(
        "ABI {abi} (from {source}) cannot be built with profile {profile} (from {other}), which always makes {only}"
    )
    is_typed = choices.abi.source.is_typed or choices.profile.source.is_typed
    yield Fault(
        id="abi-unsupported" if is_typed else "abi-not-for-profile",
        error=UsageError if is_typed else CheckFailed,
        again=(ABI.flag, only) if is_typed else (),
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
        hint=_gateway_hint(gateway.source, oldest),
        again=(f"{GATEWAY.flag}", oldest) if gateway.source.kind is SourceKind.FLAG else (),
        facts={"gateway": gateway.value, "floor": oldest, "profile": profile.value},
    )


def _gateway_hint(source: Source, oldest: str) -> str:
    if source.kind is SourceKind.VARIABLE:
        return _("set {variable}={oldest} if yours is that new, or `profile: tinygo` in hgw.yaml").format(
            variable=source, oldest=oldest
        )
    return _("set `gateway: {oldest}` in hgw.yaml if yours is that new, or `profile: tinygo`").format(oldest=oldest)
