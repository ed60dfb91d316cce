"""What other projects expect of a host, written anew: rows of their own tests and samples.

Where one of them and Envoy disagree, Envoy is right: Google's tester joins header values that Envoy keeps apart.
"""

from collections.abc import Iterator

from tests.e2e.conformance.case import Call, Case, Expected, Message, Sent, Server, both
from tests.e2e.conformance.cases.calls import dispatch

ENVOY = "Envoy, test/extensions/filters/http/wasm/wasm_filter_test.cc"
GOOGLE = "GoogleCloudPlatform/service-extensions, plugins/samples"
SPECIFICATION = "proxy-wasm/spec, abi-versions/v0.2.1"
_KINDS = {"request": "0", "response": "1"}


def _bodies_of_envoy(side: str, kind: str) -> Iterator[Case]:
    what = f"Http{side.capitalize()}"
    lengthless: list[Call] = [(f"Remove{what}Header", "content-length")]
    message = Message(method="POST", chunks=("hello",))

    def case(name: str, calls: list[Call], end: list[Call], body: str, *log: str) -> Case:
        return Case(
            name=f"envoy-{side}-{name}",
            source=ENVOY,
            script={f"{side}_headers": lengthless, f"{side}_body": calls, f"{side}_body_end": end},
            request=message,
            upstream=Server(answer=message),
            expected=both(
                Expected(
                    body=body if side == "response" else None,
                    upstream=Sent(body=body if side == "request" else "hello"),
                    log=log,
                )
            ),
        )

    read: Call = (f"Get{what}Body", "0", "100")
    hold: Call = ("return", "1")

    def put(start: str, size: str, text: str) -> Call:
        return ("proxy_set_buffer_bytes", kind, start, size, text)

    around = [put("0", "0", "prepend."), put("99", "0", ".append"), read]
    yield case("prepend-and-append", around, [], "prepend.hello.append", f"Get{what}Body|prepend.hello.append")
    yield case("prepend-and-append-buffered", [hold], around, "prepend.hello.append")
    yield case("partial-replace", [put("0", "1", "partial.replace."), read], [], "partial.replace.ello")
    yield case("partial-replace-buffered", [hold], [put("0", "1", "partial.replace.")], "partial.replace.ello")
    yield case("remove", [put("0", "5", ""), read], [], "", f"Get{what}Body|error: not found")
    yield case("partial-remove", [put("0", "1", ""), read], [], "ello", f"Get{what}Body|ello")
    yield case("remove-buffered", [hold], [put("0", "99", "")], "")
    yield case("append-at-the-end", [hold], [put("5", "0", ".0")], "hello.0")
    yield case("set-in-the-middle", [put("2", "1", "x")], [], "hello", "proxy_set_buffer_bytes|2")
    yield case(
        "status-of-the-buffer",
        [("proxy_get_buffer_status", kind), hold],
        [("proxy_get_buffer_status", kind)],
        "hello",
        "proxy_get_buffer_status|0 size=5 flags=0",
        "proxy_get_buffer_status|0 size=5 flags=0",
    )
    chunks = Message(method="POST", chunks=("one", "two", "three", "four"))
    yield Case(
        name=f"envoy-{side}-buffer-two-then-stream",
        source=ENVOY,
        script={f"{side}_body_1": [read, hold], f"{side}_body_2": [read, hold], f"{side}_body": [read]},
        request=chunks,
        upstream=Server(answer=chunks),
        expected=both(
            Expected(
                upstream=Sent(body="onetwothreefour"),
                body="onetwothreefour",
                log=tuple(f"Get{what}Body|{seen}" for seen in ("one", "onetwo", "onetwothree", "four")),
            )
        ),
    )


