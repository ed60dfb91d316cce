"""Properties and foreign functions: what a plugin finds under which name, and when.

Source: Envoy, source/extensions/common/wasm/context.cc (findValue) and foreign.cc; Higress's Envoy knows route_name and
cluster_name, which the engine envoy adds.
"""

from collections.abc import Iterator

from tests.e2e.conformance.case import Case, Expected, Message, Sent, Server, both

SOURCE = "Envoy, context.cc and foreign.cc"
_GRPC = {400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 500: 2, 502: 14, 503: 14, 504: 14, 200: 2, 999: 2}
_LEVELS = ("trace", "debug", "info", "warn", "error", "critical")
# What is there of each, at each time: values that depend on the machine and the moment are judged by their sizes.
_SIZES = (
    *(f"request/{name}" for name in ("referer", "useragent", "id", "time", "duration", "size", "total_size")),
    *(f"response/{name}" for name in ("flags", "grpc_status", "size", "total_size", "backend_latency", "trailers/x-t")),
    *(f"connection/{name}" for name in ("id", "mtls", "requested_server_name", "tls_version", "termination_details")),
    *(f"{who}/{what}" for who in ("source", "destination", "upstream") for what in ("address", "port")),
    *("plugin_vm_id", "connection_id", "metadata", "route_metadata", "cluster_metadata", "upstream_host_metadata"),
    *("upstream/transport_failure_reason", "upstream/local_address", "filter_state/nothing"),
)
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
    for path in _SIZES:
        yield Case(
            name=f"property-size-of-{path.replace('/', '.')}",
            source=SOURCE,
            script={phase: [("GetPropertySize", path)] for phase in ("request_headers", "response_headers", "done")},
            request=Message(method="POST", headers=(("referer", "here"), ("user-agent", "me")), chunks=("hello",)),
            upstream=Server(answer=Message(chunks=("ok", "ay"), trailers=(("x-t", "1"),))),
            expected=both(Expected(log=("done|",))),
        )
    yield Case(
        name="property-request-size-of-what-is-no-number",
        source=SOURCE,
        script={
            "request_headers": [
                ("ReplaceHttpRequestHeader", "content-length", "many"),
                ("GetPropertyNumber", "request/size"),
                ("RemoveHttpRequestHeader", "content-length"),
            ],
        },
        expected=both(Expected(log=("GetPropertyNumber|error: not found", "RemoveHttpRequestHeader|ok"))),
    )
    yield Case(
        name="property-odd-path",
        source=SOURCE,
        script={
            "request_headers": [
                ("ReplaceHttpRequestHeader", ":path", "//host/a?b=1?c#d"),
                *(("GetProperty", f"request/{part}") for part in ("path", "url_path", "query")),
                ("ReplaceHttpRequestHeader", ":path", "/property-odd-path"),
            ]
        },
        expected=both(
            Expected(log=("GetProperty|//host/a?b=1?c#d", "GetProperty|//host/a", "GetProperty|b=1?c"), upstream=Sent())
        ),
    )
    yield Case(
        name="property-response-numbers",
        source=SOURCE,
        script={
            phase: [("GetPropertyNumber", f"response/{part}") for part in ("size", "flags")]
            for phase in ("response_headers", "response_body_end", "done")
        },
        upstream=Server(answer=Message(chunks=("hello",))),
        expected=both(Expected(log=tuple(f"GetPropertyNumber|{number}" for number in (0, 0, 5, 0, 5, 0)))),
    )
    yield Case(
        name="property-response-code-that-the-plugin-changes",
        source=SOURCE,
        script={
            "response_headers": [
                ("ReplaceHttpResponseHeader", ":status", "404"),
                ("GetPropertyNumber", "response/code"),
                ("GetPropertyNumber", "response/grpc_status"),
            ],
            **{
                phase: [("GetPropertyNumber", f"response/{part}") for part in ("code", "grpc_status", "total_size")]
                for phase in ("response_body", "response_trailers")
            },
            "done": [("GetPropertyNumber", f"response/{part}") for part in ("code", "grpc_status")],
        },
        upstream=Server(answer=Message(status=503, chunks=("hello",), trailers=(("grpc-status", "7"),))),
        expected=both(
            Expected(
                status=404,
                log=tuple(f"GetPropertyNumber|{number}" for number in (503, 14, 404, 12, 0, 404, 7, 17, 404, 7)),
            )
        ),
    )
    for status, grpc in _GRPC.items():
        yield Case(
            name=f"property-grpc-status-of-{status}",
            source=SOURCE,
            script={
                "request_headers": [("SendHttpResponse", str(status), "", "x")],
                "done": [("GetPropertyNumber", "response/grpc_status")],
            },
            expected=both(Expected(status=status, log=(f"GetPropertyNumber|{grpc}",))),
        )
    yield Case(
        name="property-grpc-status-of-a-header",
        source=SOURCE,
        script={"response_headers": [("GetPropertyNumber", "response/grpc_status")]},
        upstream=Server(answer=Message(headers=(("grpc-status", "5"),), chunks=("x",))),
        expected=both(Expected(log=("GetPropertyNumber|5",))),
    )
    yield Case(
        name="log-levels",
        source=SOURCE,
        script={"request_headers": [("say", level) for level in _LEVELS]},
        expected=both(Expected(log=tuple(f"said|{level}" for level in _LEVELS))),
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
