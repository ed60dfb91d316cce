"""The phases of a stream, and the names of what a plugin may return in them.

The names are those of the Go SDK (proxywasm/types/action.go); one number has several.
"""

from typing import Final

_ANY: Final = {"ActionContinue": 0, "ActionPause": 1}
_HEADERS: Final = {
    "HeaderContinue": 0,
    "HeaderStopIteration": 1,
    "HeaderContinueAndEndStream": 2,
    "HeaderStopAllIterationAndBuffer": 3,
    "HeaderStopAllIterationAndWatermark": 4,
}
_BODY: Final = {
    "DataContinue": 0,
    "DataStopIterationAndBuffer": 1,
    "DataStopIterationAndWatermark": 2,
    "DataStopIterationNoBuffer": 3,
}
_KINDS: Final = {"headers": _HEADERS, "body": _BODY, "trailers": {}}
PHASES: Final = tuple(f"{way}_{kind}" for way in ("request", "response") for kind in _KINDS)
"""Such as `request_headers`: the names of the callbacks without `proxy_on_`."""


def actions(phase: str) -> dict[str, int]:
    """The names of what a callback of `phase` may return, with their numbers."""
    return {**_KINDS[phase.rpartition("_")[2]], **_ANY}


def action_name(phase: str, value: int) -> str:
    """What the SDK calls `value` in `phase`; the number itself if it has no name."""
    return next((name for name, number in actions(phase).items() if number == value), str(value))