def _others_of_envoy() -> Iterator[Case]:
    yield Case(
        name="envoy-close-request",
        source=ENVOY,
        script={"request_headers": [("proxy_close_stream", "0"), ("return", "4")]},
        expected=both(Expected(status=None, upstream="absent", log=("proxy_close_stream|0", "done|"))),
    )
    yield Case(
        name="envoy-close-response",
        source=ENVOY,
        script={"response_headers": [("proxy_close_stream", "1"), ("return", "4")]},
        expected=both(Expected(status=None, log=("proxy_close_stream|0", "done|"))),
    )
    yield Case(
        name="envoy-log-after-the-client-has-gone",
        source=ENVOY,
        script={
            "request_headers": [("return", "4")],
            "done": [("GetHttpRequestHeader", ":path"), ("GetHttpResponseHeader", ":status")],
        },
        expected=both(
            Expected(
                status=None,
                log=("GetHttpRequestHeader|/envoy-log-after-the-client-has-gone/path?q=1",),
                not_logged=("GetHttpResponseHeader|2",),
            )
        ),
    )
    yield Case(
        name="envoy-shared-data",
        source=ENVOY,
        script={
            "request_headers": [
                ("GetSharedData", "envoy-none"),
                ("SetSharedData", "envoy-key", "one", "0"),
                ("GetSharedData", "envoy-key"),
                ("SetSharedData", "envoy-key", "two", "999999"),
                ("SetSharedData", "envoy-key", "", "0"),
                ("GetSharedData", "envoy-key"),
            ]
        },
        expected=both(
            Expected(
                log=(
                    "GetSharedData|error: not found",
                    "SetSharedData|ok",
                    "GetSharedData|one",
                    "SetSharedData|error: cas mismatch",
                    "SetSharedData|ok",
                    "GetSharedData|",
                )
            )
        ),
    )
    yield Case(
        name="envoy-shared-queue",
        source=ENVOY,
        script={
            "request_headers": [
                ("EnqueueSharedQueue", "data1"),
                ("ResolveSharedQueue", "no-vm", "no-queue"),
                ("DequeueSharedQueue", "9999"),
            ]
        },
        expected=both(
            Expected(
                log=(
                    "EnqueueSharedQueue|ok",
                    "ResolveSharedQueue|error: not found",
                    "DequeueSharedQueue|error: not found",
                )
            )
        ),
        # The queue's callback comes by itself, at any time.
        varying=("log",),
    )
    for phase in ("request_headers", "request_body", "response_headers", "response_body"):
        started = phase == "response_body"
        yield Case(
            name=f"envoy-panic-in-{phase.replace('_', '-')}",
            source=ENVOY,
            script={phase: [("panic", "the reason")]},
            request=Message(method="POST", chunks=("hello",)),
            expected=both(
                Expected(status=200, complete=False) if started else Expected(status=503, body="", complete=True)
            ),
            alone=True,
            # Envoy sends the headers of an answer together with the body's first part, or before it.
            varying=("log", "upstream", "answer") if started else ("log", "upstream"),
        )
    name = "envoy-panic-in-an-answer-to-a-call"
    yield Case(
        name=name,
        source=ENVOY,
        script={"request_headers": [dispatch(name), ("return", "4")], "call": [("panic", "the reason")]},
        expected=both(Expected(status=503, body="", upstream="absent")),
        alone=True,
        varying=("log",),
    )


