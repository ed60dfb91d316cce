"""From a result to its JSON document."""

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import ExitCode, HgwError, InvalidInput
from higress_cli.result import Result, envelope, error_envelope, plain


class Color(Enum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Part:
    path: Path
    color: Color


@dataclass(frozen=True, kw_only=True)
class Sample(Result):
    internal: ClassVar[frozenset[str]] = Result.internal | {"secret"}
    parts: tuple[Part, ...]
    nothing: str | None = None
    secret: str = "kept"
    good: bool = True

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.OK if self.good else ExitCode.CHECK_FAILED


def sample(**facts) -> Sample:
    return Sample(parts=(Part(path=Path("/p/x"), color=Color.RED),), **facts)


def test_the_document_of_a_success():
    assert envelope("build", sample(warnings=("careful",))) == {
        "schema": 1,
        "command": "build",
        "ok": True,
        "exit_code": 0,
        "data": {"parts": [{"path": "/p/x", "color": "red"}], "nothing": None, "good": True},
        "warnings": ["careful"],
        "error": None,
    }


def test_a_result_that_is_bad_news_keeps_its_data():
    document: Any = envelope("doctor", sample(good=False))

    assert (document["ok"], document["exit_code"], document["error"]) == (False, 1, None)
    assert document["data"]["parts"]


def test_the_document_of_an_error():
    error = InvalidInput("bad", code="yaml-invalid", hint="mend it", details={"path": Path("/p"), "line": 3})

    assert error_envelope("run", error) == {
        "schema": 1,
        "command": "run",
        "ok": False,
        "exit_code": 3,
        "data": {},
        "warnings": [],
        "error": {"code": "yaml-invalid", "message": "bad", "hint": "mend it", "details": {"path": "/p", "line": 3}},
    }


def test_the_document_of_what_nobody_expected():
    document = error_envelope("run", HgwError("oh", code="bug"), exit_code=ExitCode.BUG)

    assert (document["ok"], document["exit_code"]) == (False, 70)
    assert document["error"] == {"code": "bug", "message": "oh", "hint": None, "details": {}}


def test_success_and_failure_have_the_same_keys():
    success = envelope("x", sample())
    failure = error_envelope("x", InvalidInput("oh", code="yaml-invalid"))

    assert list(success) == list(failure)


def test_every_value_becomes_json():
    value = {
        1: frozenset({Color.RED}),
        "choice": Choice(("a",), Source(SourceKind.FLAG, "--abi")),
        "deep": [{"path": Path("/x")}, (1, 2.5, None, True)],
        "error": ValueError("as text"),
        "result": sample(),
    }

    assert json.loads(json.dumps(plain(value))) == {
        "1": ["red"],
        "choice": {"value": ["a"], "source": "--abi"},
        "deep": [{"path": "/x"}, [1, 2.5, None, True]],
        "error": "as text",
        "result": {"parts": [{"path": "/p/x", "color": "red"}], "nothing": None, "good": True},
    }
