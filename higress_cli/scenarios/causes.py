"""Why a step failed, as far as the gateway's events show it: a pure function of the request and what was observed."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.gateway.contract import Evidence
from higress_cli.gateway.events import (
    BAD_ARGUMENT,
    UNIMPLEMENTED,
    AnsweredBy,
    CallRefused,
    Overflow,
    SentUpstream,
    StreamEnded,
)
from higress_cli.gateway.services import mapping_line, service_key
from higress_cli.gateway.words import NO_HTTP_CONTEXT, NO_TCP
from higress_cli.gateway.wrapper_lines import unknown_service
from higress_cli.i18n import N_, _, chained, joined, listed, ngettext
from higress_cli.knowledge.catalogue import entry, recognise
from higress_cli.project.scenario import Headers, Request
from higress_cli.scenarios.observation import Call, Observed
from higress_cli.scenarios.pause import CALLS, likely_cause, paused_in

_UNKNOWN_SERVICE: Final = "service-unknown"
_TRAPPED: Final = "plugin-trapped"
# The words of Go's runtime, or of a virtual machine, and what to do about them.
_CRASHES: Final = (
    (NO_HTTP_CONTEXT, NO_TCP),
    ("index out of range", N_("an index is beyond the end of a slice or an array: compare it with len first")),
    ("slice bounds out of range", N_("an index is beyond the end of a slice or an array: compare it with len first")),
    ("nil map", N_("a map is written to before it was made: make it where the configuration is read")),
    ("nil pointer", N_("a nil pointer is used: a key missing from the configuration often leaves one nil")),
    ("divide by zero", N_("a number is divided by zero: look at it first")),
    ("out of memory", N_("the plugin's memory is full: what it keeps between requests grows")),
)
_LATE: Final = frozenset({"proxy_on_request_body", "proxy_on_response_body"})
# Content types whose bodies the wrapper does not pass to callbacks (wasm-go, pkg/wrapper/plugin_wrapper.go).
_BINARY: Final = ("application/octet-stream", "application/grpc")


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The surroundings of a request: the gateway's clusters, and how much of a body it buffers.

    `absent` are services that the scenario leaves out on purpose. `request_body_phase` says whether the plugin's source
    handles request bodies; None if unknown. `abi` is that of the module.
    """

    clusters: Collection[str] = ()
    absent: Collection[str] = ()
    buffer_limit: int | None = None
    request_body_phase: bool | None = None
    abi: str | None = None


def causes(request: Request, observed: Observed, checks: Sequence[Evidence], around: Surroundings) -> tuple[str, ...]:
    """The causes of the failed checks, a sentence each; empty if nothing failed."""
    failed = [check for check in checks if not check.ok]
    if not failed:
        return ()
    keys = {check.key or "" for check in failed}
    found = (
        *_crashes(observed),
        *_paused(request, observed, around),
        *_cut_bodies(observed),
        *_too_large(observed, around),
        *_skipped_bodies(request, observed, keys),
        *_no_grpc(observed),
        *_late_headers(observed),
        *_headers_gone(observed, keys),
        *_no_body(request, keys, around),
        *_services(observed, around),
        *_known(observed),
    )
    return tuple(dict.fromkeys(found))


def _crashes(observed: Observed) -> Iterator[str]:
    """What the words of a crash mean."""
    row = entry(_TRAPPED)
    for trap in observed.traps:
        words = f"{trap.panic or ''} {trap.reason}"
        meaning = next((_(text) for part, text in _CRASHES if part in words), None)
        yield meaning or str(row.cause).format(function=trap.function, reason=trap.reason)


def _paused(request: Request, observed: Observed, around: Surroundings) -> Iterator[str]:
    """What may have kept a stream from going on that got no answer."""
    events = (observed.events or ())[: observed.silent]
    paused = paused_in(events)
    if observed.answer is None and not observed.traps and paused is not None and not any(_overflows(observed)):
        called = [service_key(call.cluster) for call in observed.calls]
        cause = likely_cause(events, paused, abi=around.abi, request=request, called=called)
        if cause is not None:
            yield cause


def _cut_bodies(observed: Observed) -> Iterator[str]:
    """A plugin that changes a body must remove its content-length in the header phase."""
    if any(_overflows(observed)):
        return
    for event in observed.events or ():
        match event:
            case SentUpstream(content_length=int(length), body_bytes=count):
                body, reader = _("the request's body"), _("the upstream")
                yield from _misfit(count, length, body=body, reader=reader, is_request=True)
            case StreamEnded(content_length=int(length), body_bytes=count, answered_by=AnsweredBy.UPSTREAM):
                yield from _misfit(count, length, body=_("the answer's body"), reader=_("the client"))


def _misfit(count: int, length: int, *, body: str, reader: str, is_request: bool = False) -> Iterator[str]:
    """An answer without a body may announce one that there would have been."""
    fix = _("remove that header in the header phase")
    if count > length:
        problem = ngettext(
            "{body} has {count} byte, and {reader} cuts it at content-length: {length}, which the plugin left",
            "{body} has {count} bytes, and {reader} cuts it at content-length: {length}, which the plugin left",
            count,
        )
    elif count < length and (count or is_request):
        problem = ngettext(
            "{body} has {count} byte, and {reader} waits for content-length: {length}, which the plugin left",
            "{body} has {count} bytes, and {reader} waits for content-length: {length}, which the plugin left",
            count,
        )
    else:
        return
    yield chained((problem.format(body=body, reader=reader, count=count, length=length), fix))


