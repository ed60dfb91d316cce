"""The catalogue of ids: its words, and the texts that it recognises.

A known error is one row in `higress_cli/data/errors` and one text that was really seen, `tests/golden/errors/ID.N.txt`.
"""

import re
import tomllib
from pathlib import Path

import pytest

from higress_cli import data
from higress_cli.errors import HgwError
from higress_cli.i18n import Translated, activate
from higress_cli.knowledge.catalogue import KnownError, Match, Pattern, advice, entries, entry, recognise

TEXTS = sorted((Path(__file__).parents[2] / "golden" / "errors").glob("*.txt"))
ROWS = list(entries().values())
PATTERNS = [(row, pattern) for row in ROWS for pattern in row.patterns]


def words(row: KnownError) -> list[Translated]:
    fixes = [row.fix, row.fix.linux, row.fix.darwin, row.fix.windows] if row.fix else []
    return [text for text in (row.title, row.cause, *fixes) if text is not None]


def hits(row: KnownError, text: str) -> bool:
    return any(pattern.holds(match) for pattern in row.patterns for match in pattern.text.finditer(text))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_a_text_that_was_seen_is_recognised_by_its_row_and_by_no_other(path: Path) -> None:
    text = path.read_text("utf-8")
    identifier = path.name.partition(".")[0]

    assert [row.id for row in ROWS if hits(row, text)] == [identifier]
    (match,) = recognise(text)
    assert match.id == identifier
    for words_of_it in (match.title, match.cause, match.fix):
        assert words_of_it
        assert "{" not in words_of_it
        assert "?" not in words_of_it


@pytest.mark.parametrize(("row", "pattern"), PATTERNS, ids=lambda item: getattr(item, "id", ""))
def test_every_pattern_has_such_a_text(row: KnownError, pattern: Pattern) -> None:
    own = [path.read_text("utf-8") for path in TEXTS if path.name.startswith(f"{row.id}.")]

    assert any(pattern.holds(match) for text in own for match in pattern.text.finditer(text))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_words_of_a_row_are_there_in_both_languages(row: KnownError) -> None:
    def parts(text: str) -> list[str]:
        return sorted(
            re.findall(
                r"\{\w+\}|`[^`]+`|hgw (?:build|doctor|help|init|install|run|verify)\b(?: --[a-z-]+)*|HGW_\w+", text
            )
        )

    for text in words(row):
        is_command = text.en == text.zh
        assert is_command or re.search(r"[\u4e00-\u9fff]", text.zh), text
        assert is_command or parts(text.en) == parts(text.zh), text
        assert not re.search(r"[\u4e00-\u9fff][,;:()!?](?!//)|[,;:()!?][\u4e00-\u9fff]", text.zh), text
        assert not text.en.endswith("."), text
        assert not text.zh.endswith("。"), text
        assert not re.search(r"\b(mend|cure|remedy)\b", text.en), text


def test_an_error_that_nobody_knows_is_not_recognised() -> None:
    assert recognise("# plugin\nmain.go:3:12: undefined: undefinedThing\n") == ()


def test_the_line_and_what_was_found_are_told() -> None:
    (match,) = recognise("# some\nnoise\nerror: requires go version 1.18 through 1.21, got go1.26\n")

    assert match.line == 3
    assert "1.21" in match.cause
    assert "1.26" in match.cause


def test_of_several_errors_each_is_told_once_in_the_order_of_the_text() -> None:
    text = "a/bitmap.go:17:14: undefined: cmalloc\nerror: wasm-opt failed: exit status 1\n"

    assert [match.id for match in recognise(text + text)] == ["sdk-for-tinygo", "wasm-opt-failed"]


def test_an_operating_system_has_its_own_fix() -> None:
    (match,) = recognise("error: could not read version from GOROOT (/usr/lib/go): Invalid go version output:\n")

    assert match.fix == match.fix_on("linux") == "unset GOROOT; hgw doctor"
    assert "Remove-Item Env:GOROOT" in match.fix_on("windows")


def test_the_words_are_those_of_the_active_language() -> None:
    (match,) = recognise("error: wasm-opt failed: exit status 1\n")

    activate("zh")
    try:
        assert match.title == "wasm-opt 失败"
        assert "exit status 1" in match.cause
    finally:
        activate("en")


def test_a_match_becomes_the_error_of_its_exit_code() -> None:
    (match,) = recognise("verifying github.com/tidwall/gjson@v1.17.3: checksum mismatch\n")

    error = match.as_error("it failed", details={"a": 1})

    assert isinstance(error, HgwError)
    assert (error.code, error.exit_code, error.hint) == ("go-sum-mismatch", 5, match.fix)


@pytest.mark.parametrize("kind", [pytest.param({"patterns": (Pattern.from_text("x"),)}, id="a pattern without a fix")])
def test_a_row_that_is_not_whole_is_refused(kind: dict) -> None:
    text = Translated(en="a", zh="甲")

    with pytest.raises(ValueError, match="has patterns and no fix"):
        KnownError(id="x", exit=entry("bug").exit, title=text, cause=text, **kind)


def test_words_name_only_what_a_pattern_finds() -> None:
    with pytest.raises(ValueError, match="no pattern has the groups"):
        KnownError(
            id="x", exit=entry("bug").exit, title=Translated(en="{a}", zh="{a}"), cause=Translated(en="a", zh="甲")
        )


def test_no_id_has_two_rows() -> None:
    files = sorted((Path(data.__file__).parent / "errors").glob("*.toml"))
    written = [row["id"] for path in files for row in tomllib.loads(path.read_text("utf-8"))["error"]]

    assert sorted(written) == sorted(entries())


def test_a_pattern_that_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a regular expression"):
        Pattern.from_text("(")


def test_what_a_match_did_not_find_is_a_question_mark() -> None:
    row = next(row for row in ROWS if "{" in row.cause.en)

    assert "?" in Match(entry=row, line=1, found={}).cause


@pytest.mark.parametrize(
    ("identifier", "is_told"),
    [
        pytest.param("program-missing", True, id="plain words"),
        pytest.param(next(row.id for row in ROWS if row.fix and "{" in row.fix.en), False, id="words with groups"),
        pytest.param("no-such-id", False, id="an id without a row"),
    ],
)
def test_advice_is_given_where_it_needs_no_match(identifier: str, *, is_told: bool) -> None:
    assert (advice(identifier) is not None) is is_told


def test_an_id_that_stands_in_two_lines_is_told_at_the_first() -> None:
    line = "error: wasm-opt failed: exit status 1\n"

    assert [match.line for match in recognise(f"noise\n{line}{line}")] == [2]


def test_an_error_that_two_patterns_of_a_row_see_is_told_once() -> None:
    own = [path.read_text("utf-8") for path in TEXTS if path.name.startswith("disk-full.")]
    assert len(own) > 1

    assert [match.id for match in recognise("\n".join(own))] == ["disk-full"]
