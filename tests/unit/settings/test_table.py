"""The table of settings: its rows do not contradict one another, and nothing else knows what is in them."""

import re
import tomllib
from importlib import resources
from pathlib import Path

from higress_cli.profile import Profile
from higress_cli.settings.kinds import Mirror
from higress_cli.settings.project import ABI, PROFILE
from higress_cli.settings.setting import Scope
from higress_cli.settings.table import SETTINGS

PACKAGE = Path(__file__).parents[3] / "higress_cli"


def test_no_two_settings_share_a_name():
    for names in (
        [setting.key for setting in SETTINGS],
        [setting.flag for setting in SETTINGS if setting.flag],
        [setting.short for setting in SETTINGS if setting.short],
        [setting.variable for setting in SETTINGS if setting.variable],
    ):
        assert sorted(names) == sorted(set(names))


def test_every_option_has_a_variable_and_a_command():
    for setting in SETTINGS:
        if setting.flag:
            assert setting.variable, setting.key
            assert setting.commands, setting.key
        assert re.fullmatch(r"(HGW_[A-Z_]+)?", setting.variable)
        assert re.fullmatch(r"(--[a-z-]+)?", setting.flag)


def test_every_setting_says_what_holds_without_it():
    for setting in SETTINGS:
        assert setting.help, setting.key
        assert setting.otherwise or setting.default not in (None, "", (), {}), setting.key


def test_a_default_in_words_takes_its_values_from_where_they_are_used():
    for setting in SETTINGS:
        assert not re.search(r"\d", setting.otherwise), setting.key
        assert not re.search(r"[{}]", setting.shown_default), setting.key
    assert ABI.shown_default == f"{PROFILE.default.abis[0]}, or {Profile.GO.abis[0]} in profile go"
    assert PROFILE.default.abis[0] == ABI.default


def test_defaults_are_values_of_their_kind():
    for setting in SETTINGS:
        if setting.default not in (None, "", (), {}):
            assert setting.kind.parse(setting.kind.show(setting.default)) == setting.default, setting.key


def test_presets_of_mirrors_are_those_of_the_data():
    data = tomllib.loads(resources.files("higress_cli.data").joinpath("mirrors.toml").read_text("utf-8"))
    for setting in SETTINGS:
        if isinstance(setting.kind, Mirror):
            assert setting.scope is Scope.MACHINE
            known = data[setting.key.partition(".")[2]]
            assert set(setting.kind.presets) <= set(known)
            assert [setting.kind.parse(name) for name in known] == [(name,) for name in known]


def test_nothing_else_names_a_variable():
    literal = re.compile(r"\bHGW_[A-Z]")
    elsewhere = [
        f"{path.relative_to(PACKAGE)}:{number}: {line.strip()}"
        for path in sorted(PACKAGE.rglob("*.py"))
        # A variable of other people's pipelines is not a setting: hgw never reads it.
        if path.relative_to(PACKAGE).as_posix() not in {"settings/machine.py", "settings/project.py", "origin.py"}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if literal.search(line)
    ]
    assert elsewhere == []
