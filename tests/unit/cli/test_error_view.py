"""What is printed of an error, whoever prints it."""

import pytest

from higress_cli.cli.context import Invocation
from higress_cli.cli.error_view import show_error
from higress_cli.errors import CompileError, DownloadError


def test_secrets_are_left_out_and_a_missing_hint_is_the_catalogues(capsys: pytest.CaptureFixture[str]) -> None:
    error = DownloadError("https://me:secret@example.com/go.tar.gz was cut off", code="wasm-invalid")
    error.warnings = ("https://me:secret@example.com/ is slow",)

    show_error(Invocation(["build"], command="build"), error)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "secret" not in captured.err
    assert captured.err.index("is slow") < captured.err.index("was cut off")
    assert "build" in captured.err.splitlines()[-1]


def test_what_was_typed_is_in_the_hint(capsys: pytest.CaptureFixture[str]) -> None:
    error = CompileError("no", code="compile-failed", again=("--tidy", "always"))

    show_error(Invocation(["build", "--watch"], command="build"), error)

    assert "build --watch --tidy always" in capsys.readouterr().err
