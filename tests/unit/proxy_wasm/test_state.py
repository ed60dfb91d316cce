"""Properties, shared data, queues, metrics, foreign functions, ticks, contexts."""

import struct
import zlib

import pytest

from tests.support.probes import NUMBER, OLD, POINTER, SIZE, Probe
from tests.support.world import Rig
from tests.unit.proxy_wasm.conftest import MakeRig

PATHS = {
    "route_name": "a-route",
    "cluster_name": "outbound|80||up.static",
    "xds.route_name": "a-route",
    "plugin_name": "probe",
    "plugin_root_id": "",
    "request.path": "/a?b=1",
    "request.url_path": "/a",
    "request.query": "b=1",
    "request.host": "example.com",
    "request.method": "POST",
    "request.protocol": "HTTP/1.1",
    "request.headers.x-own": "v",
    "source.address": "10.0.0.9:4711",
    "node.id": "hgw",
}


@pytest.mark.parametrize("path", PATHS)
def test_property_of_a_request(rig: MakeRig, path: str) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.property(path)))
    exchange = rig(probe).open(source=("10.0.0.9", 4711))
    exchange.request({"x-own": "v"}, body=None)
    assert exchange.rig.lines == [PATHS[path]]


@pytest.mark.parametrize("path", ["none", "request.none", "request.path.deeper", "response.code", "upstream.address"])
def test_property_that_there_is_not(rig: MakeRig, path: str) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.property(path)))
    assert rig(probe).get().rig.lines == ["!1"]


def test_number_is_eight_bytes(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "response_headers", probe.show(probe.property("response.code")), probe.say(f"(i32.load (i32.const {SIZE}))")
    )
    exchange = rig(probe).get()
    exchange.stream.context.progress.response_code = 206
    assert exchange.answer({":status": "206"}).rig.lines == [
        struct.pack("<q", 206).decode("utf-8", "replace"),
        "8",
    ]


def test_path_may_end_in_nul_or_not(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.property("route_name.")), probe.show(probe.property("route_name")))
    assert rig(probe).get().rig.lines == ["a-route", "a-route"]


def test_owner_has_the_first_word(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.property("source.address")))
    exchange = rig(probe).open(properties={"source.address": b"1.2.3.4:5"})
    assert exchange.request(body=None).rig.lines == ["1.2.3.4:5"]


def test_what_is_set_is_found_in_this_stream_only(rig: MakeRig) -> None:
    probe = Probe()
    store = probe.once(probe.do("set_property", probe.text("mine"), probe.text("v")))
    probe.on("request_headers", store, probe.show(probe.property("mine")))
    made = rig(probe)
    made.get()
    made.get()
    assert made.lines == ["v", "!1"]


def test_plugin_itself_has_no_properties_to_set(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("configure", probe.say(probe.call("set_property", probe.text("a"), probe.text("b"))), returns=1)
    assert rig(probe).lines == ["1"]


def test_memory_of_the_vm_is_a_property(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.property("plugin_vm_memory")))
    assert rig(probe).get().rig.lines == [struct.pack("<Q", 2 * 65536).decode()]


def test_plugin_asks_for_a_new_vm(rig: MakeRig) -> None:
    probe = Probe().on("vm_start", returns=1)
    probe.on(
        "request_headers",
        probe.write("here"),
        probe.do("set_property", probe.text("wasm_need_rebuild"), probe.text("true")),
    )
    probe.on("configure", probe.write("configured"), returns=1)
    made = rig(probe)
    made.get()
    made.get()
    assert made.lines == ["configured", "here", "configured", "here"]


# Shared data, queues ------------------------------------------------------------------------------------------


def shared_set(probe: Probe, value: str, number: int) -> str:
    return probe.say(probe.call("set_shared_data", probe.text("k"), probe.text(value), number))


def shared_get(probe: Probe) -> str:
    return probe.show(probe.call("get_shared_data", probe.text("k"), POINTER, SIZE, NUMBER))


