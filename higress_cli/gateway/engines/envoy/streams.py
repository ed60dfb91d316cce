"""What happens to requests, from Envoy's access logs: one JSON object for each event."""

from datetime import datetime
from typing import Final

from higress_cli.document import JsonObject
from higress_cli.gateway.engines.envoy.details import answered_by, overflow
from higress_cli.gateway.events import Event, HeadersSentUpstream, RequestSeen, SentUpstream, StreamEnded
from higress_cli.system.whole_numbers import whole_number

FIELDS: Final = {
    "type": "%ACCESS_LOG_TYPE%",
    "time": "%EMIT_TIME(%Y-%m-%dT%H:%M:%S.%3f+00:00)%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "status": "%RESPONSE_CODE%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "milliseconds": "%DURATION%",
    "request_length": "%REQ(CONTENT-LENGTH)%",
    "response_length": "%RESP(CONTENT-LENGTH)%",
    "sent": "%BYTES_SENT%",
}
"""The fields of a line; `sent` is the size of a body: the request's as sent upstream, or the response's at the end."""


def stream_event(entry: JsonObject) -> Event | None:
    """The event that a line describes; None for lines of other kinds.

    Envoy writes `UpstreamPoolReady` when it has a connection and encodes the headers for it.
    """
    try:
        at = datetime.fromisoformat(str(entry.get("time")))
    except ValueError:
        return None
    method, path = str(entry.get("method")), str(entry.get("path"))
    match entry.get("type"):
        case "DownstreamStart":
            return RequestSeen(at=at, method=method, path=path)
        case "UpstreamPoolReady":
            return HeadersSentUpstream(at=at, method=method, path=path)
        case "UpstreamEnd":
            return SentUpstream(
                at=at,
                method=method,
                path=path,
                content_length=_number(entry.get("request_length")),
                body_bytes=_count(entry.get("sent")),
            )
        case "DownstreamEnd":
            status, details = _count(entry.get("status")), str(entry.get("details") or "")
            return StreamEnded(
                at=at,
                method=method,
                path=path,
                status=status or None,
                answered_by=answered_by(details) if status else None,
                milliseconds=_count(entry.get("milliseconds")),
                content_length=_number(entry.get("response_length")),
                body_bytes=_count(entry.get("sent")),
                overflow=overflow(details),
            )
    return None


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _number(text: object) -> int | None:
    return whole_number(text) if isinstance(text, str) else None
