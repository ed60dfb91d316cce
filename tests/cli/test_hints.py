"""What reads as a command in a hint can be typed as it stands: everything else is prose before it."""

import ast
import re
import shlex
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import pytest

import higress_cli
from higress_cli.cli.command_names import COMMANDS
from higress_cli.cli.wrap import is_command
from higress_cli.knowledge.catalogue import entries

ROOT = Path(higress_cli.__file__).parent
# One word of a command; `{name}` is filled in by the code.
WORD = re.compile(r"[\w@%+=:,./\\{}$*-]+|\|")
# Words of sentences, and signs of Chinese ones, which no command has.
PROSE = {"or", "and", "then", "the", "a", "an", "to", "it", "of", "if", "in", "with", "without", "that", "again"}
CHINESE_SIGN = re.compile(r"[、。（），：；]")


def texts_of(node: ast.expr) -> Iterator[str]:
    """The texts in an expression, with `{}` for what an f-string puts in."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in values)
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from texts_of(child)


def hints_in_code() -> set[str]:
    """What errors and faults are given as hints, and what functions with `hint` in their names return."""
    found: set[str] = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                found.update(texts_of(node.value))
            elif isinstance(node, ast.FunctionDef) and "hint" in node.name:
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        found.update(texts_of(inner.value))
    return found


def hints() -> set[str]:
    rows = [row.fix for row in entries().values() if row.fix]
    fixes = [text for fix in rows for text in (fix, fix.linux, fix.darwin, fix.windows) if text is not None]
    with (ROOT / "locale/zh/LC_MESSAGES/hgw.mo").open("rb") as file:
        chinese = GNUTranslations(file).gettext
    coded = hints_in_code()
    return {text.in_(lang) for text in fixes for lang in ("en", "zh")} | coded | {chinese(text) for text in coded}


COMMANDS_IN_HINTS = sorted(hint for hint in hints() if is_command(hint))


def test_there_are_such_hints() -> None:
    assert "hgw install" in COMMANDS_IN_HINTS
    assert len(COMMANDS_IN_HINTS) > 40


@pytest.mark.parametrize("hint", COMMANDS_IN_HINTS)
def test_a_hint_that_reads_as_a_command_is_one_and_nothing_else(hint: str) -> None:
    words = shlex.split(hint.replace("; ", " | "))
    assert [word for word in words if " " not in word and not WORD.fullmatch(word)] == []
    assert PROSE.isdisjoint(word.rstrip(",:") for word in words)
    assert CHINESE_SIGN.search(hint) is None


def test_the_commands_and_options_of_hgw_in_hints_exist(hgw) -> None:
    wrong = []
    for hint in COMMANDS_IN_HINTS:
        for started in re.findall(r"hgw ([a-z][^;|]*)", hint):
            command, *words = shlex.split(started)
            if command not in COMMANDS:
                wrong.append(hint)
                continue
            path = [command, words[0]] if command == "toolchain" and words else [command]
            told = hgw(*path, "--help").out
            own = words[: words.index("--")] if "--" in words else words
            wrong += [f"{hint}: {word}" for word in own if word.startswith("--") and word not in told]
    assert wrong == []
