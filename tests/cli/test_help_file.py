"""`hgw help hgw.yaml`: what it says comes from the code that reads the file."""

import json
from importlib import resources

import pytest

from higress_cli.cli.help_file import EXAMPLE
from higress_cli.cli.wrap import cells
from higress_cli.project import scenario_grammar
from higress_cli.project.settings import read_settings
from higress_cli.settings.project import VERIFY
from higress_cli.settings.setting import Scope
from higress_cli.settings.table import SETTINGS
from tests.conftest import Hgw
from tests.support.schemas import validate


@pytest.fixture
def keys(hgw: Hgw):
    """The keys of the JSON document, the document held against its schema."""
    schema = json.loads(resources.files("higress_cli.data").joinpath("schemas", "help.json").read_text("utf-8"))

    def run(*names: str) -> dict[str, dict]:
        outcome = hgw("help", "hgw.yaml", *names, "--output", "json")
        assert outcome.code == 0, outcome.err
        data = json.loads(outcome.out)["data"]
        validate(data, schema)
        return {entry["key"]: entry for entry in data["keys"]}

    return run


def test_every_setting_and_every_key_of_a_scenario_is_there(keys):
    found = keys()
    assert [key for key in found if key in {s.key for s in SETTINGS}] == [
        setting.key for setting in SETTINGS if setting.scope is Scope.PROJECT
    ]
    for entry in scenario_grammar.SCENARIO.entries:
        assert f"verify[].{entry.name}" in found
    for entry in scenario_grammar.EXPECT.entries:
        assert found[f"verify[].expect.{entry.name}"]["help"]
    assert found["run.port"] == {
        "key": "run.port",
        "form": "0..65535",
        "help": "port of the gateway; 0: any",
        "default": "10000",
        "required": False,
    }
    assert (found["verify[].name"]["required"], found["verify[].expect.body"]["form"]) == (True, "<matcher>")
    assert found["<matcher>"]["form"] == "text | {...} | [<matcher>, ...] | null"
    assert found["verify[].steps[].request"]["form"] == "as verify[].request"


@pytest.mark.parametrize(
    "text",
    [
        "verify: [{request: {path: /get}}]",
        "verify: [{name: a, expect: {staus: 200}}, 5]",
        "verify: [{name: a, steps: [{expect: {status: x}}]}]",
        "run: {services: [1]}",
        "toolchain: {go: []}",
    ],
)
def test_the_hint_of_an_error_leads_to_a_key_of_the_reference(hgw: Hgw, tree, text: str) -> None:
    tree({"hgw.yaml": text, "go.mod": "module x\n", "main.go": "package main\n"})
    hint = json.loads(hgw("verify", "--output", "json").out)["error"]["hint"]
    if hint.startswith("hgw help"):
        assert hgw(*hint.split()[1:]).code == 0, hint


@pytest.mark.parametrize(
    ("name", "first", "count"),
    [
        ("run.port", "run.port", 1),
        ("toolchain", "toolchain.go", 3),
        ("request", "verify[].request", 10),
        ("redis", "verify[].services.NAME.redis", 3),
        ("matcher", "<matcher>", 9),
    ],
)
def test_one_key_can_be_asked_for_with_what_it_holds(keys, name, first, count):
    found = keys(name)
    assert next(iter(found)) == first
    assert count <= len(found) <= count + 1


def test_a_key_that_does_not_exist_has_a_nearest_one(hgw: Hgw):
    outcome = hgw("help", "hgw.yaml", "exepct")
    assert outcome.code == 2
    assert outcome.err == "error: hgw.yaml has no key `exepct`\nhint: did you mean `expect`?\n"


@pytest.mark.parametrize(("lang", "columns"), [("en", 80), ("en", 50), ("zh", 80), ("zh", 50)])
def test_the_page_fits_the_terminal(hgw: Hgw, monkeypatch, lang, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = hgw("help", "hgw.yaml", "--lang", lang).out.splitlines()
    assert [line for line in lines if cells(line) > columns and " " in line.strip()] == []


def test_the_schema_for_editors_is_in_the_users_language(hgw: Hgw):
    schema = json.loads(hgw("help", "hgw.yaml", "--json-schema").out)
    assert schema["properties"]["run"]["properties"]["port"]["description"].startswith("port of the gateway")
    chinese = json.loads(hgw("--lang", "zh", "help", "hgw.yaml", "--json-schema").out)
    assert chinese["properties"]["run"]["properties"]["port"]["description"].startswith("网关")
    assert "oneOf" in json.loads(hgw("help", "--json-schema").out)


def test_a_new_plugin_has_the_schema_that_its_hgw_yaml_names(hgw: Hgw, tmp_path):
    assert hgw("init", str(tmp_path / "one"), "--defaults").code == 0
    first_line = (tmp_path / "one" / "hgw.yaml").read_text("utf-8").splitlines()[0]
    named = first_line.removeprefix("# yaml-language-server: $schema=")
    assert json.loads((tmp_path / "one" / named).read_text("utf-8"))["title"] == "hgw.yaml"


def test_the_example_is_a_file_that_hgw_takes(hgw: Hgw, tree):
    shown = hgw("help", "hgw.yaml", "verify").out
    assert all(f"  {line}" in shown.splitlines() for line in EXAMPLE.splitlines())
    assert EXAMPLE.splitlines()[0] not in hgw("help", "hgw.yaml", "run.port").out

    folder = tree({"hgw.yaml": EXAMPLE})
    first, second = read_settings(folder / "hgw.yaml").get(VERIFY) or ()
    assert (first.name, second.name) == ("no token, no way in", "a service checks the token")
    assert set(second.services) == {"auth.dns:80", "redis.dns:6379"}
