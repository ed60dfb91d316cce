"""Calls to other services, and how their answers come back."""

import pytest

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.surroundings import HttpAnswer, refused, timed_out
from tests.support.probes import CALL_BODY, CALL_HEADERS, CALL_TRAILERS, NUMBER, OLD, POINTER, REDIS_REPLY, SIZE, Probe
from tests.unit.proxy_wasm.conftest import MakeRig

ASK = pairs.encode([(b":method", b"POST"), (b":path", b"/check"), (b":authority", b"auth"), (b"X-A", b"1")])


def asking(cluster: str = "known", headers: bytes = ASK, timeout: int = 700) -> Probe:
    probe = Probe(marker=OLD)
    call = probe.http_call(cluster, headers, "question", timeout)
    return probe.on("request_headers", probe.number(call), returns=1)


def test_call_goes_out_as_the_plugin_made_it(rig: MakeRig) -> None:
    exchange = rig(asking()).get()
    (call,) = exchange.rig.world.http
    assert exchange.rig.lines == [str(call.token)]
    assert (call.cluster, call.body, call.timeout_milliseconds) == ("known", b"question", 700)
    assert dict(call.headers) == {
        b":method": b"POST", b":path": b"/check", b":authority": b"auth", b"x-a": b"1", b"content-length": b"8",
    }  # fmt: skip


def test_answer_is_read_in_its_callback_and_gone_after_it(rig: MakeRig) -> None:
    probe = asking()
    probe.on(
        "http_call_response",
        *(probe.say(f"(local.get $p{index})") for index in (2, 3, 4)),
        probe.show(probe.get(CALL_HEADERS, ":status")),
        probe.show(probe.body(CALL_BODY)),
        probe.show(probe.get(CALL_TRAILERS, "t")),
    ).on("tick", probe.show(probe.get(CALL_HEADERS, ":status")), probe.show(probe.body(CALL_BODY)))
    exchange = rig(probe).get()
    world, host = exchange.rig.world, exchange.rig.host
    world.lines.clear()
    answer = HttpAnswer(headers=((b":status", b"200"), (b"a", b"b")), body=b"yes", trailers=((b"t", b"1"),))
    host.http_answer(world.http[0].token, answer)
    host.tick()
    assert world.lines == ["2", "3", "1", "200", "yes", "1", "!2", "!1"]


def test_answer_is_told_once_and_to_nobody_who_did_not_ask(rig: MakeRig) -> None:
    probe = asking()
    probe.on("http_call_response", probe.write("told"))
    exchange = rig(probe).get()
    exchange.rig.lines.clear()
    token = exchange.rig.world.http[0].token
    for each in (token + 1, token, token):
        exchange.rig.host.http_answer(each, refused())
    assert exchange.rig.lines == ["told"]


@pytest.mark.parametrize(
    ("answer", "status", "text"), [(refused(), "503", "remote connection failure"), (timed_out(), "504", "timeout")]
)
def test_failed_call_has_a_status_three_headers_and_a_text(
    rig: MakeRig, answer: HttpAnswer, status: str, text: str
) -> None:
    probe = asking()
    probe.on(
        "http_call_response",
        probe.say("(local.get $p2)"),
        probe.show(probe.get(CALL_HEADERS, ":status")),
        probe.show(probe.body(CALL_BODY)),
    )
    exchange = rig(probe).get()
    exchange.rig.lines.clear()
    exchange.rig.host.http_answer(exchange.rig.world.http[0].token, answer)
    assert exchange.rig.lines[:2] == ["3", status]
    assert text in exchange.rig.lines[2]


@pytest.mark.parametrize(
    "probe",
    [
        asking(cluster="unknown"),
        asking(headers=pairs.encode([(b":path", b"/"), (b":authority", b"a")])),
        asking(headers=pairs.encode([(b":method", b"GET"), (b":authority", b"a")])),
        asking(headers=pairs.encode([(b":method", b"GET"), (b":path", b"/")])),
        asking(headers=b"garbage"),
        asking(timeout=-1),
    ],
    ids=["cluster", "method", "path", "authority", "garbage", "timeout"],
)
def test_call_that_cannot_be_made(rig: MakeRig, probe: Probe) -> None:
    assert rig(probe).get().rig.lines == ["!2"]


