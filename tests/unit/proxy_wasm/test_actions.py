"""What each number that a callback returns does, by ABI and phase."""

import pytest

from tests.support.probes import NEWEST, OLD, REQUEST_BODY, REQUEST_HEADERS, RESPONSE_HEADERS, Probe
from tests.support.world import Rig
from tests.unit.proxy_wasm.conftest import MakeRig

CONTINUE, STOP, CONTINUE_AND_END, STOP_AND_BUFFER, STOP_AND_WATERMARK = range(5)
BODY_SEEN = ["5", "0"]


def probe(marker: str, *, request: int = 0, response: int = 0) -> Probe:
    """A plugin that returns these numbers in its header callbacks, and logs the sizes of its body callbacks."""
    made = Probe(marker=marker)
    made.on("request_headers", returns=request).on("response_headers", returns=response)
    made.on("request_body", made.say("(local.get $p1)"))
    return made.on("response_body", made.say("(local.get $p1)"))


@pytest.mark.parametrize("marker", [OLD, "proxy_abi_version_0_2_1", NEWEST])
@pytest.mark.parametrize("value", [CONTINUE, CONTINUE_AND_END])
def test_request_headers_that_continue_reach_the_upstream(rig: MakeRig, marker: str, value: int) -> None:
    exchange = rig(probe(marker, request=value)).open().request()
    assert [entry[0] for entry in exchange.wire.upstream[1:]] == ["hello", ""]
    assert exchange.rig.lines == BODY_SEEN


@pytest.mark.parametrize("marker", [OLD, "proxy_abi_version_0_2_1", NEWEST])
@pytest.mark.parametrize("value", [STOP_AND_BUFFER, STOP_AND_WATERMARK, 5, 255, -1])
def test_request_headers_that_stop_all_hold_the_body_too(rig: MakeRig, marker: str, value: int) -> None:
    exchange = rig(probe(marker, request=value)).open().request()
    assert exchange.wire.upstream == []
    assert exchange.rig.lines == []


@pytest.mark.parametrize("marker", [OLD, "proxy_abi_version_0_2_1"])
def test_stop_iteration_stops_the_body_before_abi_0_2_100(rig: MakeRig, marker: str) -> None:
    exchange = rig(probe(marker, request=STOP)).open().request()
    assert exchange.wire.upstream == []
    assert exchange.rig.lines == []


def test_stop_iteration_lets_the_body_reach_the_plugin_since_0_2_100(rig: MakeRig) -> None:
    exchange = rig(probe(NEWEST, request=STOP)).open().request(body=["hello", "you"])
    assert exchange.rig.lines[0] == "5"
    # The first body callback continued: headers and body went on with it.
    assert [entry[0] for entry in exchange.wire.upstream[1:]] == ["hello", "you", ""]


@pytest.mark.parametrize(("marker", "seen"), [(OLD, []), (NEWEST, ["6", "0"])])
def test_stop_iteration_of_the_response_follows_the_same_rule(rig: MakeRig, marker: str, seen: list[str]) -> None:
    exchange = rig(probe(marker, response=STOP)).open().request(body=None).answer()
    assert exchange.rig.lines == seen
    assert bool(exchange.wire.downstream) is (marker == NEWEST)


@pytest.mark.parametrize("value", [STOP_AND_BUFFER, STOP_AND_WATERMARK, 5])
def test_response_headers_that_stop_all_hold_the_answer(rig: MakeRig, value: int) -> None:
    exchange = rig(probe(NEWEST, response=value)).open().request(body=None).answer()
    assert exchange.wire.downstream == []


@pytest.mark.parametrize("value", [CONTINUE, CONTINUE_AND_END])
def test_response_headers_that_continue_reach_the_client(rig: MakeRig, value: int) -> None:
    exchange = rig(probe(NEWEST, response=value)).open().request(body=None).answer()
    assert [entry[0] for entry in exchange.wire.downstream[1:]] == ["answer", ""]


