"""A new setting is one row of the table: its option, its variable, its key, its checks and its help come from there."""

import json

import pytest

from higress_cli.cli import context, options
from higress_cli.commands import help_settings
from higress_cli.project import settings as hgw_yaml
from higress_cli.settings.kinds import Whole
from higress_cli.settings.setting import Setting
from higress_cli.settings.table import SETTINGS
from tests.conftest import Hgw

TOY = Setting[int](
    key="build.toy",
    kind=Whole("COUNT", least=0, most=9),
    help="how many toys",
    default=3,
    flag="--toy",
    variable="HGW_TOY",
    commands=("build",),
)


@pytest.fixture(autouse=True)
def with_a_new_row(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (context, options, help_settings, hgw_yaml):
        monkeypatch.setattr(module, "SETTINGS", (*SETTINGS, TOY))


def now(hgw: Hgw) -> tuple[str | None, str]:
    data = json.loads(hgw("help", "settings", "build.toy", "--output", "json").out)["data"]
    return data["settings"][0]["value"], data["settings"][0]["source"]


def test_it_has_an_option_with_help_and_a_check(hgw: Hgw) -> None:
    assert "--toy COUNT" in hgw("build", "--help").out
    assert "how many toys (HGW_TOY; default: 3)" in hgw("build", "--help").out
    assert "--toy" not in hgw("run", "--help").out
    assert "`12` (from --toy) is not a whole number from 0 to 9" in hgw("build", "--toy", "12").err


def test_it_is_read_from_each_place(hgw: Hgw, tree, monkeypatch: pytest.MonkeyPatch) -> None:
    assert now(hgw) == ("3", "default")
    here = tree({"hgw.yaml": "build: {toy: 4}\n"})
    assert now(hgw) == ("4", str(here / "hgw.yaml"))
    monkeypatch.setenv("HGW_TOY", "5")
    assert now(hgw) == ("5", "HGW_TOY")


def test_a_wrong_value_is_refused_in_the_file_and_in_the_variable(hgw: Hgw, tree, monkeypatch) -> None:
    here = tree({"hgw.yaml": "build: {toy: many}\n", "go.mod": "module x\n", "main.go": "package main\n"})
    outcome = hgw("build")
    assert outcome.code == 3
    assert f"{here / 'hgw.yaml'}:1:14: build.toy: expected a whole number from 0 to 9" in outcome.err
    monkeypatch.setenv("HGW_TOY", "many")
    assert hgw("build").code == 2
