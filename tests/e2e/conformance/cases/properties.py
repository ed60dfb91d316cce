"""Properties and foreign functions: what a plugin finds under which name, and when.

Source: Envoy, source/extensions/common/wasm/context.cc (findValue) and foreign.cc; Higress's Envoy knows route_name and
cluster_name, which the engine envoy adds.
"""

from collections.abc import Iterator

from tests.e2e.conformance.case import Case, Expected, Message, Server, both

SOURCE = "Envoy, context.cc and foreign.cc"
_TEXTS = {
    "route_name": "a-route",
    "cluster_name": "outbound|80||upstream.static",
    "plugin_name": "probe",
    "plugin_root_id": "",
    "request/path": "/{name}/path?q=1",
    "request/url_path": "/{name}/path",
    "request/query": "q=1",
    "request/host": "example.com",
    "request/method": "GET",
    "request/scheme": "https",
    "request/protocol": "HTTP/1.1",
    "request/headers/x-a": "1",
    "request/nothing": "error: not found",
    "nothing": "error: not found",
    "nothing/at/all": "error: not found",
    "node/id": "hgw",
}


def _reading() -> Iterator[Case]:
    for path, value in _TEXTS.items():
        name = f"property-{path.replace('/', '-').replace('_', '-')}"
        yield Case(
            name=name,
            source=SOURCE,
            script={"request_headers": [("GetProperty", path)]},
            request=Message(headers=(("x-a", "1"),)),
            expected=both(Expected(log=(f"GetProperty|{value.format(name=name)}",))),
        )
    yield Case(
        name="property-response-code",
        source=SOURCE,
        script={
            "request_headers": [("GetPropertyNumber", "response/code")],
            "response_headers": [("GetPropertyNumber", "response/code"), ("GetProperty", "response/headers/x-b")],
            "done": [("GetPropertyNumber", "response/code"), ("GetProperty", "response/code_details")],
        },
        upstream=Server(answer=Message(status=404, headers=(("x-b", "2"),), chunks=("no",))),
        expected=both(
            Expected(
                status=404,
                log=("GetPropertyNumber|404", "GetProperty|2", "GetPropertyNumber|404", "GetProperty|via_upstream"),
            )
        ),
    )
    yield Case(
        name="property-numbers",
        source=SOURCE,
        script={"request_headers": [("GetPropertyNumber", path) for path in ("request/size", "listener_direction")]},
        expected=both(Expected(log=("GetPropertyNumber|0", "GetPropertyNumber|1"))),
    )
    yield Case(
        name="property-in-later-phases",
        source=SOURCE,
        script={
            phase: [("GetProperty", "request/path"), ("GetProperty", "route_name")]
            for phase in ("request_body", "response_headers", "response_body", "done")
        },
        request=Message(method="POST", chunks=("hello",)),
        expected=both(Expected(log=("GetProperty|a-route",) * 4)),
    )


def _writing() -> Iterator[Case]:
    yield Case(
        name="property-set-and-get",
        source=SOURCE,
        script={
            "request_headers": [("SetProperty", "my.key", "1"), ("GetProperty", "my.key")],
            "response_headers": [("GetProperty", "my.key"), ("SetProperty", "my.key", "2"), ("GetProperty", "my.key")],
            "done": [("GetProperty", "my.key"), ("GetProperty", "my.other")],
        },
        expected=both(
            Expected(
                log=("GetProperty|1", "GetProperty|1", "GetProperty|2", "GetProperty|2", "GetProperty|error: not found")
            )
        ),
    )
    yield Case(
        name="property-path-of-two-parts",
        source=SOURCE,
        script={"request_headers": [("SetProperty", "my/key", "1"), ("GetProperty", "my/key"), ("GetProperty", "my")]},
        expected=both(Expected(log=("SetProperty|ok", *("GetProperty|error: not found",) * 2))),
    )
    yield Case(
        name="foreign-function-unknown",
        source=SOURCE,
        script={"request_headers": [("CallForeignFunction", "no_such_function", "x")]},
        expected=both(Expected(log=("CallForeignFunction|error: not found",))),
    )
    yield Case(
        name="foreign-function-clear-route-cache",
        source=SOURCE,
        script={"request_headers": [("CallForeignFunction", "clear_route_cache", "")]},
        expected=both(Expected(log=("CallForeignFunction|",))),
    )


CASES = (*_reading(), *_writing())
