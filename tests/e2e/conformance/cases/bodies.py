"""Bodies: how they are buffered and changed, and what happens at the buffer limit.

Sources: Envoy, source/common/http/filter_manager.cc and source/extensions/common/wasm/context.cc (Buffer).
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.e2e.conformance.case import NEW, OLD, Case, Expected, Message, Sent, Server, both

SOURCE = "Envoy, filter_manager.cc and context.cc"
_CHUNKS = ("hello", "world", "!!")
_POST = Message(method="POST", chunks=("hello",))
_LARGE = "x" * 40_000
_HUGE = "y" * 300_000


def _frames() -> Iterator[Case]:
    for side in ("request", "response"):
        whole = Sent(body="helloworld!!") if side == "request" else None
        body = "helloworld!!" if side == "response" else None
        message = Message(method="POST", chunks=_CHUNKS)
        sizes = {
            "continue": [(5, False), (5, False), (2, False), (0, True)],
            "pause": [(5, False), (10, False), (12, False), (12, True)],
        }
        for name, action in (("continue", "0"), ("pause", "1")):
            end = [(f"GetHttp{side.capitalize()}Body", "0", "100")]
            seen = "helloworld!!" if name == "pause" else "error: not found"
            lines = [f"{side}_body|size={size} end={str(last).lower()}" for size, last in sizes[name]]
            yield Case(
                name=f"{side}-chunks-{name}",
                source=SOURCE,
                script={f"{side}_body": [("return", action)], f"{side}_body_end": end},
                request=message if side == "request" else Message(),
                upstream=Server(answer=message) if side == "response" else Server(),
                expected=both(
                    Expected(upstream=whole, body=body, log=(*lines, f"GetHttp{side.capitalize()}Body|{seen}"))
                ),
            )


def _changes() -> Iterator[Case]:
    changes: dict[str, tuple[str, str]] = {
        "append": ("Append", "hello+"),
        "prepend": ("Prepend", "+hello"),
        "replace": ("Replace", "+"),
    }
    for side in ("request", "response"):
        for name, (verb, text) in changes.items():
            lengthless = [(f"RemoveHttp{side.capitalize()}Header", "content-length")]
            yield Case(
                name=f"{side}-body-{name}",
                source=SOURCE,
                script={
                    f"{side}_headers": lengthless,
                    f"{side}_body": [("return", "1")],
                    f"{side}_body_end": [(f"{verb}Http{side.capitalize()}Body", "+")],
                },
                request=_POST,
                upstream=Server(answer=_POST),
                expected=both(Expected(upstream=Sent(body=text)) if side == "request" else Expected(body=text)),
            )
            yield Case(
                name=f"{side}-body-{name}-each-chunk",
                source=SOURCE,
                script={f"{side}_headers": lengthless, f"{side}_body": [(f"{verb}Http{side.capitalize()}Body", "+")]},
                request=_POST,
                upstream=Server(answer=_POST),
                # The end is an empty chunk of its own.
                expected=both(
                    Expected(upstream=Sent(body=f"{text}+")) if side == "request" else Expected(body=f"{text}+")
                ),
            )
    yield Case(
        name="request-body-longer-than-its-length",
        source=SOURCE,
        script={"request_body": [("return", "1")], "request_body_end": [("ReplaceHttpRequestBody", "LONGER")]},
        request=_POST,
        expected=both(Expected(upstream=Sent(body="LONGE"))),
    )
    yield Case(
        name="response-body-longer-than-its-length",
        source=SOURCE,
        script={"response_body": [("return", "1")], "response_body_end": [("ReplaceHttpResponseBody", "LONGER")]},
        upstream=Server(answer=_POST),
        expected=both(Expected(body="LONGE")),
    )
    yield Case(
        name="request-body-shorter-than-its-length",
        source=SOURCE,
        script={"request_body": [("return", "1")], "request_body_end": [("ReplaceHttpRequestBody", "no")]},
        request=_POST,
        expected=both(Expected(status=None, upstream=Sent(body="no", complete=False))),
    )
    yield Case(
        name="response-body-shorter-than-its-length",
        source=SOURCE,
        script={"response_body": [("return", "1")], "response_body_end": [("ReplaceHttpResponseBody", "no")]},
        upstream=Server(answer=_POST),
        expected=both(Expected(body="no", complete=False)),
    )
    yield Case(
        name="request-body-emptied",
        source=SOURCE,
        script={
            "request_headers": [("RemoveHttpRequestHeader", "content-length")],
            "request_body": [("return", "1")],
            "request_body_end": [("ReplaceHttpRequestBody", "")],
        },
        request=_POST,
        expected=both(Expected(upstream=Sent(body=""))),
    )
    yield Case(
        name="body-read-in-parts",
        source=SOURCE,
        script={
            "request_body": [("return", "1")],
            "request_body_end": [
                ("GetHttpRequestBody", "1", "3"),
                ("GetHttpRequestBody", "3", "100"),
                ("GetHttpRequestBody", "5", "1"),
                ("GetHttpRequestBody", "99", "1"),
            ],
        },
        request=_POST,
        expected=both(
            Expected(
                log=(
                    "GetHttpRequestBody|ell",
                    "GetHttpRequestBody|lo",
                    "GetHttpRequestBody|error: not found",
                    "GetHttpRequestBody|error: not found",
                )
            )
        ),
    )
    yield Case(
        name="request-body-without-one",
        source=SOURCE,
        script={"request_headers": [("GetHttpRequestBody", "0", "9"), ("AppendHttpRequestBody", "x")]},
        expected=both(
            Expected(log=("GetHttpRequestBody|error: not found", "AppendHttpRequestBody|error: bad argument"))
        ),
    )
    yield Case(
        name="body-of-the-other-side",
        source=SOURCE,
        script={
            "request_body_end": [("GetHttpResponseBody", "0", "9")],
            "response_body_end": [("GetHttpRequestBody", "0", "9"), ("AppendHttpRequestBody", "x")],
        },
        request=_POST,
        expected=both(Expected(body="ok", log=("GetHttpResponseBody|error: not found",))),
    )
    yield Case(
        name="request-body-pause-at-its-end-and-resume",
        source=SOURCE,
        script={
            "request_body": [("return", "1")],
            "request_body_end": [("return", "1"), ("wait_for_tick",)],
            "tick": [("GetHttpRequestBody", "0", "9"), ("ResumeHttpRequest",)],
        },
        request=_POST,
        expected=both(Expected(upstream=Sent(body="hello"), log=("GetHttpRequestBody|hello", "ResumeHttpRequest|ok"))),
    )
    yield Case(
        name="response-body-pause-at-its-end-and-resume",
        source=SOURCE,
        script={
            "response_body": [("return", "1")],
            "response_body_end": [("return", "1"), ("wait_for_tick",)],
            "tick": [("PrependHttpResponseBody", "+"), ("ResumeHttpResponse",)],
        },
        upstream=Server(answer=Message(chunks=("he", "llo"))),
        expected=both(Expected(body="+hello")),
    )


def _limits() -> Iterator[Case]:
    post = Message(method="POST", chunks=(_LARGE,))
    too_large = Expected(status=413, body="Payload Too Large")
    failed = Expected(status=500, body="Internal Server Error")
    resumed = Expected(upstream=Sent(body=_LARGE))
    yield Case(
        name="limit-request-body-buffered",
        source=SOURCE,
        script={"request_headers": [("return", "1")], "request_body": [("return", "1")]},
        request=post,
        # Before 0.2.100 this stops everything: the gateway reads on only as far as the limit.
        expected={OLD: Expected(status=None, upstream="absent"), NEW: too_large},
    )
    yield Case(
        name="limit-request-body-buffered-after-its-headers",
        source=SOURCE,
        script={"request_body": [("return", "1")]},
        request=post,
        expected=both(too_large),
        varying=("upstream",),
    )
    yield Case(
        name="limit-request-headers-3",
        source=SOURCE,
        script={"request_headers": [("return", "3")]},
        request=post,
        expected=both(_absent(too_large)),
    )
    yield Case(
        name="limit-request-headers-4",
        source=SOURCE,
        script={"request_headers": [("return", "4")]},
        request=post,
        expected=both(Expected(status=None, upstream="absent")),
    )
    for value in ("3", "4"):
        small = Message(method="POST", chunks=("z" * 20_000,))
        yield Case(
            name=f"limit-request-headers-{value}-below-it",
            source=SOURCE,
            script={"request_headers": [("return", value), ("wait_for_tick",)], "tick": [("ResumeHttpRequest",)]},
            request=small,
            expected=both(Expected(upstream=Sent(body="z" * 20_000))),
        )
    yield Case(
        name="limit-request-headers-4-resumed",
        source=SOURCE,
        script={"request_headers": [("return", "4"), ("wait_for_tick",)], "tick": [("ResumeHttpRequest",)]},
        request=post,
        expected=both(resumed),
    )
    yield Case(
        name="limit-request-body-watermark",
        source=SOURCE,
        script={
            "request_body": [("return", "2")],
            "request_body_end": [("return", "0")],
        },
        request=post,
        expected=both(resumed),
    )
    yield Case(
        name="limit-response-body-buffered",
        source=SOURCE,
        script={"response_headers": [("return", "1")], "response_body": [("return", "1")]},
        upstream=Server(answer=post),
        expected={OLD: Expected(status=None), NEW: failed},
    )
    yield Case(
        name="limit-response-body-buffered-after-its-headers",
        source=SOURCE,
        script={"response_body": [("return", "1")]},
        upstream=Server(answer=post),
        expected=both(Expected(status=200, complete=False)),
    )
    yield Case(
        name="limit-response-headers-3",
        source=SOURCE,
        script={"response_headers": [("return", "3")]},
        upstream=Server(answer=post),
        expected=both(failed),
    )
    yield Case(
        name="limit-response-headers-4-resumed",
        source=SOURCE,
        script={"response_headers": [("return", "4"), ("wait_for_tick",)], "tick": [("ResumeHttpResponse",)]},
        upstream=Server(answer=post),
        expected=both(Expected(body=_LARGE)),
    )
    yield Case(
        name="limit-large-bodies-pass",
        source=SOURCE,
        script={},
        request=Message(method="POST", chunks=(_HUGE,)),
        upstream=Server(answer=Message(chunks=(_HUGE,))),
        expected=both(Expected(body=_HUGE, upstream=Sent(body=_HUGE))),
    )


def _absent(expected: Expected) -> Expected:
    return replace(expected, upstream="absent")


# How a large body is divided depends on what the sockets hold at the moment.
_LIMITS = tuple(replace(case, varying=("frames", *case.varying)) for case in _limits())
CASES = (*_frames(), *_changes(), *_LIMITS)
