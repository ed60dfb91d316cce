"""What scripts rely on, for every command alike: help, schemas, one JSON document, exit codes."""

import json
import re
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from higress_cli import __version__
from higress_cli.cli.wrap import cells
from tests.support.commands import COMMANDS, GROUPS
from tests.support.schemas import validate
from tests.support.tool_stubs import stub_tools

ENVELOPE = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["schema", "command", "ok", "exit_code", "data", "warnings", "error"],
    "additionalProperties": False,
    "properties": {
        "schema": {"const": 1},
        "command": {"type": "string"},
        "ok": {"type": "boolean"},
        "exit_code": {"type": "integer"},
        "data": {"type": "object"},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "error": {
            "oneOf": [
                {"type": "null"},
                {
                    "type": "object",
                    "required": ["code", "message", "hint", "details"],
                    "additionalProperties": False,
                    "properties": {
                        "code": {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
                        "message": {"type": "string", "minLength": 1},
                        "hint": {"type": ["string", "null"]},
                        "details": {"type": "object"},
                    },
                },
            ]
        },
    },
}
# A line of examples: `hgw ...`, with variables before it, or inside of what a shell evaluates.
EXAMPLE = re.compile(r"""  (\w+=\S+ )?(eval )?("?\$\()?hgw (?P<words>[^)|>]*)""")
every_command = pytest.mark.parametrize("command", COMMANDS)


def schema_of(command: str) -> dict:
    return json.loads(
        resources.files("higress_cli.data").joinpath("schemas", f"{command.replace(' ', '-')}.json").read_text("utf-8")
    )


def path_of(argv: list[str]) -> str:
    """The path of the command that `argv` calls."""
    return " ".join(argv[:2] if argv[0] in GROUPS else argv[:1])


def only_document(outcome, command: str) -> dict:
    """The one document on stdout, which says what the process says."""
    document = json.loads(outcome.out)
    validate(document, ENVELOPE)
    assert document["command"] == command
    assert document["exit_code"] == outcome.code
    assert document["ok"] is (outcome.code == 0)
    return document


@pytest.fixture
def no_tools(monkeypatch):
    """A machine without a single tool."""
    monkeypatch.setenv("PATH", "/nowhere")


# Help ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
@every_command
def test_help_has_examples_and_fits_a_terminal_of_80_columns(hgw, command, lang, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    outcome = hgw("--lang", lang, *command.split(), "--help")

    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert [line for line in lines if cells(line) > 80] == []
    heading = {"en": "Examples:", "zh": "示例："}[lang]
    examples = lines[next(index for index, line in enumerate(lines) if line.startswith(heading)) + 1 :]
    assert [line for line in examples if EXAMPLE.match(line)]
    assert "--json-schema" in outcome.out
    assert "--output" in outcome.out


@every_command
def test_the_examples_in_help_are_typed_as_they_can_be(hgw, command):
    """Each example parses: its options exist. `--help` after them keeps it from being run."""
    text = hgw(*command.split(), "--help").out.partition("Examples:")[2]
    examples = [line.strip() for line in text.splitlines() if line.strip()]
    assert examples
    for example in examples:
        found = EXAMPLE.match(f"  {example}")
        assert found, example
        words = found["words"].partition(" -- ")[0].split()
        outcome = hgw(*words, "--help")
        assert outcome.code == 0, f"{example}: {outcome.err}"


def test_help_without_a_command_lists_them_all(hgw):
    outcome = hgw("--help")

    assert outcome.code == 0
    for command in [*(path for path in COMMANDS if " " not in path), *GROUPS]:
        assert re.search(rf"^  {command} +\w", outcome.out, re.MULTILINE)
    assert max(cells(line) for line in outcome.out.splitlines()) <= 80


@pytest.mark.parametrize("command", ["", *COMMANDS, *GROUPS])
def test_help_of_a_command_is_a_command_too(hgw, command):
    words = command.split()

    assert hgw("help", *words).out == hgw(*words, "--help").out


def test_help_of_what_is_not_a_command_names_the_nearest(hgw):
    assert hgw("help", "setings").err.endswith("did you mean `hgw help settings`?\n")
    assert hgw("help", "bild").err == "error: no such command: bild\nhint: did you mean `hgw help build`?\n"
    assert hgw("help", "toolchain", "lst").err.splitlines()[1] == "hint: did you mean `hgw help toolchain list`?"
    assert hgw("help", "build", "more").err == "error: no such command: build more\nhint: hgw build --help\n"


# JSON ---------------------------------------------------------------------------------------------------------------


@every_command
def test_a_schema_is_printed_and_valid_and_describes_its_fields(hgw, command):
    outcome = hgw(*command.split(), "--json-schema")

    assert outcome.code == 0
    schema = json.loads(outcome.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    shapes = schema.get("oneOf", [schema])
    for shape in shapes:
        assert shape["type"] == "object"
        for name, field in shape["properties"].items():
            assert "description" in field or "$ref" in field, f"{command}: {name} is not described"


@pytest.mark.parametrize("place", ["before", "after"])
@every_command
def test_wrong_usage_is_one_document_with_code_2(hgw, command, place):
    words = ["--output", "json"]
    wrong = [*command.split(), "--no-such-option"]
    argv = [*words, *wrong] if place == "before" else [*wrong, *words]

    outcome = hgw(*argv)

    assert outcome.code == 2
    assert only_document(outcome, command)["error"]["code"] == "usage"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ("help", "version")])
