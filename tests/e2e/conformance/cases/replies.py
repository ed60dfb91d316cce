"""Local replies: an answer of the plugin's own in each phase, and what happens to it afterwards.

Sources: Envoy, source/extensions/common/wasm/context.cc (sendLocalResponse, local_reply_sent_) and
source/common/http/filter_manager.cc (sendLocalReply).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.e2e.conformance.case import Call, Case, Expected, Message, Sent, Server, both

SOURCE = "Envoy, context.cc and filter_manager.cc"
_REPLY: Call = ("SendHttpResponse", "403", "x-own=1", "denied")
_CALL: Call = (
    "DispatchHttpCall",
    "outbound|80||svc.dns",
    ":method=GET\n:path=/{name}/check\n:authority=svc",
    "",
    "",
    "5000",
)
_POST = Message(method="POST", chunks=("he", "llo"))
_WITH_TRAILERS = Message(method="POST", chunks=("hello",), trailers=(("x-t", "1"),))
_DENIED = Expected(
    status=403, body="denied", headers={"x-own": "1", "content-length": "6", "content-type": "text/plain"}
)


def _in_phases() -> Iterator[Case]:
    for value in (0, 1):
        after: Call = ("return", str(value))
        # A local answer of the request side passes the plugin's own response callbacks.
        again = {"response_headers": [("AddHttpResponseHeader", "x-seen", "yes")]}
        seen = {**_DENIED.headers, "x-seen": "yes"}
        own = Expected(
            status=403,
            body="denied",
            headers=seen,
            log=("SendHttpResponse|ok", "response_headers|end=false", "response_body|size=6 end=true"),
        )
        yield Case(
            name=f"reply-request-headers-{value}",
            source=SOURCE,
            script={"request_headers": [_REPLY, after], **again},
            expected=both(_with(own, upstream="absent")),
        )
        yield Case(
            name=f"reply-request-headers-of-body-{value}",
            source=SOURCE,
            script={"request_headers": [_REPLY, after], **again},
            request=_POST,
            expected=both(_with(own, upstream="absent")),
        )
        yield Case(
            name=f"reply-request-body-{value}",
            source=SOURCE,
            script={"request_body": [_REPLY, after], **again},
            request=_POST,
            expected=both(own),
        )
        yield Case(
            name=f"reply-request-body-held-{value}",
            source=SOURCE,
            script={"request_headers": [("return", "4")], "tick": [_REPLY], **again},
            request=_POST,
            expected=both(Expected(status=None, upstream="absent", not_logged=("request_body",))),
        )
        yield Case(
            name=f"reply-request-trailers-{value}",
            source=SOURCE,
            script={"request_trailers": [_REPLY, after], **again},
            request=_WITH_TRAILERS,
            expected=both(own),
            varying=("upstream",),
        )
        # What replaces the upstream's answer bypasses the plugin.
        yield Case(
            name=f"reply-response-headers-{value}",
            source=SOURCE,
            script={"response_headers": [_REPLY, after]},
            expected=both(_with(_DENIED, upstream=Sent(), not_logged=("response_body",))),
        )
        # The headers have gone out: all that is left is to end the connection.
        yield Case(
            name=f"reply-response-body-{value}",
            source=SOURCE,
            script={"response_body": [_REPLY, after]},
            upstream=Server(answer=Message(chunks=("he", "llo"))),
            expected=both(Expected(status=200, body="", complete=False, log=("SendHttpResponse|ok",))),
        )
        yield Case(
            name=f"reply-response-trailers-{value}",
            source=SOURCE,
            script={"response_trailers": [_REPLY, after]},
            upstream=Server(answer=Message(chunks=("hello",), trailers=(("x-t", "1"),))),
            expected=both(Expected(status=200, body="hello", complete=False)),
        )


def _with(expected: Expected, **changes: Any) -> Expected:
    return replace(expected, **changes)


def _later() -> Iterator[Case]:
    wait = [("return", "4"), ("wait_for_tick",)]
    for phase in ("request", "response"):
        yield Case(
            name=f"reply-from-a-tick-at-{phase}-headers",
            source=SOURCE,
            script={f"{phase}_headers": wait, "tick": [_REPLY]},
            request=Message(method="POST", chunks=("hello",)),
            expected=both(_DENIED),
        )
        yield Case(
            name=f"reply-from-a-tick-after-a-buffered-{phase}-body",
            source=SOURCE,
            script={
                f"{phase}_headers": [("return", "0")],
                f"{phase}_body": [("return", "1")],
                f"{phase}_body_end": [("return", "1"), ("wait_for_tick",)],
                "tick": [_REPLY],
            },
            request=_POST,
            upstream=Server(answer=Message(chunks=("he", "llo"))),
            expected=both(_DENIED if phase == "request" else Expected(status=200, body="", complete=False)),
        )
        name = f"reply-from-a-call-at-{phase}-headers"
        yield Case(
            name=name,
            source=SOURCE,
            script={f"{phase}_headers": [_call(name), ("return", "4")], "call": [_REPLY]},
            expected=both(_DENIED),
        )


def _call(name: str) -> Call:
    return [word.format(name=name) for word in _CALL]


def _details() -> Iterator[Case]:
    yield Case(
        name="reply-twice",
        source=SOURCE,
        script={"request_headers": [_REPLY, ("SendHttpResponse", "401", "", "second")]},
        expected=both(_DENIED),
    )
    yield Case(
        name="reply-in-its-own-response-headers",
        source=SOURCE,
        script={"request_headers": [_REPLY], "response_headers": [("SendHttpResponse", "401", "", "second")]},
        expected=both(Expected(status=None, upstream="absent")),
    )
    yield Case(
        name="reply-and-resume",
        source=SOURCE,
        script={"request_headers": [_REPLY, ("ResumeHttpRequest",)]},
        expected=both(_DENIED),
    )
    yield Case(
        name="reply-without-a-body",
        source=SOURCE,
        script={"request_headers": [("SendHttpResponse", "204", "x-own=1", "")]},
        expected=both(Expected(status=204, body="", headers={"x-own": "1", "content-type": None})),
    )
    yield Case(
        name="reply-with-a-status-of-its-own",
        source=SOURCE,
        script={"request_headers": [("SendHttpResponse", "299", "", "x")]},
        expected=both(Expected(status=299, body="x")),
    )
    yield Case(
        name="reply-with-its-own-content-type-and-a-wrong-length",
        source=SOURCE,
        script={
            "request_headers": [("SendHttpResponse", "200", "content-type=application/json\ncontent-length=99", "{}")]
        },
        expected=both(Expected(body="{}", headers={"content-type": "application/json", "content-length": "2"})),
    )
    yield Case(
        name="reply-with-two-cookies",
        source=SOURCE,
        script={"request_headers": [("SendHttpResponse", "200", "set-cookie=a=1\nset-cookie=b=2", "x")]},
        expected=both(Expected(headers={"set-cookie": ["a=1", "b=2"]})),
    )
    yield Case(
        name="reply-to-head",
        source=SOURCE,
        script={"request_headers": [_REPLY]},
        request=Message(method="HEAD"),
        expected=both(Expected(status=403, body="", headers={"content-length": "6"})),
    )
    yield Case(
        name="reply-changed-by-the-plugin-itself",
        source=SOURCE,
        script={
            "request_headers": [_REPLY],
            "response_headers": [
                ("ReplaceHttpResponseHeader", ":status", "418"),
                ("RemoveHttpResponseHeader", "content-length"),
            ],
            "response_body": [("ReplaceHttpResponseBody", "a longer text")],
        },
        expected=both(Expected(status=418, body="a longer text")),
    )
    yield Case(
        name="reply-details-are-a-property",
        source=SOURCE,
        script={
            "request_headers": [("SendHttpResponseWithDetail", "403", "my.reason", "", "denied")],
            "done": [("GetProperty", "response/code_details"), ("GetPropertyNumber", "response/code")],
        },
        expected=both(Expected(status=403, log=("done|", "GetProperty|my.reason", "GetPropertyNumber|403"))),
    )


CASES = (*_in_phases(), *_later(), *_details())