def bodies(rig: MakeRig, value: int, *, at_end: int = 0) -> Rig:
    """A plugin that returns `value` for each part of the request's body, and `at_end` for the end."""
    made = Probe()
    last = f"(if (result i32) (local.get $p2) (then (i32.const {at_end})) (else (i32.const {value})))"
    made.on("request_body", made.say("(local.get $p1)"), made.show(made.body(REQUEST_BODY)), returns=last)
    return rig(made)


def test_body_that_continues_passes_part_by_part(rig: MakeRig) -> None:
    exchange = bodies(rig, 0).open().request(body=["abcd", "efgh"])
    assert exchange.rig.lines == ["4", "abcd", "4", "efgh", "0", ""]
    assert exchange.wire.upstream[1:] == [("abcd", False), ("efgh", False), ("", True)]


def test_buffered_body_grows_until_the_end(rig: MakeRig) -> None:
    exchange = bodies(rig, 1).open().request(body=["abcd", "efgh", "ij"])
    assert exchange.rig.lines == ["4", "abcd", "8", "abcdefgh", "10", "abcdefghij", "10", "abcdefghij"]
    assert exchange.wire.upstream[1:] == [("abcdefghij", True)]


def test_watermarked_body_is_kept_and_each_part_seen_alone(rig: MakeRig) -> None:
    exchange = bodies(rig, 2).open().request(body=["abcd", "efgh"])
    assert exchange.rig.lines == ["4", "abcd", "4", "efgh", "0", ""]
    assert exchange.wire.upstream[1:] == [("abcdefgh", True)]


@pytest.mark.parametrize("value", [3, 4, 200])
def test_body_that_is_not_buffered_is_dropped(rig: MakeRig, value: int) -> None:
    exchange = bodies(rig, value).open().request(body=["abcd", "efgh"])
    assert exchange.rig.lines == ["4", "abcd", "4", "efgh", "0", ""]
    assert exchange.wire.upstream[1:] == [("", True)]


@pytest.mark.parametrize(("value", "goes_on"), [(0, True), (1, False), (2, False)])
def test_trailers(rig: MakeRig, value: int, goes_on: bool) -> None:
    made = Probe().on("request_trailers", returns=value)
    exchange = rig(made).open()
    exchange.stream.on_request_headers([(b":path", b"/")], end=False)
    exchange.stream.on_request_trailers([(b"t", b"1")])
    assert ({"trailers": {"t": "1"}} in exchange.wire.upstream) is goes_on


def test_pause_says_where_and_after_what(rig: MakeRig) -> None:
    exchange = rig(probe(OLD, request=STOP)).open().request()
    pause = exchange.stream.pause
    assert pause is not None
    assert (pause.phase, pause.value) == ("request_headers", STOP)
    done = rig(probe(OLD)).open().request()
    assert done.stream.pause is None


def test_abi_0_1_0_knows_no_end_of_stream(rig: MakeRig) -> None:
    text = """
      (func (export "proxy_on_request_headers") (param i32 i32) (result i32)
        (drop (call $proxy_add_header_map_value (i32.const 0) HELLO WORLD)) (i32.const 0))
    """
    made = Probe(marker="proxy_abi_version_0_1_0")
    made.functions(text.replace("HELLO", made.text("hello")).replace("WORLD", made.text("world")))
    exchange = rig(made).get()
    assert exchange.wire.upstream[0][0]["hello"] == "world"


@pytest.mark.parametrize(
    ("kind", "phase"), [(REQUEST_HEADERS, "request_headers"), (RESPONSE_HEADERS, "response_headers")]
)
def test_plugin_without_a_callback_lets_everything_pass(rig: MakeRig, kind: int, phase: str) -> None:
    other = "response_headers" if phase == "request_headers" else "request_headers"
    exchange = rig(Probe().on(other)).open().request().answer()
    assert len(exchange.wire.upstream) == len(exchange.wire.downstream) == 3
