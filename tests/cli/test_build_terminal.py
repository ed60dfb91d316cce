import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.stub_compilers import SDK, fill_cache, stub_compilers
from tests.support.terminal import at_terminal

pytestmark = pytest.mark.slow

PLUGIN = {
    "go.mod": f"module plugin\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n",
    "go.sum": f"{SDK} v1.0.1 h1:AAAA=\n",
    "main.go": f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n',
}


@pytest.fixture
def plugin(tree: Callable[[Mapping[str, str]], Path]) -> Path:
    return tree(PLUGIN)


def test_a_person_is_asked_before_tools_are_installed(plugin: Path, tmp_path: Path):
    talk = at_terminal("build", PATH=str(tmp_path), answers={"[y/N]": "n\n"})
    assert talk.code == 4
    assert "Go, TinyGo, wasm-opt" in talk.screen
    assert "hgw install\x1b[0m" in talk.screen


@pytest.mark.parametrize(("answer", "installs"), [("是", True), ("y", True), ("否", False), ("", False)])
def test_a_chinese_question_takes_a_chinese_answer(plugin: Path, tmp_path: Path, answer: str, installs: bool):
    talk = at_terminal(
        "--lang", "zh", "build", PATH=str(tmp_path), HTTPS_PROXY="http://127.0.0.1:1", answers={"[y/N]": f"{answer}\n"}
    )
    assert talk.code == (5 if installs else 4)


def test_without_a_network_nobody_is_asked_for_what_would_be_refused(plugin: Path, tmp_path: Path):
    talk = at_terminal("build", "--offline", PATH=str(tmp_path))
    assert talk.code == 4
    assert "[y/N]" not in talk.screen
    assert "hgw install" in talk.screen


def test_an_answer_that_is_neither_is_asked_again(plugin: Path, tmp_path: Path):
    talk = at_terminal(
        "build", PATH=str(tmp_path), answers={"[y/N]": "perhaps\n", "`perhaps` is none of: yes, no": "n\n"}
    )

    assert talk.code == 4
    assert talk.screen.count("[y/N]") == 2


def test_in_a_pipeline_nobody_is(plugin: Path, tmp_path: Path):
    talk = at_terminal("build", PATH=str(tmp_path), CI="true")
    assert talk.code == 4
    assert "[y/N]" not in talk.screen


@pytest.mark.slow
def test_something_moves_from_the_start_and_the_end_is_plain(plugin: Path, tmp_path: Path):
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")
    talk = at_terminal(
        "build", PATH=stub_compilers(tmp_path / "tools"), GOMODCACHE=str(tmp_path / "modules"), STUB_SECONDS="1.2"
    )
    assert talk.code == 0, talk.screen
    assert "0:00:0" in talk.screen
    assert "main.wasm" in talk.screen


def test_on_a_narrow_terminal_the_clock_stays(plugin: Path, tmp_path: Path):
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")
    (plugin / "hgw.yaml").write_text("name: a-plugin-with-a-name-that-takes-more-than-fifty-columns\n")
    talk = at_terminal(
        "build",
        PATH=stub_compilers(tmp_path / "tools"),
        GOMODCACHE=str(tmp_path / "modules"),
        STUB_SECONDS="1.2",
        COLUMNS="50",
    )
    assert talk.code == 0, talk.screen
    assert "… 0:00:01" in re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", talk.screen)
