"""What hgw relies on in Typer's private parts. When one of these fails, Typer has moved something: see typer_seam."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from higress_cli.cli import typer_seam
from higress_cli.cli.typer_seam import HgwCommand, HgwGroup, PlainValue, command_of, parameters_of
from tests.support.source import PACKAGE, syntax_trees


def declared(function) -> Any:
    app = typer.Typer(add_completion=False)
    app.command(cls=HgwCommand)(function)
    return command_of(app)


def parsed(function, *argv: str) -> dict:
    """The values that a function of Typer gets for the words `argv`."""
    got = {}
    command = declared(function)
    command.callback = lambda **values: got.update(values)
    command.main(args=list(argv), prog_name="x", standalone_mode=False)
    return got


def several(
    where: Annotated[list[Path] | None, typer.Argument()] = None,
    text: Annotated[str | None, typer.Option("--text")] = None,
    many: Annotated[list[str] | None, typer.Option("--many")] = None,
    number: Annotated[int | None, typer.Option("--number")] = None,
    flag: Annotated[bool | None, typer.Option("--flag/--no-flag")] = None,
) -> None:
    pass


def test_values_have_the_types_that_the_signature_names():
    values = parsed(several, "a", "b", "--text", "1", "--many", "x", "--many", "y", "--number", "7", "--no-flag")

    assert values == {"where": [Path("a"), Path("b")], "text": "1", "many": ["x", "y"], "number": 7, "flag": False}


def test_what_is_not_given_is_none_or_empty():
    values = parsed(several)

    assert {name: value or None for name, value in values.items()} == dict.fromkeys(values)


def test_a_wrong_number_is_told_in_the_words_of_hgw():
    with pytest.raises(typer.BadParameter, match="`many` is not a whole number"):
        parsed(several, "--number", "many")


@pytest.mark.parametrize(("text", "accepted"), [("0", True), ("9", True), ("-1", False), ("10", False)])
def test_a_number_out_of_its_range_is_told_in_the_words_of_hgw(text, accepted):
    def ranged(number: Annotated[int | None, typer.Option("--number", min=0, max=9)] = None) -> None:
        pass

    if accepted:
        assert parsed(ranged, "--number", text) == {"number": int(text)}
    else:
        with pytest.raises(typer.BadParameter, match=f"{text} is not between 0 and 9"):
            parsed(ranged, "--number", text)


def test_a_type_that_hgw_does_not_know_is_refused_at_once():
    def wrong(ratio: Annotated[float, typer.Option("--ratio")] = 0.5) -> None:
        pass

    with pytest.raises(TypeError, match="ratio"):
        parsed(wrong, "--ratio", "1.5")


def test_every_parameter_has_the_place_that_values_are_made_in():
    parameters = parameters_of(several)

    assert [type(param.get_runtime_param()) for param in parameters] == [PlainValue] * 5


@pytest.mark.parametrize(
    ("base", "methods"),
    [
        (TyperCommand, ["get_help", "get_help_option", "get_short_help_str"]),
        (TyperGroup, ["get_help", "get_help_option", "get_short_help_str", "list_commands", "get_command"]),
        (TyperGroup, ["resolve_command"]),
    ],
)
def test_what_is_overridden_is_there(base, methods):
    assert [name for name in methods if not callable(getattr(base, name, None))] == []


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["--nonsense"], typer_seam.NoSuchOption),
        (["--text"], typer_seam.BadOptionUsage),
    ],
)
def test_wrong_words_have_the_errors_that_usage_knows(argv, error):
    with pytest.raises(error) as caught:
        parsed(several, *argv)

    assert caught.value.option_name in ("--nonsense", "--text")


def test_a_missing_argument_names_its_parameter():
    def needs(where: Annotated[str, typer.Argument(metavar="WHERE")]) -> None:
        pass

    with pytest.raises(typer_seam.MissingParameter) as caught:
        parsed(needs)

    assert caught.value.param.metavar == "WHERE"


def test_help_is_ours_and_shows_arguments_and_options():
    text = declared(several).get_help(typer.Context(declared(several), info_name="x"))

    assert text.splitlines()[0] == "Usage: x [OPTIONS] [WHERE]..."
    assert "  --flag / --no-flag" in text
    assert "  --number NUMBER" in text


def test_a_group_lists_its_commands_with_their_first_sentences():
    class Fixed(HgwGroup):
        def list_commands(self, ctx):
            return ["one"]

        def get_command(self, ctx, cmd_name):
            app = typer.Typer(add_completion=False)
            app.command(cls=HgwCommand, help="Do one thing. Then another.")(several)
            return command_of(app)

    group = Fixed(name="x", help="All of it.")

    text = group.get_help(typer.Context(group, info_name="x"))

    assert text.splitlines()[0] == "Usage: x [OPTIONS] COMMAND [ARGS]..."
    assert "  one  Do one thing." in text.splitlines()


@pytest.mark.slow
def test_only_the_seam_knows_the_private_parts_of_typer():
    names = []
    for path, tree in syntax_trees().items():
        for node in ast.walk(tree):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [path.name for module in modules if module.startswith("typer.")]

    assert set(names) == {"typer_seam.py"}


def test_making_values_does_not_import_pydantic():
    code = (
        "import sys; from higress_cli.cli.main import main; main(['run', '--port', '0', '--bind', 'x', '--help'])\n"
        "print('pydantic' in sys.modules, file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True)

    assert done.stderr == "False\n"
