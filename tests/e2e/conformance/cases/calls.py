"""HTTP calls of the plugin: what comes of them, and what they may look like.

Source: Envoy, source/extensions/common/wasm/context.cc (httpCall, onHttpCallSuccess and onHttpCallFailure).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.e2e.conformance.case import Call, Case, Expected, Message, Sent, Server, both

SOURCE = "Envoy, context.cc"
SERVICE, DOWN = "outbound|80||svc.dns", "outbound|80||down.dns"
_READ: tuple[Call, ...] = (
    ("GetHttpCallResponseHeaders",),
    ("GetHttpCallResponseBody",),
    ("GetHttpCallResponseTrailers",),
)


def dispatch(
    name: str, *, cluster: str = SERVICE, body: str = "", trailers: str = "", timeout: int = 10_000, more: str = ""
) -> Call:
    method = "POST" if body else "GET"
    headers = f":method={method}\n:path=/{name}/check?a=b\n:authority=svc.example\n{more}"
    return ("DispatchHttpCall", cluster, headers, body, trailers, str(timeout))


def _outcome(name: str, call: Call, server: Server, *log: str, **expected: Any) -> Case:
    return Case(
        name=name,
        source=SOURCE,
        script={"request_headers": [call, ("return", "4")], "call": [*_READ, ("ResumeHttpRequest",)]},
        service=server,
        expected=both(Expected(log=("DispatchHttpCall|ok", *log), **expected)),
    )


def _outcomes() -> Iterator[Case]:
    name = "call-answered"
    yield _outcome(
        name,
        dispatch(name, more="x-a=1"),
        Server(answer=Message(status=201, headers=(("x-b", "2"),), chunks=("fine",))),
        "GetHttpCallResponseBody|fine",
        calls=(Sent(method="GET", path=f"/{name}/check?a=b", headers={"host": "svc.example", "x-a": "1"}),),
    )
    name = "call-with-a-body"
    yield _outcome(
        name,
        dispatch(name, body="question"),
        Server(answer=Message(chunks=("a", "b"))),
        "GetHttpCallResponseBody|ab",
        calls=(Sent(method="POST", body="question", headers={"content-length": "8"}),),
    )
    name = "call-with-a-wrong-length"
    yield _outcome(
        name,
        dispatch(name, body="question", more="content-length=3"),
        Server(),
        calls=(Sent(body="question", headers={"content-length": "8"}),),
    )
    name = "call-answered-with-trailers"
    yield _outcome(
        name,
        dispatch(name),
        Server(answer=Message(chunks=("ab",), trailers=(("x-t", "1"),))),
        "GetHttpCallResponseBody|ab",
        "GetHttpCallResponseTrailers|x-t=1",
    )
    name = "call-with-trailers"
    yield _outcome(name, dispatch(name, body="question", trailers="x-t=1"), Server())
    name = "call-answered-without-a-body"
    yield _outcome(name, dispatch(name), Server(answer=Message(status=204)), "GetHttpCallResponseBody|error: not found")
    name = "call-answered-with-an-error"
    yield _outcome(
        name, dispatch(name), Server(answer=Message(status=500, chunks=("bad",))), "GetHttpCallResponseBody|bad"
    )
    name = "call-refused"
    yield _outcome(name, dispatch(name, cluster=DOWN), Server(), calls=())
    name = "call-hung-up"
    yield _outcome(name, dispatch(name), Server(fault="hang up"))
    name = "call-cut-off"
    yield _outcome(name, dispatch(name), Server(fault="cut off"))
    name = "call-stalled"
    yield _outcome(name, dispatch(name, timeout=300), Server(fault="stall"))
    name = "call-timed-out"
    yield _outcome(
        name, dispatch(name, timeout=300), Server(delay=2.0), "GetHttpCallResponseBody|upstream request timeout"
    )
    name = "call-without-a-timeout"
    yield _outcome(name, dispatch(name, timeout=0), Server(delay=0.5), "GetHttpCallResponseBody|ok")


def _refused() -> Iterator[Case]:
    whole = {":method": "GET", ":path": "/x", ":authority": "a"}
    broken: dict[str, Call] = {
        f"without-{name[1:]}": ("DispatchHttpCall", SERVICE, _text({**whole, name: None}), "", "", "900")
        for name in whole
    }
    broken["to-an-unknown-cluster"] = ("DispatchHttpCall", "outbound|80||nobody.dns", _text(whole), "", "", "900")
    broken["to-no-cluster"] = ("DispatchHttpCall", "", _text(whole), "", "", "900")
    broken["without-headers"] = ("DispatchHttpCall", SERVICE, "", "", "", "900")
    for name, call in broken.items():
        yield Case(
            name=f"call-{name}",
            source=SOURCE,
            script={"request_headers": [call]},
            expected=both(
                Expected(log=("DispatchHttpCall|error: bad argument",), not_logged=("call|",), upstream=Sent())
            ),
        )


def _text(headers: Mapping[str, str | None]) -> str:
    return "\n".join(f"{name}={value}" for name, value in headers.items() if value is not None)


def _phases() -> Iterator[Case]:
    for phase, stop, resume in (
        ("request_headers", "4", "ResumeHttpRequest"),
        ("request_body_end", "1", "ResumeHttpRequest"),
        ("request_trailers", "1", "ResumeHttpRequest"),
        ("response_headers", "4", "ResumeHttpResponse"),
        ("response_body_end", "1", "ResumeHttpResponse"),
        ("response_trailers", "1", "ResumeHttpResponse"),
    ):
        name = f"call-in-{phase.replace('_', '-')}"
        side = phase.partition("_")[0]
        with_trailers = (("x-t", "1"),) if phase.endswith("trailers") else ()
        body = Message(method="POST", chunks=("he", "llo"), trailers=with_trailers)
        script: dict[str, Sequence[Call]] = {
            phase: [dispatch(name), ("return", stop)],
            "call": [("GetHttpCallResponseBody",), (resume,)],
        }
        if "body" in phase:
            script[f"{side}_body"] = [("return", "1")]
        yield Case(
            name=name,
            source=SOURCE,
            script=script,
            request=body,
            upstream=Server(answer=body),
            expected=both(
                Expected(upstream=Sent(body="hello"), body="hello", log=("GetHttpCallResponseBody|ok", f"{resume}|ok"))
            ),
            # The answer comes before or after the second chunk.
            varying=("frames",),
        )
    name = "call-whose-stream-is-gone"
    yield Case(
        name=name,
        source=SOURCE,
        script={"request_headers": [dispatch(name), ("SendHttpResponse", "200", "", "done")]},
        service=Server(delay=0.3),
        expected=both(Expected(body="done", log=("done|",), upstream="absent")),
    )
    name = "call-twice"
    yield Case(
        name=name,
        source=SOURCE,
        script={
            "request_headers": [dispatch(name), ("return", "4")],
            "call": [("AddHttpRequestHeader", "x-a", "1"), ("ResumeHttpRequest",)],
            "response_headers": [dispatch(name), ("return", "4")],
        },
        expected=both(Expected(status=None, upstream=Sent(headers={"x-a": "1"}))),
    )
    name = "call-answer-out-of-its-callback"
    yield Case(
        name=name,
        source=SOURCE,
        script={
            "request_headers": [dispatch(name), ("return", "4")],
            "call": [("ResumeHttpRequest",)],
            "response_headers": list(_READ),
        },
        expected=both(
            Expected(log=("GetHttpCallResponseHeaders|error: not found", "GetHttpCallResponseBody|error: not found"))
        ),
    )


CASES = (*_outcomes(), *_refused(), *_phases())
