"""The files of the container as pure values: its compose file, and how the gateway in it starts.

Higress's gateways are Envoys of several ages, so only what all of them know is used here.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from higress_cli.document import Json, JsonObject
from higress_cli.gateway.contract import Change
from higress_cli.gateway.engines.envoy import bootstrap, streams
from higress_cli.gateway.identity import HEADER
from higress_cli.gateway.services import Endpoint

MOUNTED: Final = PurePosixPath("/hgw")
"""The run's folder in the container."""
SERVICE: Final = "gateway"
_HOST: Final = "host.docker.internal"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_TYPES: Final = "type.googleapis.com/envoy"
_STREAM_FIELDS: Final = {
    **streams.FIELDS,
    "type": "DownstreamEnd",
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3f+00:00)%",
}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the container stands: with `shares_network` it has the network of this machine, as only Linux can.

    Elsewhere its ports are published, and it reaches this machine by a name. `user` is `UID:GID`, None for root.
    """

    image: str
    run: Path
    bind: str
    port: int
    admin_port: int
    shares_network: bool
    user: str | None = None

    @property
    def inner_bind(self) -> str:
        """The address that the gateway listens on."""
        return self.bind if self.shares_network else "0.0.0.0"  # noqa: S104 -- in a container of its own

    @property
    def inner_admin(self) -> str:
        """The same of its admin API."""
        return "127.0.0.1" if self.shares_network else "0.0.0.0"  # noqa: S104 -- in a container of its own

    def seen_from_inside(self, at: Endpoint) -> Endpoint:
        """An address of this machine as the container reaches it."""
        if self.shares_network or at.host not in _LOOPBACK:
            return at
        return Endpoint(host=_HOST, port=at.port, tls=at.tls, path=at.path)


def compose(layout: Layout) -> JsonObject:
    """The compose file: the guide's gateway, with the run's folder in it."""
    service: dict[str, Json] = {
        "image": layout.image,
        "entrypoint": ["/usr/local/bin/envoy"],
        "volumes": [f"{layout.run}:{MOUNTED}"],
    }
    if layout.user is not None:
        service["user"] = layout.user
    if layout.shares_network:
        service["network_mode"] = "host"
    else:
        service |= {
            "network_mode": "bridge",
            "ports": [
                f"{layout.bind}:{layout.port}:{layout.port}",
                f"127.0.0.1:{layout.admin_port}:{layout.admin_port}",
            ],
            "extra_hosts": [f"{_HOST}:host-gateway"],
        }
    return {"services": {SERVICE: service}}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One version of the gateway: `identity` is the identity header's value up to Envoy's own word."""

    version: int
    plugin_name: str
    identity: str
    module: str
    upstream: Endpoint


def content(layout: Layout, change: Change, plan: Plan) -> JsonObject:
    """What Envoy starts with."""
    upstream = layout.seen_from_inside(plan.upstream)
    named = {change.cluster: upstream, **{name: layout.seen_from_inside(at) for name, at in change.services.items()}}
    return {
        "node": {"id": "hgw", "cluster": "hgw"},
        "admin": {"address": _address(layout.inner_admin, layout.admin_port)},
        "static_resources": {
            "listeners": [_listener(layout, change, plan, upstream)],
            "clusters": [_untyped(bootstrap.cluster(name, at)) for name, at in named.items()],
        },
    }


def _listener(layout: Layout, change: Change, plan: Plan, upstream: Endpoint) -> JsonObject:
    identity: JsonObject = {
        "header": {"key": HEADER, "value": f"{plan.identity}%RESPONSE_CODE_DETAILS%"},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
    action: dict[str, Json] = {"cluster": change.cluster}
    if upstream.path:
        action["prefix_rewrite"] = f"{upstream.path}/"
    if plan.upstream.own_name is not None:
        action["host_rewrite_literal"] = plan.upstream.own_name
    route: JsonObject = {"name": change.route, "match": {"prefix": "/"}, "route": action}
    any_status: JsonObject = {
        "comparison": {"op": "GE", "value": {"default_value": 100, "runtime_key": "hgw.any_status"}}
    }
    manager: JsonObject = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": bootstrap.LISTENER,
        "http_protocol_options": {"enable_trailers": True},
        "scheme_header_transformation": {"scheme_to_overwrite": "https"},
        "access_log": [_log("access.log"), _log("streams.log")],
        "route_config": {
            "name": "to_upstream",
            "response_headers_to_add": [identity],
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}],
        },
        "local_reply_config": {
            "mappers": [{"filter": {"status_code_filter": any_status}, "headers_to_add": [identity]}]
        },
        "http_filters": [
            _plugin(change, plan),
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.router.v3.Router"},
            },
        ],
    }
    return {
        "name": bootstrap.LISTENER,
        "address": _address(layout.inner_bind, layout.port),
        "per_connection_buffer_limit_bytes": change.buffer_limit,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _plugin(change: Change, plan: Plan) -> JsonObject:
    config: dict[str, Json] = {
        "name": plan.plugin_name,
        "vm_config": {
            "vm_id": bootstrap.vm_id(plan.version),
            "runtime": bootstrap.RUNTIME,
            "code": {"local": {"filename": str(MOUNTED / plan.module)}},
            **({"environment_variables": {"key_values": dict(change.env)}} if change.env else {}),
        },
    }
    if change.config is not None:
        config["configuration"] = {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": change.config.json,
        }
    return {
        "name": plan.plugin_name,
        "typed_config": {"@type": f"{_TYPES}.extensions.filters.http.wasm.v3.Wasm", "config": config},
    }


def _log(name: str) -> JsonObject:
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(MOUNTED / name),
            "log_format": {"json_format": dict(_STREAM_FIELDS)},
        },
    }


def _untyped(cluster: JsonObject) -> JsonObject:
    return {key: value for key, value in cluster.items() if key != "@type"}


def _address(host: str, port: int) -> JsonObject:
    return {"socket_address": {"address": host, "port_value": port}}
