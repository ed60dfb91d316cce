"""The host functions that each version of the Higress gateway has. The table is `data/host-functions.toml`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from packaging.version import Version

from higress_cli import data
from higress_cli.wasm.module import Import

_WASI_NAMES: Final = {"wasi_unstable": "wasi_snapshot_preview1"}


@dataclass(frozen=True, kw_only=True)
class HostFunction:
    """A host function. `since` is the first gateway tag that has it; None means every gateway that hgw knows.

    `markers` are the ABI markers of the modules that may import it; None means all.
    """

    since: str | None
    markers: frozenset[str] | None


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Functions of one import module that were added together; `source` is the evidence for it.

    `called_by` are functions of Go libraries that need them all.
    """

    module: str
    names: tuple[str, ...]
    source: str
    since: str | None = None
    markers: frozenset[str] | None = None
    called_by: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class _HostFunctions:
    """data/host-functions.toml; `abi` maps an ABI to the first gateway that loads modules built for it."""

    known_below: str
    newest: str
    abi: Mapping[str, str]
    functions: tuple[_Group, ...]


def host_function(module: str, name: str) -> HostFunction | None:
    """What is known about a function; None if no gateway is known to have it."""
    return _functions().get((_WASI_NAMES.get(module, module), name))


def needed_by(calls: Collection[str]) -> frozenset[str]:
    """The names of the host functions that a module surely imports whose Go source calls functions of these names."""
    return frozenset(
        name for group in _data().functions if not group.called_by.isdisjoint(calls) for name in group.names
    )


def offered() -> frozenset[tuple[str, str]]:
    """Module and name of every function that some gateway has."""
    return frozenset(_functions())


def is_offered(wanted: Import, *, gateway: str | None, marker: str | None) -> bool | None:
    """Whether the gateway with this tag (None: the newest) offers `wanted` to a module with this ABI marker.

    None if that is unknown: a gateway newer than the published source of its host may have additional functions.
    """
    known = host_function(wanted.module, wanted.name)
    if known is None:
        return None if gateway is None or _number(gateway) >= _number(known_below()) else False
    if marker is not None and known.markers is not None and marker not in known.markers:
        return False
    return known.since is None or gateway is None or is_older(known.since, gateway) or known.since == gateway


@dataclass(frozen=True, kw_only=True)
class Offer:
    """`since` is the first gateway that has a function, None if all or none have; `supported` is as in `is_offered`."""

    since: str | None
    supported: bool | None


def offer_of(wanted: Import, *, gateway: str | None, marker: str | None) -> Offer:
    """What is known about a function that a module imports."""
    known = host_function(wanted.module, wanted.name)
    return Offer(since=known.since if known else None, supported=is_offered(wanted, gateway=gateway, marker=marker))


def is_older(version: str, than: str) -> bool:
    """Whether one gateway tag is older than another; release candidates are older than their release."""
    return _number(version) < _number(than)


def newest(versions: list[str]) -> str | None:
    """The newest of the gateway tags; None if there are none."""
    return max(versions, key=_number, default=None)


def since_abi(version: str) -> str | None:
    """The first gateway that loads modules of this ABI; None if every gateway that hgw knows does."""
    return _data().abi.get(version)


def known_below() -> str:
    """The first gateway tag whose host functions are not all published."""
    return _data().known_below


def newest_known() -> str:
    """The newest gateway tag that hgw knows to exist."""
    return _data().newest


def _number(tag: str) -> Version:
    return Version(tag.removeprefix("v"))


@cache
def _functions() -> Mapping[tuple[str, str], HostFunction]:
    return {
        (group.module, name): HostFunction(since=group.since, markers=group.markers)
        for group in _data().functions
        for name in group.names
    }


def _data() -> _HostFunctions:
    return data.load("host-functions.toml", _HostFunctions)
