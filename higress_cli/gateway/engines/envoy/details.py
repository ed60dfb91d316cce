"""Envoy's RESPONSE_CODE_DETAILS, which say who made an answer.

https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details
"""

from typing import Final

from higress_cli.gateway.events import AnsweredBy, Overflow

_UPSTREAM: Final = "via_upstream"
_CRASHED: Final = "wasm_fail_stream"
_NOBODY: Final = frozenset({"downstream_local_disconnect", "downstream_remote_disconnect"})
# Details that Envoy sets itself, by their beginning; a plugin's own answer has none, or the plugin's own words.
_GATEWAY: Final = (
    "cluster_not_found",
    "codec_error",
    "direct_response",
    "duration_timeout",
    "filter_removed_required_",
    "http1.",
    "internal_redirect",
    "invalid_",
    "low_version",
    "maintenance_mode",
    "max_duration_timeout",
    "missing_",
    "no_healthy_upstream",
    "overload",
    "path_normalization_failed",
    "request_headers_failed_strict_check",
    "request_header_timeout",
    "request_overall_timeout",
    "request_payload_exceeded_retry_buffer_limit",
    "request_payload_too_large",
    "response_payload_too_large",
    "response_timeout",
    "route_configuration_not_found",
    "route_not_found",
    "stream_idle_timeout",
    "upstream_max_stream_duration_reached",
    "upstream_per_try_",
    "upstream_reset_",
    "upstream_response_timeout",
)


_OVERFLOWS: Final = {
    "request_payload_too_large": Overflow.REQUEST,
    "response_payload_too_large": Overflow.RESPONSE,
}


def overflow(details: str) -> Overflow | None:
    """The body that was longer than the limit of a buffer, None if none was."""
    return _OVERFLOWS.get(details)


def answered_by(details: str) -> AnsweredBy | None:
    """Who made the answer; None where there was none."""
    if details == _UPSTREAM:
        return AnsweredBy.UPSTREAM
    if details == _CRASHED:
        return AnsweredBy.CRASHED
    # A reason may follow in braces.
    word = details.partition("{")[0]
    if word in _NOBODY:
        return None
    return AnsweredBy.GATEWAY if word.startswith(_GATEWAY) else AnsweredBy.PLUGIN
