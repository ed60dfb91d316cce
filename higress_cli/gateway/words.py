"""Texts for people about what happens in a gateway."""

from collections.abc import Sequence

from higress_cli.gateway.events import AnsweredBy, StreamEnded, Trap
from higress_cli.i18n import _

_RUNTIME = ("runtime.", "runtime/", "reflect.", "abort", "panic", "rust_panic", "__rust", "core::panicking", "std::")
_PANIC = "panic: "


def trap_lines(trap: Trap, *, packages: Sequence[str] = ()) -> tuple[str, ...]:
    """A trap in one line, or in two if its place in the plugin is known.

    `packages` are the paths of the author's own Go packages besides main.
    """
    why = (trap.panic or "").removeprefix(_PANIC) or trap.reason
    first = _("the plugin crashed in {function}: {reason}").format(function=trap.function, reason=why)
    frame = own_frame(trap, packages=packages)
    if frame is not None:
        return first, _("at {frame}").format(frame=frame)
    # The engine shows only the innermost frames, which deep in a library do not include the author's own.
    outer = next((name for name in trap.frames if not name.startswith((*_RUNTIME, trap.function))), None)
    return (first, _("at {frame}").format(frame=outer)) if outer else (first,)


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
    told = f"{request} -> {event.status}, {event.milliseconds} ms"
    return f"{told}, {by[event.answered_by]}" if event.answered_by else told
