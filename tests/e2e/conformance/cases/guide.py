"""The guide's table of methods: each row is called, and its effect is seen from outside.

The table is in "Develop WASM plugins in Go", section 2 (higress.io, user guide); METHODS are its rows. Beside them
stands SendHttpResponseWithDetail, of which the guide speaks in the section on header states.
"""

from collections.abc import Iterator

from tests.e2e.conformance.case import Case, Expected, Message, Sent, Server, both
from tests.e2e.conformance.cases.calls import dispatch

SOURCE = "the guide, table of methods"
METHODS = frozenset(
    {
        *(f"GetHttp{side}Headers" for side in ("Request", "Response")),
        *(f"ReplaceHttp{side}Headers" for side in ("Request", "Response")),
        *(
            f"{verb}Http{side}Header"
            for verb in ("Get", "Remove", "Replace", "Add")
            for side in ("Request", "Response")
        ),
        *(
            f"{verb}Http{side}Body"
            for verb in ("Get", "Append", "Prepend", "Replace")
            for side in ("Request", "Response")
        ),
        "DispatchHttpCall",
        "GetHttpCallResponseHeaders",
        "GetHttpCallResponseBody",
        "GetHttpCallResponseTrailers",
        "SendHttpResponse",
        "SendHttpResponseWithDetail",
        "ResumeHttpRequest",
        "ResumeHttpResponse",
    }
)
_HEADERS = (("x-old", "1"), ("x-gone", "1"), ("x-changed", "1"))
_PSEUDO = {
    "request": ":method=GET\n:scheme=https\n:path=/{name}/new\n:authority=a\nx-forwarded-proto=https\nx-new=all",
    "response": ":status=201\nx-new=all",
}


def _headers(side: str) -> Iterator[Case]:
    what = f"Http{side.capitalize()}Header"
    name = f"guide-{side}-headers"
    changed = {"x-old": "1", "x-gone": None, "x-changed": "2", "x-added": "3"}
    yield Case(
        name=name,
        source=SOURCE,
        script={
            f"{side}_headers": [
                (f"Get{what}", "x-old"),
                (f"Remove{what}", "x-gone"),
                (f"Replace{what}", "x-changed", "2"),
                (f"Add{what}", "x-added", "3"),
                (f"Get{what}s",),
            ]
        },
        request=Message(headers=_HEADERS if side == "request" else ()),
        upstream=Server(answer=Message(headers=_HEADERS if side == "response" else (), chunks=("ok",))),
        expected=both(
            Expected(
                headers=changed if side == "response" else {},
                upstream=Sent(headers=changed if side == "request" else {}),
                log=(f"Get{what}|1", f"Remove{what}|ok", f"Replace{what}|ok", f"Add{what}|ok"),
            )
        ),
    )
    name = f"guide-all-{side}-headers"
    replaced = {"x-old": None, "x-new": "all"}
    yield Case(
        name=name,
        source=SOURCE,
        script={f"{side}_headers": [(f"Replace{what}s", _PSEUDO[side].format(name=name))]},
        request=Message(headers=_HEADERS if side == "request" else ()),
        upstream=Server(answer=Message(headers=_HEADERS if side == "response" else (), chunks=("ok",))),
        expected=both(
            Expected(
                status=201 if side == "response" else 200,
                headers=replaced if side == "response" else {},
                upstream=Sent(headers=replaced if side == "request" else {}),
            )
        ),
    )


def _bodies(side: str) -> Iterator[Case]:
    what = f"Http{side.capitalize()}"
    for verb, result in (("Append", "hello+"), ("Prepend", "+hello"), ("Replace", "+")):
        yield Case(
            name=f"guide-{side}-body-{verb.lower()}",
            source=SOURCE,
            script={
                f"{side}_headers": [(f"Remove{what}Header", "content-length")],
                f"{side}_body": [("return", "1")],
                f"{side}_body_end": [(f"Get{what}Body", "0", "99"), (f"{verb}{what}Body", "+")],
            },
            request=Message(method="POST", chunks=("hello",)),
            upstream=Server(answer=Message(chunks=("hello",))),
            expected=both(
                Expected(
                    body=result if side == "response" else None,
                    upstream=Sent(body=result if side == "request" else "hello"),
                    log=(f"Get{what}Body|hello", f"{verb}{what}Body|ok"),
                )
            ),
        )


def _others() -> Iterator[Case]:
    for side in ("request", "response"):
        name = f"guide-call-and-resume-{side}"
        resume = f"ResumeHttp{side.capitalize()}"
        yield Case(
            name=name,
            source=SOURCE,
            script={
                f"{side}_headers": [dispatch(name), ("return", "4")],
                "call": [
                    ("GetHttpCallResponseHeaders",),
                    ("GetHttpCallResponseBody",),
                    ("GetHttpCallResponseTrailers",),
                    (f"AddHttp{side.capitalize()}Header", "x-called", "yes"),
                    (resume,),
                ],
            },
            service=Server(answer=Message(headers=(("x-b", "2"),), chunks=("fine",), trailers=(("x-t", "1"),))),
            expected=both(
                Expected(
                    headers={"x-called": "yes"} if side == "response" else {},
                    upstream=Sent(headers={"x-called": "yes"} if side == "request" else {}),
                    calls=(Sent(path=f"/{name}/check?a=b"),),
                    log=("GetHttpCallResponseBody|fine", "GetHttpCallResponseTrailers|x-t=1", f"{resume}|ok"),
                )
            ),
        )
    yield Case(
        name="guide-send-response",
        source=SOURCE,
        script={"request_headers": [("SendHttpResponse", "200", "x-own=1", "hello world")]},
        expected=both(Expected(body="hello world", headers={"x-own": "1"}, upstream="absent")),
    )
    yield Case(
        name="guide-send-response-with-detail",
        source=SOURCE,
        script={
            "request_headers": [("SendHttpResponseWithDetail", "403", "my.detail", "", "no")],
            "done": [("GetProperty", "response/code_details")],
        },
        expected=both(Expected(status=403, body="no", upstream="absent", log=("GetProperty|my.detail",))),
    )


CASES = (
    *(case for side in ("request", "response") for case in (*_headers(side), *_bodies(side))),
    *_others(),
)
