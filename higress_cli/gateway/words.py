"""Texts for people about what happens in a gateway."""

import re
from collections.abc import Sequence

from higress_cli.gateway.events import AnsweredBy, NotReturned, Overflow, RequestHangs, Step, StreamEnded, Trap, Waiting
from higress_cli.i18n import N_, _, chained, listed
from higress_cli.phases import action_name

_RUNTIME = ("runtime.", "runtime/", "reflect.", "abort", "panic", "rust_panic", "__rust", "core::panicking", "std::")
_PANIC = "panic: "
NO_HTTP_CONTEXT = "invalid context on proxy_on_request_headers"
"""The panic of the Go SDK where NewHttpContext returned nil, as that of a TCP plugin does (abi_callback_l7.go)."""
NO_TCP = N_(
    "the plugin creates no HTTP context, as plugins for TCP do not; "
    "the builtin engine has no TCP, nor has envoy or docker"
)
# What V8 and wasmtime call their traps (v8/src/common/message-template.h, wasmtime's TrapCode).
_REASONS = frozenset(
    {
        N_("unreachable"),
        N_("memory access out of bounds"),
        N_("memory out of bounds"),
        N_("operation does not support unaligned accesses"),
        N_("heap misaligned"),
        N_("divide by zero"),
        N_("remainder by zero"),
        N_("integer division by zero"),
        N_("divide result unrepresentable"),
        N_("integer overflow"),
        N_("float unrepresentable in integer range"),
        N_("bad conversion to integer"),
        N_("table index is out of bounds"),
        N_("table out of bounds"),
        N_("null function or function signature mismatch"),
        N_("indirect call to null"),
        N_("bad signature"),
        N_("Maximum call stack size exceeded"),
        N_("stack overflow"),
        N_("Out of memory"),
    }
)
_STARTS = frozenset({"proxy_on_vm_start", "proxy_on_context_create"})
_TOOK_LONGER = re.compile(r"took longer than (?P<seconds>\S+) s")
_MEMORY_FULL = re.compile(r"its memory is at its limit of (?P<mebibytes>\d+) MiB")


def reason_in_words(reason: str) -> str:
    """The reason of a trap in the active language; what is not known to hgw is returned unchanged."""
    return chained(map(_part_in_words, reason.split("; ")))


def trap_lines(trap: Trap, *, packages: Sequence[str] = ()) -> tuple[str, ...]:
    """A trap in one line, or in two if its place in the plugin is known.

    `packages` are the paths of the author's own Go packages besides main.
    """
    why = (trap.panic or "").removeprefix(_PANIC) or reason_in_words(trap.reason)
    if _registers_nothing(trap):
        nothing = _("nothing registers the plugin; call wrapper.SetCtx in func main")
        return (_("the plugin crashed in {function}: {reason}").format(function=trap.function, reason=nothing),)
    if NO_HTTP_CONTEXT in why:
        why = chained((why, _(NO_TCP)))
    first = _("the plugin crashed in {function}: {reason}").format(function=trap.function, reason=why)
    frame = own_frame(trap, packages=packages)
    if frame is not None:
        return first, _("at {frame}").format(frame=frame)
    # The engine shows only the innermost frames, which deep in a library do not include the author's own.
    outer = next((name for name in trap.frames if not name.startswith((*_RUNTIME, trap.function))), None)
    return (first, _("at {frame}").format(frame=outer)) if outer else (first,)


def trap_sentence(trap: Trap, *, packages: Sequence[str] = ()) -> str:
    """A trap in one sentence, with its place in the plugin if that is known."""
    crash, *places = trap_lines(trap, packages=packages)
    return _("{crash}, {place}").format(crash=crash, place=places[0]) if places else crash


def waiting_line(event: Waiting) -> str:
    """What a change waits for."""
    if event.step is Step.COMPILE:
        text = _("the gateway has been compiling the module for {seconds:.0f} s")
    else:
        text = _("the plugin starts, and has not returned from {function}; {seconds:.0f} s have passed")
    return text.format(function=event.function, seconds=event.seconds)


def not_returned_line(event: NotReturned) -> str:
    """A callback that takes long."""
    return _(
        "the plugin has not returned from {function} for {seconds:.0f} s, and no request goes on meanwhile; "
        "it is ended after {limit:g} s"
    ).format(function=event.function, seconds=event.seconds, limit=event.limit)


def hanging_line(event: RequestHangs) -> str:
    """A request that does not end, and what holds it."""
    if event.phase is not None and event.action is not None:
        why = _("the plugin returned {action} in {phase}, and nothing has resumed it since").format(
            action=action_name(event.phase, event.action), phase=event.phase
        )
    elif event.is_sent:
        why = _("the upstream has not ended its answer")
    else:
        why = _("it has not gone upstream; either its body is not complete, or the plugin holds it")
    request = f"{event.method} {event.path}"
    return _("{request}: no end after {seconds:.0f} s: {why}").format(request=request, seconds=event.seconds, why=why)


def own_frame(trap: Trap, *, packages: Sequence[str] = ()) -> str | None:
    """The innermost function of the author's own code, None if the engine shows none."""
    own = ("main.", *(f"{package}{end}" for package in packages for end in (".", "/")))
    return next((name for name in trap.frames if name.lstrip("(*").startswith(own)), None)


def stream_line(event: StreamEnded) -> str:
    """A request and its response in one line."""
    request = f"{event.method} {event.path}"
    if event.status is None:
        return _("{request}: the client went away after {milliseconds} ms, before an answer").format(
            request=request, milliseconds=event.milliseconds
        )
    by = {
        AnsweredBy.UPSTREAM: _("answered by the upstream"),
        AnsweredBy.PLUGIN: _("answered by the plugin"),
        AnsweredBy.GATEWAY: _("answered by the gateway itself"),
        AnsweredBy.CRASHED: _("the plugin crashed"),
    }
    too_long = {
        Overflow.REQUEST: _("the request's body is longer than run.buffer_limit"),
        Overflow.RESPONSE: _("the answer's body is longer than run.buffer_limit"),
    }
    told = [f"{request} -> {event.status}", f"{event.milliseconds} ms"]
    if event.overflow is not None:
        told.append(too_long[event.overflow])
    elif event.answered_by is not None:
        told.append(by[event.answered_by])
    return listed(told)


def _registers_nothing(trap: Trap) -> bool:
    """Whether the SDK called the plugin's `VMContext`, which is nil until something sets it (TinyGo's frames)."""
    called = next((name for name in trap.frames if not name.startswith(_RUNTIME)), "")
    return (
        trap.function in _STARTS
        and "nil pointer" in (trap.panic or "")
        and called.endswith((".OnVMStart$invoke", ".NewPluginContext$invoke"))
    )


def _part_in_words(reason: str) -> str:
    if found := _TOOK_LONGER.fullmatch(reason):
        return _("took longer than {seconds} s").format(**found.groupdict())
    if found := _MEMORY_FULL.fullmatch(reason):
        return _("its memory is at its limit of {mebibytes} MiB").format(**found.groupdict())
    return _(reason) if reason in _REASONS else reason
