"""Settings as they are typed: one answer in every command, one error for a bad value, options with their variables."""

import json
import re
from pathlib import Path

import pytest

from higress_cli.settings.table import SETTINGS
from tests.conftest import Hgw
from tests.support.tool_stubs import stub_tools

NATIVE = {
    "go.mod": "module x\n\ngo 1.24.1\n\nrequire github.com/higress-group/wasm-go v1.1.1\n",
    "main.go": "package main\n\nfunc main() {}\n",
}


@pytest.fixture
def native(tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin for native Go without an hgw.yaml, on a machine that has Go alone."""
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.24.4"))
    return tree(NATIVE)


def test_the_profile_of_a_folder_is_the_same_in_every_command(hgw: Hgw, native: Path):
    installed = json.loads(hgw("install", "--output", "json").out)["data"]
    doctor = json.loads(hgw("doctor", "project", "--output", "json").out)["data"]["checks"]
    planned = json.loads(hgw("build", "--print-command", "--output", "json").out)["data"]["commands"]
    made = json.loads(hgw("init", "--from-existing", "--dry-run", "--output", "json").out)["data"]["variables"]

    assert (installed["profile"], installed["profile_source"]) == ("go", "go.mod")
    assert [tool["name"] for tool in installed["tools"]] == ["go"]
    assert next(check["note"] for check in doctor if check["id"] == "project") == "profile go, from go.mod"
    assert [command["argv"][:2] for command in planned] == [["go", "build"]]
    assert (made["profile"], made["abi"], made["gateway"]) == ("go", "0.2.100", "v2.1.5")


@pytest.mark.parametrize("command", ["quickstart", "install", "build", "run", "verify"])
def test_a_bad_mirror_is_noticed_before_anything_is_done(hgw: Hgw, native: Path, monkeypatch, command: str):
    monkeypatch.setenv("HGW_MIRROR_GITHUB", "mirrors")

    outcome = hgw(command, "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (2, "mirror-invalid")
    assert error["message"] == "`mirrors` (from HGW_MIRROR_GITHUB) is neither a URL nor one of: official"


@pytest.mark.parametrize("command", ["quickstart", "install", "doctor", "init", "build", "run", "verify"])
def test_help_names_the_variable_of_each_option_that_is_a_setting(hgw: Hgw, monkeypatch, command: str):
    monkeypatch.setenv("COLUMNS", "80")
    text = " ".join(hgw(command, "--help").out.split())
    for setting in SETTINGS:
        if setting.flag and setting.counts_in(command):
            assert re.search(rf"{setting.flag}\b.*?\({setting.variable}(\)|; )", text), setting.key
        elif setting.flag:
            assert f"({setting.variable}" not in text


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["run", "--port", "70000"], "`70000` (from --port) is not a whole number from 0 to 65535"),
        (["run", "--bind", "here"], "`here` (from --bind) is not an IP address"),
        (["verify", "--engine", "podman"], "`podman` (from --engine) is none of: auto, envoy, builtin, docker, all"),
        (["build", "--gateway", "new"], "`new` (from --gateway) is not a gateway version; one looks like v2.0.7"),
        (["build", "--size-budget", "big"], "`big` (from --size-budget) is not a size; one looks like 3MB, 512KiB"),
        (["doctor", "--lang", "de"], "`de` (from --lang) is none of: en, zh"),
    ],
)
def test_a_bad_value_is_wrong_usage_and_names_its_option(hgw: Hgw, argv: list[str], message: str):
    outcome = hgw(*argv)
    assert outcome.code == 2
    assert f"error: {message}" in outcome.err.splitlines()


def test_a_gateway_that_cannot_load_the_profile_is_refused_by_build_and_by_init(hgw: Hgw, native: Path):
    built = json.loads(hgw("build", "--gateway", "v2.0.7", "--output", "json").out)
    made = json.loads(hgw("init", "new", "--profile", "go", "--gateway", "v2.0.7", "--output", "json").out)
    assert (built["exit_code"], built["error"]["code"]) == (1, "gateway-too-old")
    assert "v2.0.7 (from --gateway)" in built["error"]["message"]
    assert (made["exit_code"], made["error"]["code"]) == (2, "gateway-unsupported")


def test_what_a_parent_folder_says_of_other_plugins_does_not_stop_init(hgw: Hgw, tree):
    tree({"hgw.yaml": "gateway: v2.0.7\nabi: 0.2.1\n"})
    made = json.loads(hgw("init", "new", "--profile", "go", "--dry-run", "--output", "json").out)["data"]["variables"]
    assert (made["profile"], made["abi"], made["gateway"]) == ("go", "0.2.100", "v2.1.5")