def test_shared_data_is_compared_and_swapped(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "request_headers",
        shared_get(probe),
        shared_set(probe, "one", 99),
        shared_get(probe),
        shared_set(probe, "two", 2),
        probe.say(
            f"(call $proxy_set_shared_data {probe.text('k')} {probe.text('three')} (i32.load (i32.const {NUMBER})))"
        ),
        shared_get(probe),
        shared_set(probe, "four", 0),
        shared_get(probe),
    )
    assert rig(probe).get().rig.lines == ["!1", "0", "one", "8", "0", "three", "0", "four"]


def test_shared_data_outlives_a_vm(rig: MakeRig, engine: object) -> None:
    probe = Probe()
    probe.on("request_headers", shared_get(probe), shared_set(probe, "kept", 0))
    first = rig(probe)
    first.get()
    second = rig(probe, shared=first.shared)
    second.get()
    assert second.lines == ["kept", "0"]


def test_queue_is_first_in_first_out_and_tells_its_owner(rig: MakeRig) -> None:
    probe = Probe()
    queue, none = probe.text("q"), probe.text("none")
    token = f"(i32.load (i32.const {NUMBER}))"
    take = probe.call("dequeue_shared_queue", token, POINTER, SIZE)
    probe.on("vm_start", probe.number(probe.call("register_shared_queue", queue, NUMBER)), returns=1)
    probe.on(
        "request_headers",
        probe.number(probe.call("resolve_shared_queue", probe.text(""), none, NUMBER)),
        probe.number(probe.call("resolve_shared_queue", probe.text(""), queue, NUMBER)),
        probe.show(take),
        *(probe.say(probe.call("enqueue_shared_queue", token, probe.text(entry))) for entry in ("a", "b")),
        probe.say(probe.call("enqueue_shared_queue", 77, probe.text("a"))),
    )
    probe.on("queue_ready", probe.show(take))
    exchange = rig(probe).get()
    assert exchange.rig.lines == ["1", "!1", "1", "!7", "0", "0", "1"]
    exchange.rig.lines.clear()
    exchange.rig.world.settle()
    assert exchange.rig.lines == ["a", "b"]


# Metrics ------------------------------------------------------------------------------------------------------

COUNTER, GAUGE, HISTOGRAM = 0, 1, 2


def metric(rig: MakeRig, kind: int, *changes: tuple[str, int]) -> Rig:
    """A plugin that defines a metric `m` and changes it; the statuses are in the log."""
    probe = Probe()
    keep = f"(i32.store (i32.const 80) (i32.load (i32.const {NUMBER})))"
    identifier = "(i32.load (i32.const 80))"
    probe.on(
        "request_headers",
        probe.do("define_metric", kind, probe.text("m"), NUMBER),
        keep,
        *(probe.say(probe.call(name, identifier, f"(i64.const {value})")) for name, value in changes),
        probe.number(probe.call("get_metric", identifier, NUMBER)),
    )
    return rig(probe).get().rig


def test_counter_only_grows(rig: MakeRig) -> None:
    changes = [("increment_metric", 2), ("increment_metric", 0), ("increment_metric", -1), ("record_metric", 3)]
    made = metric(rig, COUNTER, *changes)
    assert made.lines == ["0", "2", "2", "0", "5"]
    assert made.shared.metrics.snapshot() == {"m": 5}


def test_gauge_goes_both_ways(rig: MakeRig) -> None:
    assert metric(rig, GAUGE, ("record_metric", 7), ("increment_metric", -3), ("increment_metric", 1)).lines == [
        "0",
        "0",
        "0",
        "5",
    ]


def test_histogram_is_recorded_and_not_read(rig: MakeRig) -> None:
    made = metric(rig, HISTOGRAM, ("record_metric", 7), ("increment_metric", 1))
    assert made.lines == ["0", "2", "!2"]
    assert made.shared.metrics.snapshot() == {"m": 1}


