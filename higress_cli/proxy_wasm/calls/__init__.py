"""The functions that a plugin can call, by subject. Each gets the guest and the numbers that the plugin passed."""

from collections.abc import Callable
from typing import Final

from higress_cli.proxy_wasm.calls import basics, maps, services, state, streams, wasi
from higress_cli.proxy_wasm.calls.table import Declared
from higress_cli.proxy_wasm.crossing import HostImport
from higress_cli.proxy_wasm.enums import AbiStatus
from higress_cli.proxy_wasm.guest_api import GuestApi

_ENV: Final = "env"
_WASI: Final = frozenset({"wasi_snapshot_preview1", "wasi_unstable"})
_ENV_FUNCTIONS: Final[dict[str, Declared]] = {
    **basics.FUNCTIONS.entries,
    **maps.FUNCTIONS.entries,
    **services.FUNCTIONS.entries,
    **state.FUNCTIONS.entries,
    **streams.FUNCTIONS.entries,
}


def find_import(guest: GuestApi, module: str, name: str, *, marker: str | None) -> HostImport | None:
    """The host function for an import, None where a Higress gateway has none for a module with this ABI marker."""
    entry = declared(module, name)
    if entry is None or (entry.markers is not None and marker not in entry.markers):
        return None
    return HostImport(
        parameters=entry.parameters,
        handler=_bound(entry.function, guest, name),
        fault=entry.fault,
        returns=entry.returns,
    )


def declared(module: str, name: str) -> Declared | None:
    """What there is under a module and a name, for any ABI."""
    if module == _ENV:
        return _ENV_FUNCTIONS.get(name)
    return wasi.FUNCTIONS.entries.get(name) if module in _WASI else None


def names() -> frozenset[tuple[str, str]]:
    """Module and name of every host function."""
    wasi_names = {(module, name) for module in _WASI for name in wasi.FUNCTIONS.entries}
    return frozenset({(_ENV, name) for name in _ENV_FUNCTIONS} | wasi_names)


def _bound(function: Callable[..., int | None], guest: GuestApi, name: str) -> Callable[..., int | None]:
    def call(*values: int) -> int | None:
        status = function(guest, *values)
        if status is AbiStatus.BAD_ARGUMENT or status is AbiStatus.UNIMPLEMENTED:
            guest.note_refused(name, status)
        return status

    return call
