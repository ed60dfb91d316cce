from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.events import (
    AnsweredBy,
    CallbackReturned,
    CallRefused,
    Event,
    HeadersSentUpstream,
    Overflow,
    PluginLine,
    SentUpstream,
    ServiceUnknown,
    StreamEnded,
    Trap,
)
from higress_cli.gateway.servers import Seen
from higress_cli.project.scenario import Request
from higress_cli.scenarios.causes import Surroundings, causes
from higress_cli.scenarios.observation import Call, Observed
from higress_cli.system.exact_request import WholeAnswer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POST = Request(method="POST", path="/post", body="hello")
SEEN = Seen(method="POST", path="/post", headers={}, body=b"hello")


def sent(length: int | None, count: int) -> Event:
    return SentUpstream(at=NOW, method="POST", path="/post", content_length=length, body_bytes=count)


def ended(**facts: object) -> Event:
    given: dict = {"status": 200, "answered_by": AnsweredBy.UPSTREAM, "milliseconds": 1, **facts}
    return StreamEnded(at=NOW, method="POST", path="/post", **given)


def said(text: str) -> Event:
    return PluginLine(at=NOW, level="debug", text=text)


def found(
    *events: Event,
    key: str | None = "upstream.body",
    request: Request = POST,
    headers: dict[str, str] | None = None,
    seen: Sequence[Seen] = (SEEN,),
    around: Surroundings | None = None,
    ok: bool = False,
    **more: object,
) -> tuple[str, ...]:
    given: dict = {"answer": WholeAnswer(status=200, headers=headers or {}, body=b""), **more}
    observed = Observed(seen=seen, events=events, **given)
    checks = [Evidence(ok=ok, expected="x", got="y", key=key)]
    return causes(request, observed, checks, around or Surroundings())


def test_where_nothing_failed_nothing_is_explained():
    assert found(sent(5, 29), ok=True) == ()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (sent(5, 29), "the upstream cuts it at content-length: 5"),
        (sent(29, 5), "the upstream waits for content-length: 29"),
        (sent(5, 0), "the upstream waits for content-length: 5"),
        (ended(content_length=5, body_bytes=29), "the client cuts it at content-length: 5"),
    ],
)
def test_a_body_that_does_not_fit_its_content_length(event, words):
    (cause,) = found(event)
    assert words in cause
    assert "remove that header in the header phase" in cause


def test_one_byte_is_not_several():
    (cause,) = found(sent(5, 1))
    assert "the request's body has 1 byte, and the upstream waits" in cause


@pytest.mark.parametrize(
    "event", [sent(5, 5), sent(None, 29), sent(0, 0), ended(content_length=5, body_bytes=0), ended()]
)
def test_a_body_that_fits_or_was_never_sent_is_not_a_cause(event):
    assert found(event) == ()


def test_a_body_beyond_the_limit():
    event = ended(status=413, answered_by=AnsweredBy.GATEWAY, overflow=Overflow.REQUEST)
    (cause,) = found(event, key="status", around=Surroundings(buffer_limit=32768))
    assert "32768 bytes (run.buffer_limit)" in cause
    assert found(ended(status=413, answered_by=AnsweredBy.PLUGIN), key="status") == ()


def test_a_pause_before_a_body_beyond_the_limit_is_not_a_cause():
    paused = CallbackReturned(at=NOW, function="proxy_on_response_body", action=1)
    event = ended(answered_by=AnsweredBy.GATEWAY, overflow=Overflow.RESPONSE)
    (cause,) = found(paused, event, answer=None)
    assert "the answer's body is longer" in cause
    assert "SetResponseBodyBufferLimit" in cause
    assert "has to be let through" in found(paused, ended(), answer=None)[0]


def test_an_encoded_answer_whose_body_phase_is_skipped():
    (cause,) = found(ended(), key="body", headers={"content-encoding": "gzip"})
    assert "content-encoding: gzip" in cause
    assert found(ended(), key="status", headers={"content-encoding": "gzip"}) == ()
    assert found(ended(), key="body", headers={"content-encoding": "identity"}) == ()
    by_plugin = ended(answered_by=AnsweredBy.PLUGIN)
    assert found(by_plugin, key="body", headers={"content-encoding": "gzip"}) == ()


@pytest.mark.parametrize("headers", [{"content-encoding": ("gzip",)}, {"content-type": ("application/octet-stream",)}])
def test_a_request_whose_body_the_plugin_never_gets(headers):
    request = Request(method="POST", headers=headers, body="x")
    (cause,) = found(request=request)
    ((value,),) = headers.values()
    assert value in cause


def test_headers_that_are_set_in_the_body_phase_when_they_have_left():
    refused: dict = {"call": "proxy_add_header_map_value", "status": 2}
    late = CallRefused(at=NOW, function="proxy_on_request_body", **refused)
    (cause,) = found(late, late, key="upstream.headers.x")
    assert "proxy_add_header_map_value was refused in proxy_on_request_body" in cause
    assert found(CallRefused(at=NOW, function="proxy_on_request_headers", **refused)) == ()


