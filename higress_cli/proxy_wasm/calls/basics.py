"""Log, clock, ticks, contexts, the plugin's configuration in the oldest ABI."""

from typing import Final

from higress_cli.proxy_wasm.calls.table import SINCE_0_2_1, V0_1_0, Table
from higress_cli.proxy_wasm.enums import AbiStatus, LogLevel
from higress_cli.proxy_wasm.guest_api import GuestApi

FUNCTIONS: Final = Table()


@FUNCTIONS.add("proxy_log", "iii")
def log(guest: GuestApi, level: int, at: int, size: int) -> int:
    if level > LogLevel.CRITICAL:
        return AbiStatus.BAD_ARGUMENT
    guest.log(LogLevel(level), guest.vm.read(at, size))
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_log_level", "i", markers=SINCE_0_2_1)
def get_log_level(guest: GuestApi, level_at: int) -> int:
    guest.vm.write_u32(level_at, guest.settings.log_level)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_current_time_nanoseconds", "i")
def get_current_time(guest: GuestApi, time_at: int) -> int:
    guest.vm.write_u64(time_at, guest.surroundings.wall_nanoseconds())
    return AbiStatus.OK


@FUNCTIONS.add("proxy_set_tick_period_milliseconds", "i")
def set_tick_period(guest: GuestApi, milliseconds: int) -> int:
    guest.surroundings.set_tick_period(milliseconds)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_set_effective_context", "i")
def set_effective_context(guest: GuestApi, identifier: int) -> int:
    return guest.set_effective_context(identifier)


@FUNCTIONS.add("proxy_done", "")
def done(_guest: GuestApi) -> int:
    # Nobody waits: a plugin that says in on_done that it is still busy is ended all the same.
    return AbiStatus.NOT_FOUND


@FUNCTIONS.add("proxy_get_status", "iii")
def get_status(guest: GuestApi, code_at: int, pointer_at: int, size_at: int) -> int:
    code, text = guest.status
    guest.vm.write_u32(code_at, code)
    guest.give(text, pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("proxy_get_configuration", "ii", markers=V0_1_0)
def get_configuration(guest: GuestApi, pointer_at: int, size_at: int) -> int:
    text = guest.settings.vm_configuration if guest.configuration is None else guest.configuration
    guest.give(text, pointer_at, size_at)
    return AbiStatus.OK


@FUNCTIONS.add("pthread_equal", "ii")
def pthread_equal(_guest: GuestApi, left: int, right: int) -> int:
    return int(left == right)


@FUNCTIONS.add("emscripten_notify_memory_growth", "i", returns=False)
def notify_memory_growth(_guest: GuestApi, _memory: int) -> None:
    """Nothing here keeps an address of the plugin's memory between two calls."""
