"""Log, clock, ticks, contexts, the plugin's configuration in the oldest ABI."""

from typing import TYPE_CHECKING, Final

from higress_cli.proxy_wasm.calls.table import SINCE_0_2_1, V0_1_0, Table
from higress_cli.proxy_wasm.enums import LogLevel, Status

if TYPE_CHECKING:
    from higress_cli.proxy_wasm.guest import Guest

FUNCTIONS: Final = Table()


@FUNCTIONS.add("proxy_log", "iii")
def log(guest: "Guest", level: int, at: int, size: int) -> int:
    if level > LogLevel.CRITICAL:
        return Status.BAD_ARGUMENT
    guest.log(LogLevel(level), guest.vm.read(at, size))
    return Status.OK


@FUNCTIONS.add("proxy_get_log_level", "i", markers=SINCE_0_2_1)
def get_log_level(guest: "Guest", level_at: int) -> int:
    guest.vm.write_u32(level_at, guest.settings.log_level)
    return Status.OK


@FUNCTIONS.add("proxy_get_current_time_nanoseconds", "i")
def get_current_time(guest: "Guest", time_at: int) -> int:
    guest.vm.write_u64(time_at, guest.surroundings.wall_nanoseconds())
    return Status.OK


@FUNCTIONS.add("proxy_set_tick_period_milliseconds", "i")
def set_tick_period(guest: "Guest", milliseconds: int) -> int:
    guest.surroundings.set_tick_period(milliseconds)
    return Status.OK


@FUNCTIONS.add("proxy_set_effective_context", "i")
def set_effective_context(guest: "Guest", identifier: int) -> int:
    return guest.set_effective_context(identifier)


@FUNCTIONS.add("proxy_done", "")
def done(_guest: "Guest") -> int:
    # Nobody waits: a plugin that says in on_done that it is still busy is ended all the same.
    return Status.NOT_FOUND


@FUNCTIONS.add("proxy_get_status", "iii")
def get_status(guest: "Guest", code_at: int, pointer_at: int, size_at: int) -> int:
    code, text = guest.status
    guest.vm.write_u32(code_at, code)
    guest.give(text, pointer_at, size_at)
    return Status.OK


@FUNCTIONS.add("proxy_get_configuration", "ii", markers=V0_1_0)
def get_configuration(guest: "Guest", pointer_at: int, size_at: int) -> int:
    text = guest.settings.vm_configuration if guest.configuration is None else guest.configuration
    guest.give(text, pointer_at, size_at)
    return Status.OK


@FUNCTIONS.add("pthread_equal", "ii")
def pthread_equal(_guest: "Guest", left: int, right: int) -> int:
    return int(left == right)


@FUNCTIONS.add("emscripten_notify_memory_growth", "i", returns=False)
def notify_memory_growth(_guest: "Guest", _memory: int) -> None:
    """Nothing here keeps an address of the plugin's memory between two calls."""
