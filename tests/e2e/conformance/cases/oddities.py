"""What a plugin should not set, and what the gateway itself reads: odd headers, methods, paths and statuses.

Sources: Envoy, source/common/http/http1/codec_impl.cc, header_utility.cc, conn_manager_impl.cc, router/router.cc.
"""

from collections.abc import Iterator
from typing import Any

from tests.e2e.conformance.case import Call, Case, Expected, Message, Sent, Server, both

SOURCE = "Envoy, codec_impl.cc and router.cc"
_CUT = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"


def _sent(name: str, *calls: Call, **sent: Any) -> Case:
    return Case(
        name=f"odd-{name}",
        source=SOURCE,
        script={"request_headers": calls},
        expected=both(Expected(upstream=Sent(**sent))),
    )


def _refused(name: str, call: Call, *, status: int, body: str) -> Case:
    return Case(
        name=f"odd-{name}",
        source=SOURCE,
        script={"request_headers": [call]},
        expected=both(Expected(status=status, body=body, upstream="absent")),
    )


def _requests() -> Iterator[Case]:
    yield _sent("spaces-around-a-value", ("AddHttpRequestHeader", "x-a", " one two\t"), headers={"x-a": "one two"})
    yield _sent(
        "connection-of-the-plugin", ("AddHttpRequestHeader", "connection", "close"), headers={"connection": "close"}
    )
    yield _sent("keep-alive-of-the-plugin", ("AddHttpRequestHeader", "keep-alive", "x"), headers={"keep-alive": "x"})
    yield _sent("length-of-nothing", ("AddHttpRequestHeader", "content-length", "0"), headers={"content-length": "0"})
    for method, length in (("OPTIONS", "0"), ("PUT", "0"), ("BREW", "0"), ("DELETE", None), ("TRACE", None)):
        yield _sent(
            f"{method.lower()}-without-a-body",
            ("ReplaceHttpRequestHeader", ":method", method),
            method=method,
            headers={"content-length": length},
        )
    yield Case(
        name="odd-length-without-a-body",
        source=SOURCE,
        script={"request_headers": [("AddHttpRequestHeader", "content-length", "5")]},
        expected=both(Expected(status=None, upstream=Sent(headers={"content-length": "5"}, complete=False))),
    )
    for number, name in enumerate(("x a", "x:y", "x\n")):
        shown = name.replace("\n", "\\n")
        yield _refused(
            f"name-of-a-header-{number}",
            ("AddHttpRequestHeader", name, "1"),
            status=503,
            body=f"invalid header name: {shown}",
        )
    for number, value in enumerate(("a\r\nb: c", "a\0b")):
        yield _refused(
            f"value-of-a-header-{number}",
            ("AddHttpRequestHeader", "x-a", value),
            status=503,
            body="invalid header value for: x-a",
        )
    yield _refused("no-name-of-a-header", ("AddHttpRequestHeader", "", "1"), status=503, body=_CUT)
    for number, path in enumerate(("no-slash", "http://other.example/x", "*")):
        yield _refused(f"path-{number}", ("ReplaceHttpRequestHeader", ":path", path), status=404, body="")


def _timeouts() -> Iterator[Case]:
    for name, value, delay, status in (
        ("timeout-that-is-over", "300", 1.5, 504),
        ("timeout-that-is-not-over", "9000", 0.2, 200),
        ("timeout-that-is-none", "0", 0.2, 200),
    ):
        yield Case(
            name=f"odd-{name}",
            source=SOURCE,
            script={
                "request_headers": [("ReplaceHttpRequestHeader", "x-envoy-upstream-rq-timeout-ms", value)],
                "done": [("GetProperty", "response/code_details")],
            },
            request=Message(method="POST", chunks=("hello",)),
            upstream=Server(delay=delay),
            expected=both(
                Expected(
                    status=status,
                    body="upstream request timeout" if status == 504 else "ok",
                    upstream=Sent(headers={"x-envoy-upstream-rq-timeout-ms": None}),
                    log=(f"GetProperty|{'response_timeout' if status == 504 else 'via_upstream'}",),
                )
            ),
        )


def _answers() -> Iterator[Case]:
    for name, call, headers in (
        ("spaces-around-a-value-of-an-answer", ("AddHttpResponseHeader", "x-a", " b "), {"x-a": "b"}),
        ("connection-of-an-answer", ("AddHttpResponseHeader", "connection", "x-a"), {"connection": None}),
    ):
        yield Case(
            name=f"odd-{name}",
            source=SOURCE,
            script={"response_headers": [call]},
            expected=both(Expected(headers=headers)),
        )
    for number, header in enumerate((":status=500", ":path=/x", ":foo=1")):
        yield Case(
            name=f"odd-pseudo-header-of-a-reply-{number}",
            source=SOURCE,
            script={"request_headers": [("SendHttpResponse", "200", header, "text")]},
            expected=both(Expected(body="text", upstream="absent")),
        )
    yield Case(
        name="odd-reply-400",
        source=SOURCE,
        script={"request_headers": [("SendHttpResponse", "400", "", "bad")]},
        expected=both(Expected(status=400, body="bad", headers={"connection": "close"}, upstream="absent")),
    )
    for number, (name, value) in enumerate((("x:y", "1"), ("x-a", "a\r\nb: c"))):
        yield Case(
            name=f"odd-header-of-an-answer-{number}",
            source=SOURCE,
            script={"response_headers": [("AddHttpResponseHeader", name, value)]},
            expected=both(Expected(status=None, upstream=Sent())),
        )


CASES = (*_requests(), *_timeouts(), *_answers())
