import pytest

from higress_cli.oci.registry_errors import Shown, refused, unreachable
from higress_cli.system.http import Obstacle, ObstacleKind
from higress_cli.system.web import NoReplyError


@pytest.mark.parametrize(
    ("kind", "unknown", "code"),
    [
        (ObstacleKind.SILENT, True, "registry-unknown-host"),
        (ObstacleKind.SILENT, False, "registry-unreachable"),
        (ObstacleKind.UNTRUSTED, False, "registry-untrusted"),
        (ObstacleKind.PROXY, False, "registry-unreachable"),
    ],
)
def test_a_host_that_does_not_answer(kind, unknown, code):
    error = unreachable("r.example.com", NoReplyError(Obstacle(kind=kind, text="why"), unknown_host=unknown))

    assert (error.code, int(error.exit_code)) == (code, 5)
    assert "r.example.com" in error.message
    assert "why" in error.message


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"errors": 7}', b'{"errors": [{"message": 1}]}', b"[" * 99_999])
def test_an_answer_without_the_words_of_a_registry_is_told_by_its_status(body):
    error = refused("r.example.com", 404, body, what="r.example.com/a:1", shown=Shown())

    assert error.code == "registry-name-unknown"
