"""WASI: outputs are the log, the clock is the owner's, and there are no files."""

import pytest

from higress_cli.proxy_wasm import calls
from higress_cli.wasm.host_functions import host_function, offered
from tests.support.probes import Probe
from tests.unit.proxy_wasm.conftest import MakeRig

ENOENT, ENOTSUP, EBADF, EFAULT, ENOSYS = 44, 58, 8, 21, 52


def wasi(name: str, *operands: int | str) -> str:
    given = " ".join(f"(i32.const {each})" if isinstance(each, int) else each for each in operands)
    return f"(call $wasi_{name} {given})"


def write(probe: Probe, descriptor: int, text: str) -> str:
    """Write one vector, which is kept at 200."""
    at, size = probe.text(text).split(") (")
    store = f"(i32.store (i32.const 200) {at})) (i32.store (i32.const 204) ({size})"
    return store + probe.say(wasi("fd_write", descriptor, 200, 1, 216))


def test_outputs_are_the_log(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("vm_start", write(probe, 1, "out\n"), write(probe, 2, "err\n\n"), write(probe, 3, "none"), returns=1)
    made = rig(probe)
    assert made.lines == ["out", "0", "err\n", "0", "8"]
    assert made.world.levels[2].name == "ERROR"


def test_variables_are_those_of_the_owner_and_no_others(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "vm_start",
        probe.say(wasi("environ_sizes_get", 200, 204)),
        probe.say("(i32.load (i32.const 200))"),
        probe.say("(i32.load (i32.const 204))"),
        probe.say(wasi("environ_get", 220, 300)),
        probe.do("log", 2, "(i32.load (i32.const 220)) (i32.const 10)"),
        returns=1,
    )
    assert rig(probe, environment={"ZONE": "north"}).lines == ["0", "1", "11", "0", "ZONE=north"]


@pytest.mark.parametrize(("clock", "errno"), [(0, 0), (1, 0), (2, ENOTSUP), (3, ENOTSUP)])
def test_clocks(rig: MakeRig, clock: int, errno: int) -> None:
    probe = Probe().on("vm_start", returns=1)
    probe.on("request_headers", probe.say(wasi("clock_time_get", clock, "(i64.const 1)", 200)))
    assert rig(probe).get().rig.lines == [str(errno)]


@pytest.mark.parametrize(
    ("call", "errno"),
    [
        (wasi("path_open", 3, 0, 0, 0, 0, "(i64.const 0)", "(i64.const 0)", 0, 0), ENOENT),
        (wasi("fd_prestat_get", 3, 0), EBADF),
        (wasi("path_filestat_get", 3, 0, 0, 0, 0), ENOTSUP),
        (wasi("fd_read", 0, 0, 0, 0), ENOSYS),
        (wasi("fd_fdstat_get", 1, 200), 0),
        (wasi("fd_fdstat_get", 3, 200), EBADF),
        (wasi("fd_fdstat_set_flags", 1, 0), ENOSYS),
        (wasi("poll_oneoff", 0, 0, 1, 200), 0),
        (wasi("sched_yield"), 0),
        (wasi("args_sizes_get", 200, 204), 0),
        (wasi("random_get", 200, 8), 0),
        (wasi("random_get", -1, 8), EFAULT),
        (wasi("fd_write", 1, -8, 1, 0), EFAULT),
        (wasi("fd_sync", 1), 0),
        (wasi("fd_sync", 9), EBADF),
    ],
)
def test_answers_are_those_of_higress(rig: MakeRig, call: str, errno: int) -> None:
    probe = Probe()
    assert rig(probe.on("vm_start", probe.say(call), returns=1)).lines == [str(errno)]


def test_leaving_is_told(rig: MakeRig) -> None:
    probe = Probe()
    assert "proc_exit(3)" in rig(probe.on("vm_start", wasi("proc_exit", 3), returns=1)).lines[0]


def test_every_function_of_a_higress_gateway_is_here() -> None:
    missing = [each for each in offered() if calls.declared(*each) is None]
    assert missing == []


def test_no_function_is_here_that_no_gateway_has() -> None:
    extra = [each for each in calls.names() if host_function(*each) is None]
    assert extra == []
