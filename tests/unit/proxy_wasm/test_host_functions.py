"""Every host function, called once: the table of what a plugin can call and of what comes back.

What each does beyond its status is shown by the tests beside this file and by tests/e2e/conformance.
"""

from collections.abc import Sequence

import pytest

from higress_cli.proxy_wasm import calls
from tests.support.probes import NEWEST, NUMBER, POINTER, SIZE, Probe
from tests.unit.proxy_wasm.conftest import MakeRig

FIRST = "proxy_abi_version_0_1_0"
OK, NOT_FOUND, BAD_ARGUMENT, UNIMPLEMENTED = 0, 1, 2, 12
BADF, NOTDIR, NOENT, NOSYS, NOTSUP = 8, 20, 44, 52, 58
OUT = (POINTER, SIZE)

# Texts stand for two operands, an address and a size; a number after `L` has 64 bits.
Operand = int | str
ENV: dict[str, tuple[Sequence[Operand], int]] = {
    "proxy_log": ((2, "a line"), OK),
    "proxy_get_log_level": ((NUMBER,), OK),
    "proxy_get_current_time_nanoseconds": ((NUMBER,), OK),
    "proxy_set_tick_period_milliseconds": ((100,), OK),
    "proxy_get_property": (("plugin_name", *OUT), OK),
    "proxy_set_property": (("my.key", "value"), OK),
    "proxy_get_header_map_value": ((0, ":path", *OUT), OK),
    "proxy_add_header_map_value": ((0, "x-a", "1"), OK),
    "proxy_replace_header_map_value": ((0, "x-a", "1"), OK),
    "proxy_remove_header_map_value": ((0, "x-a"), OK),
    "proxy_get_header_map_pairs": ((0, *OUT), OK),
    "proxy_set_header_map_pairs": ((2, ""), BAD_ARGUMENT),
    "proxy_get_header_map_size": ((0, NUMBER), OK),
    "proxy_get_buffer_bytes": ((4, 0, 9, *OUT), NOT_FOUND),
    "proxy_get_buffer_status": ((99, NUMBER, NUMBER), BAD_ARGUMENT),
    "proxy_set_buffer_bytes": ((1, 0, 0, "x"), BAD_ARGUMENT),
    "proxy_send_local_response": ((200, "", "text", "", -1), OK),
    "proxy_continue_stream": ((0,), OK),
    "proxy_close_stream": ((9,), BAD_ARGUMENT),
    "proxy_http_call": (("outbound|80||nobody.dns", "", "", "", 500, NUMBER), BAD_ARGUMENT),
    "proxy_grpc_call": (("s", "n", "m", "", "", 500, NUMBER), UNIMPLEMENTED),
    "proxy_grpc_stream": (("s", "n", "m", "", NUMBER), UNIMPLEMENTED),
    "proxy_grpc_send": ((1, "x", 1), UNIMPLEMENTED),
    "proxy_grpc_cancel": ((1,), UNIMPLEMENTED),
    "proxy_grpc_close": ((1,), UNIMPLEMENTED),
    "proxy_get_status": ((NUMBER, *OUT), OK),
    "proxy_get_shared_data": (("no key", *OUT, NUMBER), NOT_FOUND),
    "proxy_set_shared_data": (("key", "value", 0), OK),
    "proxy_register_shared_queue": (("queue", NUMBER), OK),
    "proxy_resolve_shared_queue": (("", "no queue", NUMBER), NOT_FOUND),
    "proxy_enqueue_shared_queue": ((99, "x"), NOT_FOUND),
    "proxy_dequeue_shared_queue": ((99, *OUT), NOT_FOUND),
    "proxy_define_metric": ((0, "counter", NUMBER), OK),
    "proxy_increment_metric": ((996, "L1"), NOT_FOUND),
    "proxy_record_metric": ((996, "L1"), NOT_FOUND),
    "proxy_get_metric": ((996, NUMBER), NOT_FOUND),
    "proxy_set_effective_context": ((99,), BAD_ARGUMENT),
    "proxy_done": ((), NOT_FOUND),
    "proxy_call_foreign_function": (("no_such_function", "", *OUT), NOT_FOUND),
    "proxy_redis_init": (("outbound|6379||nobody.dns", "", "", 500), BAD_ARGUMENT),
    "proxy_redis_call": (("outbound|6379||nobody.dns", "PING", NUMBER), BAD_ARGUMENT),
    "proxy_inject_encoded_data_to_filter_chain": (("x", 0), OK),
    "proxy_get_upstream_hosts": (OUT, OK),
    "proxy_set_upstream_override_host": (("",), BAD_ARGUMENT),
}
OF_THE_FIRST_ABI: dict[str, tuple[Sequence[Operand], int]] = {
    "proxy_get_configuration": (OUT, OK),
    "proxy_continue_request": ((), OK),
    "proxy_continue_response": ((), OK),
    "proxy_clear_route_cache": ((), OK),
}
WASI: dict[str, tuple[Sequence[Operand], int]] = {
    "fd_write": ((1, 200, 0, 204), OK),
    "fd_pwrite": ((3, 200, 0, "L0", 204), BADF),
    "fd_fdstat_get": ((1, 200), OK),
    "args_sizes_get": ((200, 204), OK),
    "args_get": ((200, 204), OK),
    "environ_sizes_get": ((200, 204), OK),
    "environ_get": ((200, 300), OK),
    "clock_time_get": ((0, "L1", 200), OK),
    "clock_res_get": ((9, 200), NOTSUP),
    "random_get": ((200, 8), OK),
    "poll_oneoff": ((200, 300, 1, 204), OK),
    "fd_readdir": ((3, 200, 8, "L0", 204), NOTDIR),
    "fd_tell": ((3, 200), BADF),
    "fd_renumber": ((1, 2), NOTSUP),
    "path_readlink": ((3, 200, 0, 200, 0, 204), NOTSUP),
    "sched_yield": ((), OK),
    "fd_close": ((1,), OK),
    "fd_seek": ((1, "L0", 0, 200), OK),
    "fd_advise": ((1, "L0", "L0", 0), OK),
    "fd_prestat_get": ((3, 200), BADF),
    "fd_filestat_get": ((1, 200), BADF),
    "path_open": ((3, 0, 200, 0, 0, "L0", "L0", 0, 204), NOENT),
    "fd_read": ((0, 200, 0, 204), NOSYS),
    "fd_pread": ((0, 200, 0, "L0", 204), NOSYS),
    "fd_prestat_dir_name": ((3, 200, 0), NOSYS),
    "fd_fdstat_set_flags": ((1, 0), NOSYS),
    "path_filestat_get": ((3, 0, 200, 0, 204), NOTSUP),
    "path_create_directory": ((3, 200, 0), NOTSUP),
    "path_filestat_set_times": ((3, 0, 200, 0, "L0", "L0", 0), NOTSUP),
    "path_link": ((3, 0, 200, 0, 3, 200, 0), NOTSUP),
    "path_remove_directory": ((3, 200, 0), NOTSUP),
    "path_rename": ((3, 200, 0, 3, 200, 0), NOTSUP),
    "path_symlink": ((200, 0, 3, 200, 0), NOTSUP),
    "path_unlink_file": ((3, 200, 0), NOTSUP),
    "sock_accept": ((3, 0, 200), NOTSUP),
    "sock_recv": ((3, 200, 0, 0, 204, 208), NOTSUP),
    "sock_send": ((3, 200, 0, 0, 204), NOTSUP),
    "sock_shutdown": ((3, 0), NOTSUP),
    "fd_allocate": ((3, "L0", "L0"), BADF),
    "fd_datasync": ((1,), OK),
    "fd_fdstat_set_rights": ((1, "L0", "L0"), OK),
    "fd_filestat_set_size": ((1, "L0"), OK),
    "fd_filestat_set_times": ((1, "L0", "L0", 0), OK),
    "fd_sync": ((3,), BADF),
}
# One ends nothing, and the others are what compilers of C++ want: none has a status of proxy-wasm or WASI.
WITHOUT_A_STATUS = {"proc_exit", "emscripten_notify_memory_growth", "pthread_equal"}


