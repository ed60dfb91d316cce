"""`hgw help settings`: every setting, what it is now in this folder, and why."""

import json
from importlib import resources

import pytest

from higress_cli.settings.setting import EVERY_COMMAND
from higress_cli.settings.table import SETTINGS
from tests.conftest import Hgw
from tests.support.schemas import validate

NATIVE = "module x\n\ngo 1.24.1\n\nrequire github.com/higress-group/wasm-go v1.1.1\n"


@pytest.fixture
def entries(hgw: Hgw):
    """The settings of the JSON document by key, the document held against its schema."""
    schema = json.loads(resources.files("higress_cli.data").joinpath("schemas", "help.json").read_text("utf-8"))

    def run(*names: str) -> dict[str, dict]:
        outcome = hgw("help", "settings", *names, "--output", "json")
        assert outcome.code == 0, outcome.err
        data = json.loads(outcome.out)["data"]
        validate(data, schema)
        return {entry["key"]: entry for entry in data["settings"]}

    return run


def test_every_setting_is_there_with_its_names(entries):
    found = entries()
    assert list(found) == [setting.key for setting in SETTINGS]
    port = found["run.port"]
    assert {name: port[name] for name in ("flag", "variable", "scope", "form", "value", "default", "source")} == {
        "flag": "-p, --port",
        "variable": "HGW_PORT",
        "scope": "project",
        "form": "PORT",
        "value": "10000",
        "default": "10000",
        "source": "default",
    }
    assert found["abi"]["choices"] == ["0.2.1", "0.2.100", "all"]
    version = found["version"]
    assert (version["flag"], version["variable"], version["value"]) == ("--image-version", "HGW_IMAGE_VERSION", None)


def test_what_holds_in_the_folder_is_said_with_its_source(entries, tree, monkeypatch):
    here = tree({"hgw.yaml": "abi: all\nrun: {port: 8080, services: {'a.dns:80': 'h:1'}}\n", "go.mod": NATIVE})
    monkeypatch.setenv("HGW_PORT", "9090")
    monkeypatch.setenv("HGW_MIRROR_GITHUB", "https://someone:secret@mirror.example/gh")

    found = {key: (entry["value"], entry["source"], entry["source_kind"]) for key, entry in entries().items()}

    assert found["abi"] == ("all", str(here / "hgw.yaml"), "file")
    assert found["run.port"] == ("9090", "HGW_PORT", "variable")
    assert found["run.services"] == ("a.dns:80=h:1", str(here / "hgw.yaml"), "file")
    assert found["profile"] == ("go", "go.mod", "inferred")
    assert found["gateway"] == ("v2.1.5", "profile go", "default")
    assert found["mirror.github"] == ("https://mirror.example/gh", "HGW_MIRROR_GITHUB", "variable")


def test_a_value_that_is_wrong_is_said_and_ends_nothing(entries, hgw, monkeypatch):
    monkeypatch.setenv("HGW_ABI", "3")
    abi = entries()["abi"]
    assert (abi["value"], abi["source"]) == (None, "HGW_ABI")
    assert abi["problem"] == "`3` (from HGW_ABI) is none of: 0.2.1, 0.2.100, all"
    assert "abi: `3` (from HGW_ABI) is none of" in hgw("help", "settings").out


def test_an_hgw_yaml_that_does_not_read_is_told_and_the_rest_shown(hgw, tree):
    here = tree({"hgw.yaml": "run: [\n"})
    outcome = hgw("help", "settings")
    assert outcome.code == 0
    assert f"{here / 'hgw.yaml'}:1:6" in outcome.err
    assert "run.port: 10000 (from default)" in outcome.out


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("run.port", ["run.port"]),
        ("port", ["run.port"]),
        ("HGW_PORT", ["run.port"]),
        ("toolchain", ["toolchain.go", "toolchain.tinygo", "toolchain.binaryen"]),
    ],
)
def test_one_setting_or_a_section_can_be_asked_for(entries, name, keys):
    assert list(entries(name)) == keys


@pytest.mark.parametrize(("lang", "word"), [("en", "default"), ("zh", "默认")])
@pytest.mark.parametrize("topic", [("settings", "name"), ("settings", "lang"), ("hgw.yaml", "name")])
def test_what_holds_otherwise_is_said_once(hgw, lang, word, topic):
    text = hgw("--lang", lang, "help", *topic).out.split("\n\n")
    assert (
        sum(part.partition("\n")[2].count(word) for part in text if part.startswith((f"{topic[1]}:", f"{topic[1]}：")))
        == 1
    )


def test_a_setting_that_does_not_exist_has_a_nearest_one(hgw):
    outcome = hgw("help", "settings", "prot")
    assert outcome.code == 2
    assert outcome.err == "error: there is no setting `prot`\nhint: did you mean `port`?\n"


@pytest.mark.parametrize(("lang", "columns"), [("en", 80), ("en", 50), ("zh", 80), ("zh", 50)])
def test_the_page_fits_the_terminal(hgw, monkeypatch, lang, columns):
    from higress_cli.cli.wrap import cells

    monkeypatch.setenv("COLUMNS", str(columns))
    words_that_fit = (line for line in hgw("help", "settings", "--lang", lang).out.splitlines() if "/" not in line)
    assert [line for line in words_that_fit if cells(line) > columns] == []


@pytest.mark.parametrize("setting", [item for item in SETTINGS if item.flag], ids=lambda item: item.key)
def test_the_help_of_a_command_has_the_default_of_each_setting(hgw: Hgw, setting):
    told = f"({setting.variable}; default: {setting.shown_default})" if setting.has_default else f"({setting.variable})"
    for command in ("doctor",) if setting.commands == EVERY_COMMAND else setting.commands:
        assert told in " ".join(hgw(command, "--help").out.split()), command


def test_what_has_no_default_to_tell_is_off_or_empty():
    quiet = {setting.flag for setting in SETTINGS if setting.flag and not setting.has_default}
    switches = {"--quiet", "--verbose", "--debug", "--offline", "--yes", "--plain-http"}
    assert quiet == switches | {"--tags", "--service", "--env", "--ignore"}
