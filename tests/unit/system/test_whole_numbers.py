"""Numbers in what others wrote: digits of other scripts, and more of them than any number here has."""

import pytest

from higress_cli.gateway.engines.envoy.streams import stream_event
from higress_cli.gateway.events import StreamEnded
from higress_cli.knowledge.dependencies import is_known_version
from higress_cli.system.whole_numbers import whole_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_number(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["", " 1", "-1", "1.0", "\u00b2", "\u0661", "9" * 5000, "x"])
def test_something_else(text: str) -> None:
    assert whole_number(text) is None


def test_a_plugin_may_announce_a_length_of_any_number_of_digits() -> None:
    time = "2026-11-26T00:00:00.123Z"
    event = stream_event({"type": "DownstreamEnd", "time": time, "status": 200, "response_length": "9" * 5000})
    assert isinstance(event, StreamEnded)
    assert event.content_length is None


def test_a_version_in_go_mod_may_have_any_number_of_digits() -> None:
    assert not is_known_version("github.com/higress-group/proxy-wasm-go-sdk", f"v{'9' * 5000}.0.0")