def test_metric_that_nobody_defined(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "request_headers",
        probe.say(probe.call("increment_metric", 400, "(i64.const 1)")),
        probe.say(probe.call("record_metric", 400, "(i64.const 1)")),
        probe.say(probe.call("get_metric", 400, NUMBER)),
        probe.say(probe.call("define_metric", 3, probe.text("m"), NUMBER)),
    )
    assert rig(probe).get().rig.lines == ["1", "1", "1", "2"]


# Foreign functions, contexts, time ----------------------------------------------------------------------------


def foreign(probe: Probe, name: str, argument: str | bytes = "") -> str:
    return probe.show(probe.call("call_foreign_function", probe.text(name), probe.text(argument), POINTER, SIZE))


def test_foreign_functions(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "request_headers",
        foreign(probe, "get_log_level"),
        foreign(probe, "set_global_max_requests_per_io_cycle", b"\1" + bytes(7)),
        foreign(probe, "uncompress", zlib.compress(b"text")),
        foreign(probe, "uncompress", "no zlib"),
        foreign(probe, "none"),
    )
    assert rig(probe).get().rig.lines == ["\0\0\0\0", "", "text", "!3", "!1"]


def test_foreign_function_that_is_missing_is_told(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", foreign(probe, "sign"))
    lines = rig(probe).get().rig.lines
    assert "sign" in lines[0]
    assert lines[1] == "!1"


@pytest.mark.parametrize(
    "name", ["inject_encoded_data_to_filter_chain", "inject_encoded_data_to_filter_chain_on_header"]
)
def test_data_is_injected_by_foreign_function(rig: MakeRig, name: str) -> None:
    probe = Probe()
    probe.on("response_headers", foreign(probe, name, b"\x0a\x04more\x10\x00"), returns=4)
    exchange = rig(probe).get().answer()
    assert [entry[0] for entry in exchange.wire.downstream[1:]] == ["more"]


@pytest.mark.parametrize("argument", [b"\x0a\x09cut", b"\xff", b"\x0a"])
def test_injection_that_cannot_be_read(rig: MakeRig, argument: bytes) -> None:
    probe = Probe()
    probe.on("response_headers", foreign(probe, "inject_encoded_data_to_filter_chain", argument))
    assert rig(probe).get().answer().rig.lines == ["!4"]


def test_effective_context_holds_for_one_call(rig: MakeRig) -> None:
    probe = Probe(marker=OLD).on("request_headers", "(global.set $stream (local.get $p0))", returns=1)
    probe.on(
        "tick",
        probe.show(probe.property("request.path")),
        probe.say(probe.call("set_effective_context", "(global.get $stream)")),
        probe.show(probe.property("request.path")),
        probe.say(probe.call("set_effective_context", 99)),
    )
    exchange = rig(probe).get()
    exchange.rig.host.tick()
    exchange.rig.host.tick()
    assert exchange.rig.lines == ["!1", "0", "/a?b=1", "2"] * 2


def test_tick_period_and_time(rig: MakeRig) -> None:
    probe = Probe()
    seconds = "(i32.wrap_i64 (i64.rem_u (i64.div_u (i64.load (i32.const 48)) (i64.const 1000000000)) (i64.const 1000)))"
    probe.on(
        "vm_start",
        probe.do("set_tick_period_milliseconds", 250),
        probe.do("get_current_time_nanoseconds", NUMBER),
        probe.say(seconds),
        returns=1,
    )
    made = rig(probe)
    assert made.world.tick_period == 250
    assert made.lines == ["600"]


def test_log_levels(rig: MakeRig) -> None:
    probe = Probe()
    lines = [probe.say(probe.call("log", level, probe.text(f"level {level}"))) for level in range(7)]
    made = rig(probe.on("request_headers", *lines)).get().rig
    assert [line for line in made.lines if line.startswith("level")] == [f"level {level}" for level in range(6)]
    assert made.lines[-1] == "2"
    levels = [level.name for level in made.world.levels if level.name != "INFO"]
    assert levels == ["TRACE", "DEBUG", "WARN", "ERROR", "CRITICAL"]