def test_an_early_failure_is_one_document_too(hgw, command):
    words = [*command.split(), *({"push": ["r.example.com/a"], "inspect": ["main.wasm"]}.get(command, []))]
    outcome = hgw("-C", "no-such-folder", *words, "--output=json")

    assert outcome.code == 3
    document = only_document(outcome, command)
    assert document["error"]["code"] == "directory-missing"
    assert "no-such-folder" in document["error"]["message"]
    assert document["data"] == {}


@every_command
def test_the_variable_asks_for_json_as_the_option_does(hgw, command, monkeypatch):
    monkeypatch.setenv("HGW_OUTPUT", "json")

    outcome = hgw(*command.split(), "--no-such-option")

    assert outcome.code == 2
    only_document(outcome, command)


def test_no_command_at_all_is_wrong_usage_in_json_as_well(hgw):
    outcome = hgw("frobnicate", "--output", "json")

    assert outcome.code == 2
    assert only_document(outcome, "hgw")["error"]["code"] == "usage"


def test_only_options_and_no_command_is_one_document_too(hgw):
    outcome = hgw("--output", "json")

    assert outcome.code == 2
    assert only_document(outcome, "hgw")["error"]["hint"] == "hgw --help"


@pytest.mark.parametrize(
    ("argv", "code", "error"),
    [
        (["build"], 3, "no-project"),
        pytest.param(["run"], 3, "no-project", marks=pytest.mark.extra("local")),
        (["verify"], 3, "no-project"),
        (["build", "--abi", "0.3"], 2, "choice-invalid"),
        (["install", "rust"], 2, "tool-unknown"),
        (["init", "new", "--template", "nonsense"], 6, "template-unknown"),
        (["doctor", "nonsense"], 2, "check-unknown"),
        (["quickstart", "taken"], 6, "directory-is-file"),
        (["toolchain", "path"], 4, "tools-missing"),
        (["toolchain", "path", "rust"], 2, "tool-unknown"),
        (["toolchain", "env"], 4, "tools-missing"),
        (["toolchain", "env", "--shell", "tcsh"], 2, "choice-invalid"),
        (["toolchain", "exec"], 2, "usage"),
        (["toolchain", "exec", "--", "true"], 4, "tools-missing"),
    ],
)
def test_a_failure_has_the_code_and_the_id_of_the_contract(hgw, tree, no_tools, argv, code, error):
    tree({"taken": ""} if argv[0] == "quickstart" else {"plugin/x": ""})
    if "--abi" in argv:
        tree({"go.mod": "module x\n\ngo 1.19\n", "main.go": "package main\n"})

    outcome = hgw("--output", "json", *argv)

    assert (outcome.code, only_document(outcome, path_of(argv))["error"]["code"]) == (code, error)