def test_a_grpc_call_that_the_engine_does_not_have():
    call = CallRefused(at=NOW, function="proxy_on_request_headers", call="proxy_grpc_call", status=12)
    (cause,) = found(call, key="status")
    assert cause == "proxy_grpc_call was refused in proxy_on_request_headers: the builtin engine has no gRPC"
    # Envoy's: the service is not there.
    assert found(replace(call, status=2), key="status") == ()


def test_a_tcp_plugin_that_is_given_a_request():
    panic = "panic: invalid context on proxy_on_request_headers"
    trap = Trap(at=NOW, function="proxy_on_request_headers", reason="unreachable", panic=panic)
    (cause,) = found(trap, key=None)
    assert "the builtin engine has no TCP" in cause


def test_headers_that_left_before_the_plugin_decided():
    left = HeadersSentUpstream(at=NOW, method="POST", path="/post")
    (cause,) = found(left, key="upstream", seen=())
    assert "the headers left before the plugin decided" in cause
    assert found(left, key="upstream", seen=(SEEN,)) == ()


@pytest.mark.parametrize(("phase", "count"), [(True, 1), (False, 0), (None, 0)])
def test_a_body_phase_for_a_request_without_a_body(phase, count):
    around = Surroundings(request_body_phase=phase)
    assert len(found(request=Request(), around=around)) == count
    assert found(request=POST, around=around) == ()


def test_a_service_that_nothing_maps():
    call = said("http call start, id: 1, cluster: outbound|80||auth.static, method: GET, url: /who, body: , timeout: 1")
    (cause,) = found(call, key="status")
    assert cause.startswith("the plugin calls auth.static:80, and no service is mapped to it")
    assert cause.endswith('run.services as "auth.static:80": "127.0.0.1:8080"')
    assert found(call, key="status", around=Surroundings(clusters=["outbound|80||auth.static"])) == ()
    assert found(call, key="status", around=Surroundings(absent=["outbound|80||auth.static"])) == ()


def test_a_redis_that_nothing_maps():
    (cause,) = found(ServiceUnknown(at=NOW, cluster="outbound|6379||r.static", is_redis=True), key="status")
    assert cause.endswith('run.services as "r.static:6379": "embedded"')


def test_a_command_that_the_own_redis_does_not_have():
    calls = [
        Call(cluster="outbound|6379||r.static", command=f"EVAL return {number}", missing="EVAL") for number in range(2)
    ]
    (cause,) = found(calls=calls, key="status")
    assert cause.startswith("the plugin sends r.static:6379 the command EVAL, which hgw's own Redis does not have")
    assert cause.endswith('in the scenario\'s services: {redis: {"EVAL *": ...}}')


def test_a_service_that_is_mapped_under_another_port():
    around = Surroundings(clusters=["outbound|80||r.static", "outbound|80||other.static"])
    (cause,) = found(ServiceUnknown(at=NOW, cluster="outbound|6379||r.static"), key="status", around=around)
    assert cause == "the plugin calls r.static:6379, and only r.static:80 is mapped: the port differs"


def test_a_refused_call_of_which_nobody_says_whom_it_was_for():
    call = CallRefused(at=NOW, function="proxy_on_request_headers", call="proxy_http_call", status=2)
    (cause,) = found(call, key="status")
    assert "no cluster has the name that the plugin's client asks for" in cause
    assert found(call, key="status", around=Surroundings(absent=["outbound|80||auth.static"])) == ()


@pytest.mark.parametrize(
    ("protocol", "words"), [("HTTP", "r.dns:80 is a Redis here"), ("Redis", "r.dns:80 speaks HTTP here")]
)
def test_a_service_of_another_protocol(protocol, words):
    call = Call(cluster="outbound|80||r.dns", command="GET k", fits=False, foreign=protocol)
    (cause,) = found(calls=[call], key="services")
    assert cause.startswith(words)


def test_what_came_after_hgw_stopped_waiting_is_no_cause():
    paused = CallbackReturned(at=NOW, function="proxy_on_request_body", action=1)
    answered = CallbackReturned(at=NOW, function="proxy_on_http_call_response", action=None)
    calls = [Call(cluster="outbound|80||slow.dns", seen=SEEN)]
    silent: dict = {"key": None, "answer": None, "calls": calls}
    (cause,) = found(paused, answered, **silent, silent=1)
    assert cause == "slow.dns:80 had not answered the plugin's call by then"
    (cause,) = found(paused, answered, **silent, silent=2)
    assert "each path of its callback has to resume or to answer" in cause


def test_what_the_catalogue_knows_of_the_plugins_words():
    (cause,) = found(said("[demo] [nil] config is empty, but has ParseConfigFunc"), key="status")
    assert "config.yaml" in cause


def test_a_pause_that_nothing_explains_is_left_alone():
    paused = CallbackReturned(at=NOW, function="proxy_on_request_headers", action=1)
    assert found(paused, key=None, answer=None, silent=1, around=Surroundings(abi="0.2.100")) == ()


def test_a_service_that_nothing_maps_is_explained_once():
    text = "error status returned by host: bad argument"
    call = CallRefused(at=NOW, function="proxy_on_request_headers", call="proxy_http_call", status=2)
    assert len(found(said(text), call, key="status")) == 1