def _of_google() -> Iterator[Case]:
    yield Case(
        name="google-extends-request-header",
        source=f"{GOOGLE}/add_header",
        script={"request_headers": [("AddHttpRequestHeader", "Message", "hello")]},
        request=Message(headers=(("Message", "hey"),)),
        expected=both(Expected(upstream=Sent(headers={"message": ["hey", "hello"]}))),
    )
    for status in (500, 502):
        yield Case(
            name=f"google-overwrites-{status}",
            source=f"{GOOGLE}/overwrite_errcode",
            script={"response_headers": [("ReplaceHttpResponseHeader", ":status", "404")]},
            upstream=Server(answer=Message(status=status, chunks=("bad",))),
            expected=both(Expected(status=404, body="bad")),
        )
    yield Case(
        name="google-overwrites-a-header",
        source=f"{GOOGLE}/overwrite_header",
        script={
            "request_headers": [("ReplaceHttpRequestHeader", "RequestHeader", "changed")],
            "response_headers": [("ReplaceHttpResponseHeader", "ResponseHeader", "changed")],
        },
        request=Message(headers=(("RequestHeader", "a"), ("OtherHeader", "b"))),
        upstream=Server(answer=Message(headers=(("ResponseHeader", "a"), ("OtherHeader", "b")), chunks=("ok",))),
        expected=both(
            Expected(
                upstream=Sent(headers={"requestheader": "changed", "otherheader": "b"}),
                headers={"responseheader": "changed", "otherheader": "b"},
            )
        ),
    )
    yield Case(
        name="google-answers-in-the-response-phase",
        source=f"{GOOGLE}/testing",
        script={"response_headers": [("SendHttpResponse", "500", "error=goaway", "fake error")]},
        upstream=Server(answer=Message(headers=(("server-message", "welcome"),), chunks=("ok",))),
        expected=both(Expected(status=500, body="fake error", headers={"error": "goaway", "server-message": None})),
    )
    yield Case(
        name="google-redirects",
        source=f"{GOOGLE}/redirect",
        script={"request_headers": [("SendHttpResponse", "301", "location=https://www.example.com/new", "")]},
        expected=both(Expected(status=301, body="", headers={"location": "https://www.example.com/new"})),
    )
    yield Case(
        name="google-adds-to-each-chunk",
        source=f"{GOOGLE}/body_chunking",
        script={
            "request_body": [("AppendHttpRequestBody", "foo")],
            "request_body_end": [],
            "response_body": [("AppendHttpResponseBody", "bar")],
            "response_body_end": [],
        },
        request=Message(method="POST", chunks=("12345", "67890")),
        upstream=Server(answer=Message(chunks=("12345", "67890"))),
        expected=both(Expected(upstream=Sent(body="12345foo67890foo"), body="12345bar67890bar")),
    )
    yield Case(
        name="google-removes-cookies",
        source=f"{GOOGLE}/remove_cookie",
        script={"response_headers": [("RemoveHttpResponseHeader", "set-cookie")]},
        upstream=Server(answer=Message(headers=(("set-cookie", "a=1"), ("set-cookie", "b=2")), chunks=("ok",))),
        expected=both(Expected(headers={"set-cookie": None})),
    )
    yield Case(
        name="google-changes-the-query",
        source=f"{GOOGLE}/set_query",
        script={"request_headers": [("ReplaceHttpRequestHeader", ":path", "/google-changes-the-query/p?key=val")]},
        expected=both(Expected(upstream=Sent(path="/google-changes-the-query/p?key=val"))),
    )


def _of_the_specification() -> Iterator[Case]:
    yield Case(
        name="specification-sizes-of-maps",
        source=SPECIFICATION,
        script={
            "request_headers": [("proxy_get_header_map_size", kind) for kind in ("0", "1", "2", "6", "7", "99")],
            "response_headers": [("proxy_get_header_map_size", kind) for kind in ("0", "2")],
        },
        expected=both(Expected(log=("proxy_get_header_map_size|0 positive=true",))),
    )
    yield Case(
        name="specification-unknown-kinds",
        source=SPECIFICATION,
        script={
            "request_headers": [
                ("proxy_get_buffer_status", "99"),
                ("proxy_set_buffer_bytes", "99", "0", "0", "x"),
                ("proxy_set_buffer_bytes", "7", "0", "0", "x"),
                ("proxy_continue_stream", "9"),
                ("proxy_close_stream", "9"),
                ("SetEffectiveContext", "99999"),
            ]
        },
        expected=both(Expected(log=("proxy_get_buffer_status|2 size=0 flags=0", "proxy_set_buffer_bytes|2"))),
    )
    yield Case(
        name="specification-resuming-what-is-not-paused",
        source=SPECIFICATION,
        script={"request_headers": [("ResumeHttpRequest",)], "response_headers": [("ResumeHttpResponse",)]},
        expected=both(Expected(log=("ResumeHttpRequest|ok", "ResumeHttpResponse|ok"), upstream=Sent())),
    )
    name = "specification-status-of-a-call"
    yield Case(
        name=name,
        source=SPECIFICATION,
        script={
            "request_headers": [dispatch(name), ("return", "4")],
            "call": [("proxy_get_status",), ("ResumeHttpRequest",)],
        },
        service=Server(fault="cut off"),
        expected=both(Expected(log=("proxy_get_status|0 code=11 size=5",))),
    )
    yield Case(
        name="specification-metrics",
        source=SPECIFICATION,
        script={
            "request_headers": [
                ("Counter", "calls_of_a_test", "2"),
                ("Counter", "calls_of_a_test", "3"),
                ("Gauge", "level_of_a_test", "7"),
                ("Gauge", "level_of_a_test", "-3"),
            ]
        },
        expected=both(Expected(log=("Counter|2", "Counter|5", "Gauge|7", "Gauge|4"))),
    )


CASES = (
    *(case for side, kind in _KINDS.items() for case in _bodies_of_envoy(side, kind)),
    *_others_of_envoy(),
    *_of_google(),
    *_of_the_specification(),
)
