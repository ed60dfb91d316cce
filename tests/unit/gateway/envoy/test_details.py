"""Who made an answer, by what Envoy says of it."""

import pytest

from higress_cli.gateway.engines.envoy.details import answered_by
from higress_cli.gateway.events import AnsweredBy


@pytest.mark.parametrize(
    ("details", "who"),
    [
        ("via_upstream", AnsweredBy.UPSTREAM),
        ("wasm_fail_stream", AnsweredBy.CRASHED),
        ("downstream_remote_disconnect", None),
        ("upstream_reset_before_response_started{connection_termination}", AnsweredBy.GATEWAY),
        ("request_payload_too_large", AnsweredBy.GATEWAY),
        ("hello.denied", AnsweredBy.PLUGIN),
        ("", AnsweredBy.PLUGIN),
    ],
)
def test_who_answered(details: str, who: AnsweredBy | None) -> None:
    assert answered_by(details) is who
