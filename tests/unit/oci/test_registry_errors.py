import pytest

from higress_cli.oci.registry_errors import Shown, refused, unreachable
from higress_cli.system.http import Obstacle, ObstacleKind
from higress_cli.system.web import NoReplyError


@pytest.mark.parametrize(
    ("kind", "known", "code"),
    [
        (ObstacleKind.SILENT, False, "registry-unknown-host"),
        (ObstacleKind.SILENT, True, "registry-unreachable"),
        (ObstacleKind.UNTRUSTED, True, "registry-untrusted"),
        (ObstacleKind.PROXY, True, "registry-unreachable"),
    ],
)
def test_a_host_that_does_not_answer(kind, known, code):
    error = unreachable("r.example.com", NoReplyError(Obstacle(kind=kind, text="why"), knows_host=known))

    assert (error.code, int(error.exit_code)) == (code, 5)
    assert "r.example.com" in error.message
    assert "why" in error.message


@pytest.mark.parametrize(
    ("host", "is_here"),
    [("localhost:5000", True), ("127.0.0.1:1", True), ("[::1]:5", True), ("r.example.com", False)],
)
def test_a_registry_on_this_machine_is_to_be_started(host, is_here):
    error = unreachable(host, NoReplyError(Obstacle(kind=ObstacleKind.SILENT, text="refused"), knows_host=True))

    assert (error.hint == f"start the registry on this machine, or name another in place of {host}") is is_here


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"errors": 7}', b'{"errors": [{"message": 1}]}', b"[" * 99_999])
def test_an_answer_without_the_words_of_a_registry_is_told_by_its_status(body):
    error = refused("r.example.com", 404, body, what="r.example.com/a:1", shown=Shown())

    assert error.code == "registry-name-unknown"
