"""Hints for somebody whose plugin is not in the folder that hgw was started in: they can be typed as they stand."""

import shlex
from pathlib import Path

import pytest

from tests.conftest import Hgw


def hint_of(err: str) -> list[str]:
    (line,) = (line for line in err.splitlines() if line.startswith("hint: "))
    return shlex.split(line.removeprefix("hint: "))


def test_the_hint_of_an_error_is_for_the_folder_of_an_option(hgw: Hgw, tree) -> None:
    tree({"my plugins/old/hgw.yaml": "abi: 9\n"})

    hint = hint_of(hgw("-C", "my plugins/old", "build").err)

    assert hint[:3] == ["hgw", "-C", "my plugins/old"]
    assert hgw(*hint[1:]).code == 0


def test_the_hint_of_an_error_is_for_the_folder_of_an_argument(hgw: Hgw, tree) -> None:
    tree({"old/go.mod": "module old\n", "old/hgw.yaml": "abi: 9\n", "old/main.go": "package main\n"})

    for command in ("build", "run", "verify", "package"):
        assert hint_of(hgw(command, "old").err)[:3] == ["hgw", "-C", "old"], command


def test_the_fixes_of_doctor_are_for_the_folder(hgw: Hgw, tree) -> None:
    tree({"old/go.mod": "module old\n", "old/main.go": "package main\n"})

    assert "\n        hgw -C old install\n" in hgw("-C", "old", "doctor", "go").out


def test_a_new_plugin_is_entered_from_where_the_user_stands(
    hgw: Hgw, tree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = tree({"plugins/README.md": ""})

    assert "\n  cd plugins/a\n  hgw build " in hgw("-C", "plugins", "init", "a").out

    monkeypatch.setenv("HGW_DIRECTORY", str(here / "plugins"))
    out = hgw("init", "b").out
    assert "  cd " not in out
    assert "\n  hgw -C plugins/b build " in out
