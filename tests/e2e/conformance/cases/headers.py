"""Operations on headers and trailers: what each does, and in which phase it is possible.

Sources: Envoy, source/extensions/common/wasm/context.cc (getMap and the five functions on maps) and
envoy/http/header_map.h (inline headers, whose values are joined).
"""

from collections.abc import Iterator
from typing import Any

from tests.e2e.conformance.case import NEW, OLD, Call, Case, Expected, Message, Pairs, Sent, Server, both

SOURCE = "Envoy, context.cc and header_map.h"
_NEW_HEADERS = (":method=PATCH", ":scheme=https", ":authority=new.example", "x-forwarded-proto=https")
_POST = Message(method="POST", chunks=("hello",))


def _request(name: str, *calls: Call, sent: Sent, headers: Pairs = (), log: tuple[str, ...] = ()) -> Case:
    return Case(
        name=name,
        source=SOURCE,
        script={"request_headers": calls},
        request=Message(headers=headers),
        expected=both(Expected(upstream=sent, log=log)),
    )


def _response(name: str, *calls: Call, log: tuple[str, ...] = (), answer: Pairs = (), **expected: Any) -> Case:
    return Case(
        name=name,
        source=SOURCE,
        script={"response_headers": calls},
        upstream=Server(answer=Message(headers=answer, chunks=("ok",))),
        expected=both(Expected(log=log, **expected)),
    )


def _operations() -> Iterator[Case]:
    yield _request("add", ("AddHttpRequestHeader", "x-a", "1"), sent=Sent(headers={"x-a": "1"}))
    yield _request("add-upper-case", ("AddHttpRequestHeader", "X-A", "Yes"), sent=Sent(headers={"x-a": "Yes"}))
    yield _request(
        "add-to-an-existing-one",
        ("AddHttpRequestHeader", "x-a", "2"),
        ("GetHttpRequestHeader", "x-a"),
        headers=(("x-a", "1"),),
        sent=Sent(headers={"x-a": ["1", "2"]}),
        log=("AddHttpRequestHeader|ok", "GetHttpRequestHeader|1"),
    )
    yield _request(
        "add-to-an-inline-one",
        ("AddHttpRequestHeader", "user-agent", "two"),
        ("GetHttpRequestHeader", "user-agent"),
        headers=(("user-agent", "one"),),
        sent=Sent(headers={"user-agent": "one,two"}),
        log=("GetHttpRequestHeader|one,two",),
    )
    yield _request(
        "replace-two-by-one",
        ("ReplaceHttpRequestHeader", "x-a", "3"),
        headers=(("x-a", "1"), ("x-a", "2")),
        sent=Sent(headers={"x-a": "3"}),
    )
    yield _request("replace-none", ("ReplaceHttpRequestHeader", "x-a", "3"), sent=Sent(headers={"x-a": "3"}))
    yield _request(
        "remove-two",
        ("RemoveHttpRequestHeader", "x-a"),
        headers=(("x-a", "1"), ("x-a", "2")),
        sent=Sent(headers={"x-a": None}),
    )
    yield _request(
        "remove-none", ("RemoveHttpRequestHeader", "x-none"), sent=Sent(), log=("RemoveHttpRequestHeader|ok",)
    )
    yield _request(
        "get-none",
        ("GetHttpRequestHeader", "x-none"),
        sent=Sent(),
        log=("GetHttpRequestHeader|error: not found",),
    )
    yield _request(
        "get-empty",
        ("GetHttpRequestHeader", "x-empty"),
        headers=(("x-empty", ""),),
        sent=Sent(headers={"x-empty": ""}),
        log=("GetHttpRequestHeader|",),
    )
    yield _request(
        "get-in-upper-case",
        ("GetHttpRequestHeader", "X-A"),
        headers=(("x-A", "1"),),
        sent=Sent(),
        log=("GetHttpRequestHeader|1",),
    )
    yield _request("add-empty", ("AddHttpRequestHeader", "x-a", ""), sent=Sent(headers={"x-a": ""}))
    yield _request(
        "replace-the-path",
        ("ReplaceHttpRequestHeader", ":path", "/replace-the-path/other"),
        sent=Sent(path="/replace-the-path/other"),
    )
    yield _request("replace-the-method", ("ReplaceHttpRequestHeader", ":method", "PUT"), sent=Sent(method="PUT"))
    yield _request(
        "replace-the-authority",
        ("ReplaceHttpRequestHeader", ":authority", "other.example"),
        sent=Sent(headers={"host": "other.example"}),
    )
    yield _request(
        "add-the-host",
        ("AddHttpRequestHeader", "host", "other.example"),
        ("GetHttpRequestHeader", ":authority"),
        sent=Sent(),
    )
    yield _request("utf-8-value", ("AddHttpRequestHeader", "x-a", "café 网关"), sent=Sent())
    yield _request(
        "get-pseudo",
        *(("GetHttpRequestHeader", name) for name in (":path", ":method", ":authority", ":scheme", "host")),
        sent=Sent(),
        log=(
            "GetHttpRequestHeader|/get-pseudo/path?q=1",
            "GetHttpRequestHeader|GET",
            "GetHttpRequestHeader|example.com",
            "GetHttpRequestHeader|https",
        ),
    )
    yield _request("get-all", ("GetHttpRequestHeaders",), headers=(("x-b", "2"), ("x-a", "1")), sent=Sent())
    yield _request(
        "replace-all",
        ("ReplaceHttpRequestHeaders", "\n".join((*_NEW_HEADERS, ":path=/replace-all/new", "x-only=1"))),
        headers=(("x-old", "1"),),
        sent=Sent(
            method="PATCH", path="/replace-all/new", headers={"x-only": "1", "x-old": None, "host": "new.example"}
        ),
    )
    yield _request(
        "connection-is-not-passed",
        ("GetHttpRequestHeaders",),
        headers=(("connection", "x-hop"), ("x-hop", "1"), ("te", "trailers"), ("keep-alive", "9")),
        sent=Sent(headers={"x-hop": None, "connection": None}),
    )
    yield _request("remove-the-authority", ("RemoveHttpRequestHeader", ":authority"), sent=Sent())
    # The route is looked for again after a change, which takes x-forwarded-proto and a path.
    yield _request("remove-the-scheme", ("RemoveHttpRequestHeader", ":scheme"), sent=Sent())
    for name, status in ((":path", 404), ("x-forwarded-proto", 404), (":method", 503)):
        yield Case(
            name=f"remove-the-{name.lstrip(':')}",
            source=SOURCE,
            script={"request_headers": [("RemoveHttpRequestHeader", name)]},
            expected=both(Expected(status=status, upstream="absent")),
        )


