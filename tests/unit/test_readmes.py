"""What the READMEs say of exit codes, variables, sources, targets and sizes is what hgw has."""

import re
from pathlib import Path

import pytest

from higress_cli.errors import ExitCode
from higress_cli.gateway import engines
from higress_cli.gateway.identity import HEADER
from higress_cli.settings.table import SETTINGS
from higress_cli.tool import SYSTEM
from higress_cli.toolchain.sources.table import NAMES

ROOT = Path(__file__).parents[2]
each_readme = pytest.mark.parametrize("name", ["README.md", "README.zh.md"])


def rows(text: str, first: str) -> list[list[str]]:
    """The cells of the rows of the table whose head begins with the cell `first`."""
    _before, _head, rest = text.partition(f"\n| {first} |")
    assert rest, f"no table starts with {first}"
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@each_readme
def test_every_exit_code_is_in_the_table_once(name):
    text = (ROOT / name).read_text("utf-8")

    cells = [cell for row in rows(text, {"README.md": "code"}.get(name, "码")) for cell in row[::2]]

    assert sorted(int(cell) for cell in cells) == sorted(ExitCode)


@each_readme
def test_every_variable_is_one_of_a_setting(name):
    found = set(re.findall(r"HGW_[A-Z_]+", (ROOT / name).read_text("utf-8")))

    assert found
    assert found <= {setting.variable for setting in SETTINGS}


@each_readme
def test_the_sources_are_those_of_the_table_in_their_order(name):
    text = (ROOT / name).read_text("utf-8")

    listed = [row[0].strip("`") for row in rows(text, {"README.md": "source"}.get(name, "来源"))]

    assert listed == [SYSTEM, *NAMES]


@each_readme
def test_every_target_that_is_named_exists(name):
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(
        re.findall(
            r"\bmake ([a-z]+)(?=[\s`])",
            "\n".join(re.findall(r"`[^`\n]+`|^make .*$", (ROOT / name).read_text("utf-8"), re.MULTILINE)),
        )
    )

    assert named
    assert named <= targets


def test_both_readmes_name_the_same_variables_and_sizes():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))

    for pattern in (r"HGW_[A-Z_]+", r"[\d.]+ [GM]B"):
        assert sorted(set(re.findall(pattern, english))) == sorted(set(re.findall(pattern, chinese)))


def commands(name: str) -> tuple[list[str], list[str]]:
    """What a README tells people to type: in its blocks, without comments, and in its table of tasks."""
    text = (ROOT / name).read_text("utf-8")
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL)).splitlines()
    tasks = rows(text, {"README.md": "you want to"}.get(name, "想做什么"))
    return [line.partition("#")[0].strip() for line in blocks], re.findall(r"`([^`]+)`", "\n".join(map(str, tasks)))


def test_the_chinese_readme_has_every_command_of_the_english_one():
    assert commands("README.zh.md") == commands("README.md")


@each_readme
def test_every_engine_is_listed_in_the_order_of_the_table(name):
    listed = re.findall(r"^- `([a-z]+)`[,：]", (ROOT / name).read_text("utf-8"), re.MULTILINE)

    assert listed == list(engines.TABLE)


@each_readme
def test_every_option_of_a_command_exists(name, hgw):
    blocks, tasks = commands(name)
    wanted = {
        (words[1], option)
        for line in (*blocks, *tasks)
        if (words := line.split())[:1] == ["hgw"]
        for option in re.findall(r"--[a-z-]+", line.partition(" -- ")[0])
    }

    assert {("verify", "--engine"), ("verify", "--evidence"), ("verify", "--baseline")} <= wanted
    for command, option in wanted:
        assert option in hgw(command, "--help").out, f"hgw {command} {option}"


@each_readme
def test_the_header_of_the_local_gateway_and_the_reference_are_explained(name):
    text = (ROOT / name).read_text("utf-8")
    assert HEADER in text
    assert "`hgw help hgw.yaml`" in text


@each_readme
def test_the_picture_is_in_the_language_of_the_reader(name):
    (picture,) = re.findall(r"!\[.*\]\((.+\.svg)\)", (ROOT / name).read_text("utf-8"))
    drawn = (ROOT / picture).read_text("utf-8")
    is_chinese = re.search("[\u4e00-\u9fff]", drawn) is not None
    assert is_chinese is (name == "README.zh.md")
