"""A new command is one file and one word in a list: options, help, JSON and errors work on it as on the others."""

import json
import re
import sys
from pathlib import Path

import pytest
import typer

from higress_cli.cli.app import Commands, HgwCommand, finish, new_app
from higress_cli.cli.command_names import COMMANDS
from higress_cli.errors import CheckFailed
from tests.conftest import Hgw
from tests.support import toy_command


@pytest.fixture(autouse=True)
def with_a_new_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Commands, "names", (*COMMANDS, "toy"))
    monkeypatch.setitem(sys.modules, "higress_cli.cli.toy", toy_command)


def test_it_stands_in_the_list_and_has_a_help_with_the_options_of_all(hgw: Hgw) -> None:
    assert re.search(r"^  toy +Count letters\.$", hgw("--help").out, re.MULTILINE)
    help_text = hgw("toy", "--help").out
    assert help_text == hgw("help", "toy").out
    assert "hgw toy gateway" in help_text
    for option in ("--output text|json", "--json-schema", "-C, --directory DIR", "--lang en|zh", "-q, --quiet"):
        assert option in help_text


def test_text_goes_to_stdout_and_warnings_to_stderr(hgw: Hgw) -> None:
    outcome = hgw("toy", "gateway")
    assert (outcome.code, outcome.out) == (0, "gateway has 7 letters\n")
    assert outcome.err == "warning: only a toy\n"


def test_global_options_stand_before_and_after_it(hgw: Hgw, tmp_path: Path) -> None:
    for words in (("-v", "-C", str(tmp_path), "toy", "a"), ("toy", "a", "-v", "-C", str(tmp_path))):
        assert f"in {tmp_path}\n" in hgw(*words).err
    assert hgw("toy", "a", "--lang", "zh").err == "警告：only a toy\n"
    assert hgw("toy", "a", "--directory", str(tmp_path / "gone")).code == 3


def test_json_is_one_document(hgw: Hgw) -> None:
    assert json.loads(hgw("toy", "gateway", "--output", "json").out) == {
        "schema": 1,
        "command": "toy",
        "ok": True,
        "exit_code": 0,
        "data": {"word": "gateway", "letters": 7},
        "warnings": ["only a toy"],
        "error": None,
    }


def test_its_errors_and_wrong_usage_end_as_elsewhere(hgw: Hgw) -> None:
    document = json.loads(hgw("toy", "a1", "--output", "json").out)
    assert (document["exit_code"], document["data"], document["error"]["hint"]) == (1, {}, "hgw toy gateway")
    missing = json.loads(hgw("toy", "--output", "json").out)
    assert (missing["command"], missing["exit_code"], missing["error"]["message"]) == ("toy", 2, "missing: WORD")
    assert "did you mean `hgw toy`?" in hgw("toi").err


@pytest.mark.parametrize(
    ("late", "code", "said"),
    [
        (CheckFailed("later", code="toy", hint="hgw toy gateway"), 1, "error: later\nhint: hgw toy gateway\n"),
        (RuntimeError("later"), 70, "error: this is a bug in hgw: RuntimeError: later\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_what_happens_after_the_document_goes_to_stderr(hgw: Hgw, monkeypatch, late, code, said) -> None:
    app = new_app()

    @app.command(cls=HgwCommand, help="Fail late.", epilog="hgw toy")
    def toy(ctx: typer.Context) -> None:
        finish(ctx, toy_command.ToyResult(word="a", letters=1), lambda _result, _ui: None)
        raise late

    monkeypatch.setattr(toy_command, "app", app)
    outcome = hgw("toy", "--output", "json")

    assert outcome.code == code
    assert json.loads(outcome.out)["data"] == {"word": "a", "letters": 1}
    assert said in outcome.err
