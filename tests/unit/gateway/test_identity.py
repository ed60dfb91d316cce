"""The header that says which gateway and which module a response is from."""

import pytest

from higress_cli.digest import Sha256
from higress_cli.gateway.events import AnsweredBy
from higress_cli.gateway.identity import Identity, identity_start, plugin_part, read_identity

DIGEST = Sha256("ab" * 32)


@pytest.mark.parametrize(
    ("engine", "word", "who"),
    [
        ("envoy", "via_upstream", AnsweredBy.UPSTREAM),
        ("envoy", "wasm_fail_stream", AnsweredBy.CRASHED),
        ("tomorrow", "via_upstream", None),
    ],
)
def test_what_an_engine_writes_is_read_again(engine: str, word: str, who: AnsweredBy | None) -> None:
    start = identity_start(engine=engine, run="r-1", version=3, sha256=DIGEST)
    assert start == f"engine={engine}; run=r-1; config=3; sha256={DIGEST}; by="
    assert read_identity(f"{start}{word}") == Identity(run="r-1", version="3", sha256=DIGEST, answered_by=who)


def test_before_there_is_a_plugin_none_is_named() -> None:
    assert plugin_part(version=1, sha256=None) == "config=1; sha256=; "
    assert read_identity("nonsense") == Identity(run="", version="", sha256=None, answered_by=None)