def test_build_without_tools_ends_with_4_and_names_the_fix(hgw, tree, no_tools):
    tree({"go.mod": "module x\n\ngo 1.19\n", "main.go": "package main\n\nfunc main() {}\n"})

    outcome = hgw("build", "--output", "json")

    assert outcome.code == 4
    error = only_document(outcome, "build")["error"]
    assert (error["code"], error["hint"]) == ("tools-missing", "hgw install")


@pytest.mark.parametrize(
    "argv",
    [
        ["init", "plugin"],
        ["init", "plugin", "--dry-run"],
        ["init", "--list-templates"],
        ["doctor"],
        ["doctor", "--list-checks"],
        ["build", "--print-command", "../plugin"],
        ["install"],
        ["help"],
        ["help", "toolchain", "env"],
        ["version"],
        ["toolchain", "list"],
        ["toolchain", "path"],
        ["toolchain", "env"],
        ["toolchain", "exec", "--", "tinygo", "version"],
    ],
)
def test_the_data_of_a_success_is_as_its_schema_says(hgw, argv, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.30.0", wasm_opt="108"))
    monkeypatch.setenv("HGW_PORT", "0")
    monkeypatch.setenv("HGW_UPSTREAM_PORT", "0")
    if argv[0] == "build":
        assert hgw("init", "../plugin").code == 0

    outcome = hgw("--output", "json", *argv)

    assert outcome.code == 0, outcome.err
    document = only_document(outcome, path_of(argv))
    validate(document["data"], schema_of(path_of(argv)))
    assert document["error"] is None


def paths_in(value: object, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in paths_in(item, key)]
    if isinstance(value, list):
        return [found for item in value for found in paths_in(item, name)]
    return [value] if isinstance(value, str) and name in {"path", "directory", "run_dir", "module"} else []


def test_paths_are_absolute(hgw, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.30.0", wasm_opt="108"))
    for argv in (["init", "plugin"], ["install"]):
        data = json.loads(hgw(*argv, "--output", "json").out)["data"]
        found = paths_in({key: item for key, item in data.items() if key != "variables"})
        assert found
        assert all(Path(path).is_absolute() for path in found)


# Global options -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_without_a_command_is_wrong_usage_and_shows_its_help(hgw, group):
    text, document = hgw(*group.split()), hgw(*group.split(), "--output", "json")

    assert (text.code, text.out) == (2, "")
    assert text.err.startswith(f"Usage: hgw {group} [OPTIONS] COMMAND [ARGS]...")
    assert only_document(document, group)["error"]["hint"] == f"hgw {group} --help"


def test_global_options_go_between_a_group_and_its_command(hgw, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.30.0", wasm_opt="108"))

    outcomes = [
        hgw("--output", "json", "toolchain", "path"),
        hgw("toolchain", "--output", "json", "path"),
        hgw("toolchain", "path", "--output", "json"),
    ]

    assert [only_document(outcome, "toolchain path")["ok"] for outcome in outcomes] == [True] * 3


@every_command
def test_global_options_go_before_and_after_the_command(hgw, command, tmp_path):
    (tmp_path / "work" / "there").mkdir()
    for words in (["-C", "there"], ["--lang", "zh"], ["--color", "never"], ["-q"], ["-v"], ["--debug"], ["--offline"]):
        before, after = hgw(*words, *command.split(), "--help"), hgw(*command.split(), *words, "--help")
        assert (before.code, after.code) == (0, 0), words
        assert before.out == after.out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--output", "yaml"], "yaml"),
        (["--lang", "de"], "de"),
        (["--color", "sometimes"], "sometimes"),
        (["-C"], "-C"),
    ],
)
def test_a_global_option_with_a_wrong_value_is_wrong_usage(hgw, words, named):
    for argv in ([*words, "doctor"] if words != ["-C"] else words, ["doctor", *words]):
        outcome = hgw(*argv)
        assert outcome.code == 2
        assert named in outcome.err
        assert outcome.out == ""


def test_the_version_is_printed_anywhere(hgw):
    outcome = hgw("--version")

    assert (outcome.code, outcome.out) == (0, f"hgw {__version__}\n")
    assert hgw("version").out == outcome.out
    assert hgw("version", "-v").out.startswith(f"hgw     {__version__}  /")