def _of_responses() -> Iterator[Case]:
    yield _response("response-add", ("AddHttpResponseHeader", "x-a", "1"), headers={"x-a": "1"})
    yield _response(
        "response-add-cookie",
        ("AddHttpResponseHeader", "set-cookie", "b=2"),
        answer=(("set-cookie", "a=1"),),
        headers={"set-cookie": ["a=1", "b=2"]},
    )
    yield _response(
        "response-add-inline",
        ("AddHttpResponseHeader", "content-type", "two"),
        answer=(("content-type", "one"),),
        headers={"content-type": "one,two"},
    )
    yield _response(
        "response-replace",
        ("ReplaceHttpResponseHeader", "x-a", "3"),
        answer=(("x-a", "1"), ("x-a", "2")),
        headers={"x-a": "3"},
    )
    yield _response(
        "response-remove", ("RemoveHttpResponseHeader", "x-a"), answer=(("x-a", "1"),), headers={"x-a": None}
    )
    yield _response("response-replace-status", ("ReplaceHttpResponseHeader", ":status", "202"), status=202)
    yield _response("response-remove-status", ("RemoveHttpResponseHeader", ":status"), status=502)
    yield _response("response-status-is-no-number", ("ReplaceHttpResponseHeader", ":status", "many"), status=502)
    yield _response("response-get-all", ("GetHttpResponseHeaders",), answer=(("x-b", "2"), ("x-a", "1")))
    yield _response(
        "response-replace-all",
        ("ReplaceHttpResponseHeaders", ":status=201\nx-only=1"),
        answer=(("x-old", "1"),),
        status=201,
        headers={"x-only": "1", "x-old": None},
    )
    yield _response("response-get-status", ("GetHttpResponseHeader", ":status"), log=("GetHttpResponseHeader|200",))


