"""Bodies: what is read, what is changed, what is too much."""

import pytest

from tests.support.probes import (
    NUMBER,
    OLD,
    PLUGIN_CONFIGURATION,
    REQUEST_BODY,
    RESPONSE_BODY,
    SIZE,
    VM_CONFIGURATION,
    Probe,
)
from tests.unit.proxy_wasm.conftest import MakeRig

WATERMARK, BUFFER = 4, 1
UNTIL_THE_END = "(i32.eqz (local.get $p2))"


@pytest.mark.parametrize(
    ("start", "size", "status", "sent"),
    [
        (0, 0, "0", "newhello"),
        (0, 2, "0", "newllo"),
        (0, 5, "0", "new"),
        (0, 99, "0", "new"),
        (5, 0, "0", "hellonew"),
        (99, 1, "0", "hellonew"),
        (2, 1, "2", "hello"),
    ],
)
def test_set_prepends_replaces_and_appends(rig: MakeRig, start: int, size: int, status: str, sent: str) -> None:
    probe = Probe()
    probe.on("request_body", probe.once(probe.say(probe.set_body(REQUEST_BODY, "new", start=start, size=size))))
    exchange = rig(probe).open().request()
    assert exchange.rig.lines == [status]
    assert exchange.wire.upstream[1] == (sent, False)


def test_buffered_body_is_replaced_at_its_end(rig: MakeRig) -> None:
    probe = Probe()
    change = f"(if (local.get $p2) (then (drop {probe.set_body(RESPONSE_BODY, 'short', size=1 << 20)})))"
    probe.on("response_body", change, returns=UNTIL_THE_END)
    exchange = rig(probe).get().answer(body=["a long ", "answer"])
    assert exchange.wire.downstream[1:] == [("short", True)]


@pytest.mark.parametrize(("start", "most", "seen"), [(1, 3, "ell"), (0, 99, "hello"), (5, 1, ""), (99, 1, "")])
def test_get_gives_no_more_than_there_is(rig: MakeRig, start: int, most: int, seen: str) -> None:
    probe = Probe()
    probe.on("request_body", probe.once(probe.show(probe.body(REQUEST_BODY, start, most))))
    assert rig(probe).open().request().rig.lines == [seen]


def test_body_that_did_not_come_is_empty_and_cannot_be_set(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.body(REQUEST_BODY)), probe.say(probe.set_body(REQUEST_BODY, "x")))
    assert rig(probe).get().rig.lines == ["", "2"]


def test_configuration_is_there_while_configuring_only(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("configure", probe.show(probe.body(PLUGIN_CONFIGURATION)), returns=1)
    probe.on("request_headers", probe.show(probe.body(PLUGIN_CONFIGURATION)), probe.show(probe.body(VM_CONFIGURATION)))
    assert rig(probe, configuration=b'{"a": 1}', vm_configuration=b"vm").get().rig.lines == ['{"a": 1}', "!1", "vm"]


def test_unknown_buffer(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.body(10)), probe.say(probe.set_body(10, "x")))
    assert rig(probe).get().rig.lines == ["!2", "2"]


def test_status_of_a_buffer_is_its_size(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_body", probe.once(probe.number(probe.call("get_buffer_status", REQUEST_BODY, NUMBER, SIZE))))
    assert rig(probe).open().request().rig.lines == ["5"]


def test_body_held_with_the_headers_comes_to_the_plugin_at_once_when_it_resumes(rig: MakeRig) -> None:
    probe = Probe(marker=OLD).on("request_headers", "(global.set $stream (local.get $p0))", returns=WATERMARK)
    probe.on("tick", probe.do("set_effective_context", "(global.get $stream)"), probe.do("continue_stream", 0))
    probe.on("request_body", probe.show(probe.body(REQUEST_BODY)), probe.say("(local.get $p2)"))
    exchange = rig(probe).open().request(body=["abc", "def"])
    assert exchange.wire.upstream == []
    exchange.rig.host.tick()
    assert exchange.rig.lines == ["abcdef", "1"]
    assert [entry[0] for entry in exchange.wire.upstream[1:]] == ["abcdef"]


def test_buffered_body_can_be_read_when_the_plugin_waits(rig: MakeRig) -> None:
    probe = Probe().on("request_body", "(global.set $stream (local.get $p0))", returns=BUFFER)
    probe.on(
        "tick",
        probe.do("set_effective_context", "(global.get $stream)"),
        probe.show(probe.body(REQUEST_BODY)),
        probe.do("continue_stream", 0),
    )
    exchange = rig(probe).open().request(body=["abc", "def"])
    exchange.rig.host.tick()
    assert exchange.rig.lines == ["abcdef"]
    assert exchange.wire.upstream[1:] == [("abcdef", True)]


def test_request_body_beyond_the_limit_is_refused(rig: MakeRig) -> None:
    exchange = rig(Probe().on("request_body", returns=BUFFER), buffer_limit=8).open().request(body=["12345", "67890"])
    assert exchange.wire.downstream == [
        ({":status": "413", "content-length": "17", "content-type": "text/plain"}, False),
        ("Payload Too Large", True),
    ]
    assert exchange.stream.local_details == "request_payload_too_large"


def test_answer_beyond_the_limit_is_replaced_while_its_headers_are_held(rig: MakeRig) -> None:
    probe = Probe().on("response_headers", returns=1).on("response_body", returns=BUFFER)
    exchange = rig(probe, buffer_limit=8).get().answer(body=["12345", "67890"])
    assert exchange.wire.status == "500"
    assert exchange.wire.downstream[1:] == [("Internal Server Error", True)]


def test_answer_beyond_the_limit_is_cut_off_once_its_headers_are_gone(rig: MakeRig) -> None:
    exchange = rig(Probe().on("response_body", returns=BUFFER), buffer_limit=8).get().answer(body=["12345", "67890"])
    assert exchange.wire.status == "200"
    assert exchange.wire.downstream[-1] == "reset: response_payload_too_large"


def test_watermarked_body_may_be_larger_and_asks_the_sender_to_wait(rig: MakeRig) -> None:
    exchange = rig(Probe().on("request_headers", returns=WATERMARK), buffer_limit=8).open()
    exchange.request(body=["12345"])
    assert not exchange.stream.request.full
    other = (
        rig(Probe().on("request_headers", returns=WATERMARK), buffer_limit=8).open().request(body=["12345", "67890"])
    )
    assert other.stream.request.full
    assert other.wire.downstream == []


def test_plugin_lifts_the_limit(rig: MakeRig) -> None:
    probe = Probe().on("request_body", returns=UNTIL_THE_END)
    lift = probe.do("set_property", probe.text("set_decoder_buffer_limit"), probe.text("100"))
    exchange = rig(probe.on("request_headers", lift), buffer_limit=8).open().request(body=["12345", "67890"])
    assert exchange.wire.upstream[1:] == [("1234567890", True)]


def test_limit_that_is_not_a_number_is_told(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.do("set_property", probe.text("set_encoder_buffer_limit"), probe.text("much")))
    assert rig(probe).get().rig.lines == ["set_encoder_buffer_limit is not a number: much"]


def test_data_is_injected_past_the_plugin(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("response_body", probe.once(probe.do("inject_encoded_data_to_filter_chain", probe.text("more "), 0)))
    exchange = rig(probe).get().answer(body=["answer"])
    assert [entry[0] for entry in exchange.wire.downstream[1:]] == ["more ", "answer", ""]
