"""What a gateway does with each value that a callback can return, in each phase, for both ABIs.

The rules are those of proxy-wasm-cpp-host, src/context.cc: convertVmCallResultToFilterHeadersStatus and its siblings
for data and trailers, in Higress's branch. Under 0.2.100, StopIteration at headers lets the body callbacks run.
"""

from collections.abc import Iterator, Mapping

from tests.e2e.conformance.case import NEW, OLD, Call, Case, Expected, Message, Sent, Server

SOURCE = "proxy-wasm-cpp-host, src/context.cc"
_BODY = Message(method="POST", chunks=("hello",))
_CHUNKED = Message(method="POST", chunks=("he", "llo"))
_TRAILERS = Message(method="POST", chunks=("hello",), trailers=(("x-t", "1"),))
_CONTINUE, _STOP, _STOP_ALL = "continue", "stop", "stop all"
_DROP = 3
_WAIT: Call = ("wait_for_tick",)


def _at_headers(value: int, abi: str) -> str:
    if value in {0, 2}:
        return _CONTINUE
    return _STOP if value == 1 and abi == NEW else _STOP_ALL


def _request_headers(value: int, *, body: bool, resumed: bool) -> Case:
    def expected(abi: str) -> Expected:
        action = _at_headers(value, abi)
        if not body:
            return Expected() if action == _CONTINUE or resumed else Expected(status=None, upstream="absent")
        frames = ("request_body|size=5 end=false", "request_body|size=0 end=true")
        if action in {_CONTINUE, _STOP}:
            return Expected(upstream=Sent(body="hello"), log=frames)
        if resumed:
            return Expected(upstream=Sent(body="hello"), log=("request_body|size=5 end=true",))
        return Expected(status=None, upstream="absent", not_logged=("request_body",))

    calls = [("return", str(value)), *([_WAIT] if resumed else [])]
    return Case(
        name=f"request-headers-{value}{'-body' if body else ''}{'-resumed' if resumed else ''}",
        source=SOURCE,
        script={"request_headers": calls, "tick": [("ResumeHttpRequest",)]},
        request=_BODY if body else Message(),
        expected={abi: expected(abi) for abi in (OLD, NEW)},
        # Under 0.2.100 it goes on by itself, before or after the tick.
        varying=("log",) if value == 1 and body and resumed else (),
    )


def _response_headers(value: int, *, body: bool, resumed: bool) -> Case:
    def expected(abi: str) -> Expected:
        action = _at_headers(value, abi)
        passes = action == _CONTINUE or resumed or (action == _STOP and body)
        if not passes:
            return Expected(status=None, upstream=Sent(), not_logged=("response_body",))
        if not body:
            return Expected(body="")
        whole = action == _STOP_ALL
        frames = ("response_body|size=2 end=true",) if whole else ("response_body|size=2 end=false",)
        return Expected(body="ok", log=frames)

    calls = [("return", str(value)), *([_WAIT] if resumed else [])]
    return Case(
        name=f"response-headers-{value}{'-body' if body else ''}{'-resumed' if resumed else ''}",
        source=SOURCE,
        script={"response_headers": calls, "tick": [("ResumeHttpResponse",)]},
        upstream=Server() if body else Server(answer=Message(headers=(("content-length", "0"),))),
        expected={abi: expected(abi) for abi in (OLD, NEW)},
        # Under 0.2.100 it goes on by itself, before or after the tick.
        varying=("log",) if value == 1 and body and resumed else (),
    )


def _same(expected: Expected) -> Mapping[str, Expected]:
    return {OLD: expected, NEW: expected}


def _request_body(value: int, *, resumed: bool) -> Case:
    if value == 0:
        expected = Expected(upstream=Sent(body="hello"))
    elif resumed:
        expected = Expected(upstream=Sent(body="" if value >= _DROP else "hello"))
    else:
        # The headers went on: the upstream waits for the rest.
        expected = Expected(status=None, upstream=Sent(body="", complete=False))
    end = [("return", str(value)), *([_WAIT] if resumed else [])]
    return Case(
        name=f"request-body-{value}{'-resumed' if resumed else ''}",
        source=SOURCE,
        script={
            "request_body": [("return", str(value))],
            "request_body_end": end,
            "tick": [("ResumeHttpRequest",)],
        },
        request=_CHUNKED,
        expected=_same(expected),
    )


def _response_body(value: int, *, resumed: bool) -> Case:
    if value == 0 or resumed:
        expected = Expected(body="" if value >= _DROP else "hello")
    else:
        expected = Expected(status=200, complete=False, body="")
    end = [("return", str(value)), *([_WAIT] if resumed else [])]
    return Case(
        name=f"response-body-{value}{'-resumed' if resumed else ''}",
        source=SOURCE,
        script={
            "response_body": [("return", str(value))],
            "response_body_end": end,
            "tick": [("ResumeHttpResponse",)],
        },
        upstream=Server(answer=Message(chunks=("he", "llo"))),
        expected=_same(expected),
    )


def _request_trailers(value: int, *, resumed: bool) -> Case:
    passed = Sent(body="hello", trailers=(("x-t", "1"),))
    stopped = Expected(status=None, upstream=Sent(body="hello", complete=False))
    expected = Expected(upstream=passed) if value == 0 or resumed else stopped
    return Case(
        name=f"request-trailers-{value}{'-resumed' if resumed else ''}",
        source=SOURCE,
        script={
            "request_trailers": [("return", str(value)), *([_WAIT] if resumed else [])],
            "tick": [("ResumeHttpRequest",)],
        },
        request=_TRAILERS,
        expected=_same(expected),
    )


def _response_trailers(value: int, *, resumed: bool) -> Case:
    passed = Expected(body="hello", trailers=(("x-t", "1"),))
    expected = passed if value == 0 or resumed else Expected(body="hello", complete=False)
    return Case(
        name=f"response-trailers-{value}{'-resumed' if resumed else ''}",
        source=SOURCE,
        script={
            "response_trailers": [("return", str(value)), *([_WAIT] if resumed else [])],
            "tick": [("ResumeHttpResponse",)],
        },
        upstream=Server(answer=Message(chunks=("hello",), trailers=(("x-t", "1"),))),
        expected=_same(expected),
    )


def _cases() -> Iterator[Case]:
    for value in range(6):
        for body in (False, True):
            yield _request_headers(value, body=body, resumed=False)
            yield _response_headers(value, body=body, resumed=False)
            if value not in {0, 2}:
                yield _request_headers(value, body=body, resumed=True)
                yield _response_headers(value, body=body, resumed=True)
    for value in range(5):
        for resumed in (False, True) if value else (False,):
            yield _request_body(value, resumed=resumed)
            yield _response_body(value, resumed=resumed)
    for value in range(3):
        for resumed in (False, True) if value else (False,):
            yield _request_trailers(value, resumed=resumed)
            yield _response_trailers(value, resumed=resumed)


CASES = tuple(_cases())