def _in_other_phases() -> Iterator[Case]:
    refused = "AddHttpRequestHeader|error: bad argument"
    add: Call = ("AddHttpRequestHeader", "x-a", "1")
    yield Case(
        name="request-header-in-the-body-phase-after-continue",
        source=SOURCE,
        script={"request_body": [("GetHttpRequestHeader", "x-b"), add]},
        request=_POST,
        expected=both(
            Expected(upstream=Sent(headers={"x-a": None}), log=("GetHttpRequestHeader|error: bad argument", refused))
        ),
    )
    yield Case(
        name="request-header-in-the-body-phase-after-stop",
        source=SOURCE,
        script={"request_headers": [("return", "1")], "request_body_end": [add]},
        request=_POST,
        expected={
            OLD: Expected(status=None, upstream="absent", not_logged=("request_body",)),
            NEW: Expected(upstream=Sent(headers={"x-a": "1"}), log=("AddHttpRequestHeader|ok",)),
        },
    )
    yield Case(
        name="request-header-from-a-tick-while-stopped",
        source=SOURCE,
        script={"request_headers": [("return", "4"), ("wait_for_tick",)], "tick": [add, ("ResumeHttpRequest",), add]},
        expected=both(
            Expected(
                upstream=Sent(headers={"x-a": "1"}),
                log=("AddHttpRequestHeader|ok", "ResumeHttpRequest|ok", "AddHttpRequestHeader|error: bad argument"),
            )
        ),
    )
    phases = {"response_headers": "AddHttpRequestHeader", "request_headers": "AddHttpResponseHeader"}
    for phase, name in phases.items():
        yield Case(
            name=f"header-of-the-other-side-in-{phase.replace('_', '-')}",
            source=SOURCE,
            script={phase: [(name, "x-a", "1")]},
            expected=both(Expected(log=(f"{name}|error: bad argument",), headers={"x-a": None})),
        )
    for phase in ("response_body", "response_trailers", "request_trailers"):
        side = phase.partition("_")[0].capitalize()
        yield Case(
            name=f"own-header-in-{phase.replace('_', '-')}",
            source=SOURCE,
            script={phase: [(f"GetHttp{side}Header", "x-a"), (f"AddHttp{side}Header", "x-a", "1")]},
            request=Message(method="POST", chunks=("hello",), trailers=(("x-t", "1"),)),
            upstream=Server(answer=Message(chunks=("ok",), trailers=(("x-t", "1"),))),
            expected=both(Expected(log=(f"AddHttp{side}Header|error: bad argument",))),
        )
    yield Case(
        name="headers-in-the-log-phase",
        source=SOURCE,
        script={
            "done": [
                ("GetHttpRequestHeader", "x-a"),
                ("GetHttpResponseHeader", ":status"),
                ("AddHttpRequestHeader", "x-b", "1"),
                ("GetHttpResponseHeader", "x-none"),
            ]
        },
        request=Message(headers=(("x-a", "1"),)),
        expected=both(Expected(log=("done|", "GetHttpRequestHeader|1", "GetHttpResponseHeader|200"))),
    )
    yield Case(
        name="trailers",
        source=SOURCE,
        script={
            "request_trailers": [("GetHttpRequestTrailers",), ("AddHttpRequestTrailer", "x-more", "2")],
            "response_trailers": [("GetHttpResponseTrailers",), ("AddHttpResponseTrailer", "x-more", "2")],
        },
        request=Message(method="POST", chunks=("hello",), trailers=(("x-t", "1"),)),
        upstream=Server(answer=Message(chunks=("ok",), trailers=(("x-r", "1"),))),
        expected=both(
            Expected(
                upstream=Sent(trailers=(("x-t", "1"), ("x-more", "2"))),
                trailers=(("x-r", "1"), ("x-more", "2")),
                log=("GetHttpRequestTrailers|x-t=1", "GetHttpResponseTrailers|x-r=1"),
            )
        ),
    )
    refused_trailer = "AddHttp{}Trailer|error: bad argument"
    yield Case(
        name="trailers-before-the-end",
        source=SOURCE,
        script={
            phase: [(f"GetHttp{side}Trailers",), (f"AddHttp{side}Trailer", "x-more", "2")]
            for side in ("Request", "Response")
            for phase in (f"{side.lower()}_headers", f"{side.lower()}_body")
        }
        | {"request_body_end": [], "response_body_end": []},
        request=_POST,
        expected=both(
            Expected(log=tuple(refused_trailer.format(side) for side in ("Request", "Request", "Response", "Response")))
        ),
    )
    for value in ("0", "1"):
        yield Case(
            name=f"trailers-added-at-the-end-{value}",
            source=SOURCE,
            script={
                "request_body": [("return", value)],
                "request_body_end": [("GetHttpRequestTrailers",), ("AddHttpRequestTrailer", "x-more", "2")],
                "response_body": [("return", value)],
                "response_body_end": [("AddHttpResponseTrailer", "x-more", "2"), ("GetHttpResponseTrailers",)],
            },
            request=Message(method="POST", chunks=("he", "llo")),
            upstream=Server(answer=Message(chunks=("he", "llo"))),
            expected=both(
                Expected(
                    upstream=Sent(body="hello", trailers=(("x-more", "2"),)),
                    body="hello",
                    trailers=(("x-more", "2"),),
                    log=("GetHttpRequestTrailers|error: not found", "GetHttpResponseTrailers|x-more=2"),
                    not_logged=("request_trailers", "response_trailers"),
                )
            ),
        )


def _limits() -> Iterator[Case]:
    # Envoy takes 100 headers in a message: those of the probe, host and content-length count.
    many = tuple((f"x-many-{number}", "v") for number in range(99))
    yield Case(
        name="request-with-too-many-headers",
        source=SOURCE,
        script={},
        request=Message(headers=many),
        expected=both(Expected(status=431, body="Request Header Fields Too Large", upstream="absent")),
    )
    yield Case(
        name="request-with-too-large-headers",
        source=SOURCE,
        script={},
        request=Message(headers=(("x-large", "y" * 65_000),)),
        expected=both(Expected(status=431, body="Request Header Fields Too Large", upstream="absent")),
    )
    yield Case(
        name="response-with-too-many-headers",
        source=SOURCE,
        script={},
        upstream=Server(answer=Message(headers=many, chunks=("ok",))),
        expected=both(Expected(status=502)),
    )
    for side in ("request", "response"):
        add = [(f"AddHttp{side.capitalize()}Header", f"x-more-{number}", "v") for number in range(150)]
        yield Case(
            name=f"{side}-to-which-the-plugin-adds-many-headers",
            source=SOURCE,
            script={f"{side}_headers": add},
            expected=both(Expected()),
        )


CASES = (*_limits(), *_operations(), *_of_responses(), *_in_other_phases())