def test_plugin_resumes_the_stream_from_the_answer(rig: MakeRig) -> None:
    probe = Probe(marker=OLD)
    call = f"(global.set $stream (local.get $p0)) (drop {probe.http_call('known', ASK)})"
    probe.on("request_headers", call, returns=1)
    probe.on(
        "http_call_response", probe.do("set_effective_context", "(global.get $stream)"), probe.do("continue_stream", 0)
    )
    exchange = rig(probe).open().request()
    assert exchange.wire.upstream == []
    exchange.rig.host.http_answer(exchange.rig.world.http[0].token, refused())
    assert [entry[0] for entry in exchange.wire.upstream[1:]] == ["hello"]


def redis(cluster: str) -> Probe:
    probe = Probe()
    name = probe.text(cluster)
    probe.on(
        "configure", probe.say(probe.call("redis_init", name, probe.text("me"), probe.text("secret"), 900)), returns=1
    )
    call = probe.call("redis_call", name, probe.text(b"*1\r\n$4\r\nPING\r\n"), NUMBER)
    return probe.on("request_headers", probe.number(call))


def test_redis_call_and_its_reply(rig: MakeRig) -> None:
    probe = redis("known?db=2&buffer_flush_timeout=3")
    probe.on("redis_call_response", probe.say("(local.get $p2)"), probe.show(probe.body(REDIS_REPLY)))
    exchange = rig(probe).get()
    world = exchange.rig.world
    (login,), (call,) = world.logins, world.redis
    assert (login.cluster, login.username, login.password, login.timeout_milliseconds) == ("known", "me", "secret", 900)
    assert login.options == {"db": "2", "buffer_flush_timeout": "3"}
    assert (call.cluster, call.query) == ("known", b"*1\r\n$4\r\nPING\r\n")
    world.lines.clear()
    exchange.rig.host.redis_reply(call.token, b"+PONG\r\n")
    assert world.lines == ["0", "+PONG\r\n"]


def test_redis_call_that_failed(rig: MakeRig) -> None:
    probe = redis("known")
    probe.on("redis_call_response", probe.say("(local.get $p2)"), probe.say("(local.get $p3)"))
    exchange = rig(probe).get()
    exchange.rig.lines.clear()
    exchange.rig.host.redis_reply(exchange.rig.world.redis[0].token, None)
    assert exchange.rig.lines == ["1", "0"]


def test_redis_that_is_not_there(rig: MakeRig) -> None:
    assert rig(redis("unknown")).get().rig.lines == ["2", "!2"]


def test_grpc_says_clearly_that_it_is_not_there(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.say(probe.call("grpc_cancel", 1)))
    lines = rig(probe).get().rig.lines
    assert lines == ["the builtin engine has no gRPC: Unimplemented", "12"]


@pytest.mark.parametrize("kind", [2, 3])
def test_tcp_says_clearly_that_it_is_not_there(rig: MakeRig, kind: int) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.body(kind)), probe.show(probe.body(CALL_BODY)))
    lines = rig(probe).get().rig.lines
    assert lines[:2] == ["the builtin engine has no TCP: NotFound", "!1"]
    assert not any("TCP" in line for line in lines[2:])


def test_upstream_hosts_are_listed_and_one_is_chosen(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "request_headers",
        probe.show(probe.call("get_upstream_hosts", POINTER, SIZE)),
        probe.say(probe.call("set_upstream_override_host", probe.text("10.0.0.1:80"))),
    )
    exchange = rig(probe).open(upstream_hosts=((b"10.0.0.1:80", b"{}"),))
    exchange.request()
    assert pairs.decode(exchange.rig.lines[0].encode()) == [(b"10.0.0.1:80", b"{}")]
    assert exchange.stream.context.progress.override_host == "10.0.0.1:80"