def _too_large(observed: Observed, around: Surroundings) -> Iterator[str]:
    words = {
        Overflow.REQUEST: (_("the request's body"), "SetRequestBodyBufferLimit"),
        Overflow.RESPONSE: (_("the answer's body"), "SetResponseBodyBufferLimit"),
    }
    for overflow in _overflows(observed):
        body, function = words[overflow]
        yield _(
            "{body} is longer than what the gateway holds for a plugin, {limit} bytes (run.buffer_limit); a plugin "
            "raises that with {function}"
        ).format(body=body, limit=around.buffer_limit or "?", function=function)


def _overflows(observed: Observed) -> Iterator[Overflow]:
    ended = (event for event in observed.events or () if isinstance(event, StreamEnded))
    return (event.overflow for event in ended if event.overflow is not None)


def _skipped_bodies(request: Request, observed: Observed, keys: Collection[str]) -> Iterator[str]:
    """Encoded and binary bodies, for which the wrapper skips its body callbacks."""
    if any(key.startswith("upstream") for key in keys):
        reason = _unread(request.headers)
        if reason:
            yield _("the request has {header}: the wrapper does not give such a body to the plugin").format(
                header=reason
            )
    if observed.answer is not None and "body" in keys and _answered_upstream(observed):
        encoding = observed.answer.headers.get("content-encoding")
        if encoding and encoding != "identity":
            yield _(
                "the answer has content-encoding: {encoding}, and the wrapper skips the response body phase for it; "
                "remove accept-encoding in the request header phase"
            ).format(encoding=encoding)


def _unread(headers: Headers) -> str | None:
    encoding = ", ".join(headers.get("content-encoding", ("identity",)))
    if encoding != "identity":
        return f"content-encoding: {encoding}"
    kind = ", ".join(headers.get("content-type", ()))
    return f"content-type: {kind}" if kind.startswith(_BINARY) else None


def _answered_upstream(observed: Observed) -> bool:
    ended = [event for event in observed.events or () if isinstance(event, StreamEnded)]
    return not ended or ended[-1].answered_by is AnsweredBy.UPSTREAM


def _no_grpc(observed: Observed) -> Iterator[str]:
    """Envoy has other statuses for a gRPC call that it refuses."""
    for event in observed.refused_calls:
        if event.call.startswith("proxy_grpc_") and event.status == UNIMPLEMENTED:
            yield _("{call} was refused in {function}: the builtin engine has no gRPC").format(
                call=event.call, function=event.function
            )


def _late_headers(observed: Observed) -> Iterator[str]:
    for event in observed.events or ():
        if (
            isinstance(event, CallRefused)
            and event.function in _LATE
            and "header_map" in event.call
            and event.status == BAD_ARGUMENT
        ):
            yield _(
                "{call} was refused in {function}: the headers had left by then; set them in the header phase, or hold "
                "them back there with HeaderStopIteration (ABI 0.2.100)"
            ).format(call=event.call, function=event.function)


def _headers_gone(observed: Observed, keys: Collection[str]) -> Iterator[str]:
    if "upstream" in keys and observed.sent_upstream and not observed.seen:
        yield _(
            "the headers left before the plugin decided; a plugin that decides in a later phase holds them back in the "
            "header phase with HeaderStopIteration (ABI 0.2.100)"
        )


def _no_body(request: Request, keys: Collection[str], around: Surroundings) -> Iterator[str]:
    if (
        not request.has_body
        and around.request_body_phase
        and any(key.startswith(("upstream", "log", "status")) for key in keys)
    ):
        yield _("the request has no body, so the plugin's request body phase did not run")


def _services(observed: Observed, around: Surroundings) -> Iterator[str]:
    """Services that were called and that nobody maps, and played ones that were asked in another protocol."""
    missing = [unknown_service(event, around.clusters) for event in observed.events or ()]
    if not any(missing) and not around.absent and any(event.call in CALLS for event in observed.refused_calls):
        row = entry(_UNKNOWN_SERVICE)
        yield joined((row.cause, row.fix))
    for missed in missing:
        if missed is None or missed.cluster in around.absent:
            continue
        key = service_key(missed.cluster)
        name = key.rpartition(":")[0]
        others = sorted(other for other in map(service_key, around.clusters) if other.rpartition(":")[0] == name)
        if others:
            yield _("the plugin calls {key}, and only {others} is mapped: the port differs").format(
                key=key, others=listed(others)
            )
        else:
            line = mapping_line(key, is_redis=missed.is_redis)
            yield _(
                "the plugin calls {key}, and no service is mapped to it: add it to the scenario's services, or to "
                "run.services as {line}"
            ).format(key=key, line=line)
    for call in observed.calls:
        if call.foreign is not None:
            yield _foreign(call)
    for service, command in dict.fromkeys((call.cluster, call.missing) for call in observed.calls if call.missing):
        yield _(
            "the plugin sends {service} the command {command}, which hgw's own Redis does not have: map the service to "
            "a real Redis in run.services, or write the reply under it in the scenario's services: {rule}"
        ).format(service=service_key(service), command=command, rule=f'{{redis: {{"{command} *": ...}}}}')


def _foreign(call: Call) -> str:
    """The service speaks another protocol than the plugin."""
    if call.foreign == "HTTP":
        text = _("{service} is a Redis here, and the plugin sends it HTTP requests: give it a status or a body instead")
    else:
        text = _("{service} speaks HTTP here, and the plugin sends it Redis commands: write redis under it instead")
    return text.format(service=service_key(call.cluster))


def _known(observed: Observed) -> Iterator[str]:
    """What the error catalogue knows about the plugin's log lines."""
    for match in recognise("\n".join(observed.log)):
        if match.id not in {_UNKNOWN_SERVICE, _TRAPPED}:
            yield joined((match.cause, match.fix))
