"""Answers of the plugin itself, and streams that it resumes or closes."""

import pytest

from higress_cli.proxy_wasm import pairs
from tests.support.probes import NEWEST, OLD, REQUEST_HEADERS, RESPONSE_BODY, RESPONSE_HEADERS, Probe
from tests.unit.proxy_wasm.conftest import MakeRig


def denying(marker: str = NEWEST, *, phase: str = "request_headers", returns: int = 0) -> Probe:
    probe = Probe(marker=marker)
    headers = pairs.encode([(b"X-Why", b"no")])
    return probe.on(phase, f"(drop {probe.reply(403, 'denied', headers, 'by-rule')})", returns=returns)


@pytest.mark.parametrize("marker", [OLD, NEWEST])
@pytest.mark.parametrize("returns", [0, 1, 4])
def test_answer_at_the_request_headers(rig: MakeRig, marker: str, returns: int) -> None:
    exchange = rig(denying(marker, returns=returns)).open().request()
    assert exchange.wire.upstream == []
    expected = {":status": "403", "x-why": "no", "content-length": "6", "content-type": "text/plain"}
    assert exchange.wire.downstream == [(expected, False), ("denied", True)]
    assert exchange.stream.local_details == "by-rule"


@pytest.mark.parametrize("returns", [0, 1, 2, 3])
def test_answer_in_the_body_phase(rig: MakeRig, returns: int) -> None:
    exchange = rig(denying(phase="request_body", returns=returns)).open().request()
    assert exchange.wire.status == "403"
    assert [entry[0] for entry in exchange.wire.upstream[1:]] == []


def test_answer_passes_the_plugins_own_response_callbacks(rig: MakeRig) -> None:
    probe = denying()
    probe.on("response_headers", f"(drop {probe.add(RESPONSE_HEADERS, 'seen', '1')})")
    probe.on("response_body", probe.show(probe.body(RESPONSE_BODY)))
    exchange = rig(probe).get()
    assert exchange.wire.downstream[0][0]["seen"] == "1"
    assert exchange.rig.lines == ["denied"]


def test_answer_at_the_response_headers_does_not_pass_them_again(rig: MakeRig) -> None:
    probe = denying(phase="response_headers")
    probe.on("response_body", probe.write("body seen"))
    exchange = rig(probe).get().answer()
    assert exchange.wire.status == "403"
    assert exchange.wire.downstream[1:] == [("denied", True)]
    assert [name for name, _value in exchange.rig.world.callbacks].count("response_headers") == 1
    assert exchange.rig.lines == []


def test_answer_after_the_response_headers_went_resets(rig: MakeRig) -> None:
    exchange = rig(denying(phase="response_body")).get().answer()
    assert exchange.wire.status == "200"
    assert exchange.wire.downstream[-1] == "reset: by-rule"


def test_second_answer_is_ignored(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", f"(drop {probe.reply(401, 'one')})", f"(drop {probe.reply(402, 'two')})")
    exchange = rig(probe).get()
    assert exchange.wire.status == "401"
    assert exchange.wire.downstream[1:] == [("one", True)]


def test_empty_answer_has_no_length_and_no_type(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", f"(drop {probe.reply(204, '', pairs.encode([(b'content-type', b'a/b')]))})")
    assert rig(probe).get().wire.downstream == [({":status": "204"}, True)]


def test_answer_keeps_the_plugins_content_type(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", f"(drop {probe.reply(200, '{}', pairs.encode([(b'content-type', b'a/b')]))})")
    assert rig(probe).get().wire.downstream[0][0]["content-type"] == "a/b"


def test_answer_to_a_head_request_has_no_body(rig: MakeRig) -> None:
    exchange = rig(denying()).get(**{":method": "HEAD"})
    assert [end for _headers, end in exchange.wire.downstream] == [True]


def test_upstreams_answer_after_the_plugins_is_ignored(rig: MakeRig) -> None:
    exchange = rig(denying(phase="request_body")).open()
    exchange.stream.on_request_headers([(b":path", b"/")], end=False)
    exchange.stream.on_request_data(b"x", end=False)
    exchange.answer()
    assert [entry[0] for entry in exchange.wire.downstream[1:]] == ["denied"]


def test_garbage_headers_are_none(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.say(probe.reply(403, "no", b"\xff" * 20)))
    exchange = rig(probe).get()
    assert exchange.rig.lines == ["0"]
    assert set(exchange.wire.downstream[0][0]) == {":status", "content-length", "content-type"}


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_only_requests_and_responses_are_continued(rig: MakeRig, kind: int) -> None:
    probe = Probe()
    probe.on("request_headers", probe.say(probe.call("continue_stream", kind)))
    assert rig(probe).get().rig.lines == ["2"]


def test_resuming_takes_the_request_out_of_reach(rig: MakeRig) -> None:
    probe = Probe(marker=OLD).on("request_headers", "(global.set $stream (local.get $p0))", returns=1)
    probe.on(
        "tick",
        probe.do("set_effective_context", "(global.get $stream)"),
        probe.say(probe.add(REQUEST_HEADERS, "first", "1")),
        probe.do("continue_stream", 0),
        probe.say(probe.add(REQUEST_HEADERS, "second", "1")),
    )
    exchange = rig(probe).get()
    assert exchange.wire.upstream == []
    exchange.rig.host.tick()
    assert exchange.rig.lines == ["0", "2"]
    assert "first" in exchange.wire.upstream[0][0]
    assert "second" not in exchange.wire.upstream[0][0]


def test_response_is_resumed(rig: MakeRig) -> None:
    probe = Probe(marker=OLD).on("response_headers", "(global.set $stream (local.get $p0))", returns=1)
    probe.on("tick", probe.do("set_effective_context", "(global.get $stream)"), probe.do("continue_stream", 1))
    exchange = rig(probe).get().answer()
    assert exchange.wire.downstream == []
    exchange.rig.host.tick()
    assert [entry[0] for entry in exchange.wire.downstream[1:]] == ["answer"]


def test_closing_a_stream_resets_it(rig: MakeRig) -> None:
    probe = Probe()
    exchange = rig(probe.on("request_headers", probe.say(probe.call("close_stream", 0)), returns=4)).get()
    assert exchange.wire.downstream == ["reset: wasm_fail_stream"]
    assert exchange.rig.lines == ["0"]


def test_gateways_own_answer_passes_the_plugin(rig: MakeRig) -> None:
    probe = Probe()
    exchange = rig(probe.on("response_headers", f"(drop {probe.add(RESPONSE_HEADERS, 'seen', '1')})")).get()
    exchange.stream.answer(503, "no upstream", details="upstream_reset_before_response_started")
    assert exchange.wire.downstream[0][0]["seen"] == "1"
    assert exchange.wire.downstream[1:] == [("no upstream", True)]


def test_callbacks_of_a_stream_come_in_their_order(rig: MakeRig) -> None:
    names = (
        "context_create",
        "request_headers",
        "request_body",
        "response_headers",
        "response_body",
        "log",
        "done",
        "delete",
    )
    probe = Probe()
    for name in names:
        probe.on(name)
    exchange = rig(probe).open().request(body=["x"]).answer(body=["y"]).close()
    seen = [name for name, _value in exchange.rig.world.callbacks]
    assert list(dict.fromkeys(seen)) == list(names)