def operand(probe: Probe, given: Operand) -> str:
    if isinstance(given, int):
        return f"(i32.const {given})"
    return f"(i64.const {given[1:]})" if given.startswith("L") and given[1:].isdecimal() else probe.text(given)


def status_of(rig: MakeRig, name: str, operands: Sequence[Operand], *, marker: str = NEWEST) -> int:
    probe = Probe(marker=marker)
    plain = name if name in ENV or name in OF_THE_FIRST_ABI else f"wasi_{name}"
    given = " ".join(operand(probe, each) for each in operands)
    probe.on("request_headers", probe.say(f"(call ${plain} {given})"))
    return int(rig(probe).get().rig.lines[-1])


@pytest.mark.parametrize("name", ENV | WASI)
def test_function_answers(rig: MakeRig, name: str) -> None:
    operands, status = (ENV | WASI)[name]
    assert status_of(rig, name, operands) == status


@pytest.mark.parametrize("name", OF_THE_FIRST_ABI)
def test_function_of_the_first_abi_answers(rig: MakeRig, name: str) -> None:
    operands, status = OF_THE_FIRST_ABI[name]
    assert status_of(rig, name, operands, marker=FIRST) == status


def test_no_function_is_left_out() -> None:
    assert {name for module, name in calls.names() if module == "env"} - WITHOUT_A_STATUS == {*ENV, *OF_THE_FIRST_ABI}
    assert {name for module, name in calls.names() if module != "env"} - WITHOUT_A_STATUS == set(WASI)
