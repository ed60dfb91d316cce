"""A plugin compiled by the real TinyGo, in the real Envoy, with the real httpbin behind it."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from tests.support.hgw_process import get, running, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.extra("local")]

ABIS = pytest.mark.parametrize("abi", ["0.2.1", "0.2.100"])


@pytest.fixture(autouse=True)
def real_home(real_variables, monkeypatch) -> None:
    for name, value in real_variables.items():
        monkeypatch.setenv(name, value)


@ABIS
def test_the_guides_chapter_three_is_verified(basic_plugin: Path, real_hgw, abi: str):
    module = basic_plugin / f"main-{abi}.wasm"
    before = {path: path.stat().st_mtime_ns for path in basic_plugin.rglob("*")}
    ended = real_hgw("verify", "--module", module.name, "--output", "json", cwd=basic_plugin)
    assert ended.code == 0, ended.out + ended.err
    data = ended.document["data"]
    assert [step["ok"] for step in data["steps"]] == [True] * 5
    assert data["module_sha256"] == hashlib.sha256(module.read_bytes()).hexdigest()
    assert data["abi"] == abi
    assert (data["renamed_export"] is not None) is (abi == "0.2.100")
    assert {path: path.stat().st_mtime_ns for path in basic_plugin.rglob("*")} == before


def test_what_the_guide_does_by_hand(basic_plugin: Path, tmp_path: Path):
    folder = tmp_path / "work" / "by hand"
    folder.mkdir()
    shutil.copy(basic_plugin / "main-0.2.1.wasm", folder / "main.wasm")
    (folder / "config.yaml").write_text("mockEnable: false\n")
    with running("run", "--port", "0", "--upstream-port", "0", "--output", "json", cwd=folder) as gateway:
        data = gateway.document()["data"]
        direct = json.loads(get(f"{data['upstream_url']}/get")[1])
        through = json.loads(get(f"{data['url']}/get")[1])
        assert "Hello" not in direct["headers"]
        assert through["headers"]["Hello"] == "world"
        assert through["url"].startswith("https://")
        (folder / "config.yaml").write_text("mockEnable: true\n")
        wait_for(lambda: get(f"{data['url']}/get") == (200, "hello world"), lambda: gateway.said)
        assert gateway.end() == 0


@pytest.fixture
def copied(basic_plugin: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "work" / "changed plugin"
    shutil.copytree(basic_plugin, folder)
    (folder / "main-0.2.1.wasm").rename(folder / "main.wasm")
    (folder / "main-0.2.100.wasm").unlink()
    return folder


def test_changed_code_is_built_first_and_a_build_meanwhile_takes_effect(copied: Path, real_hgw):
    source = copied / "main.go"
    assert "world" in source.read_text()
    _replace(source, "world", "mars")
    with running("run", "--port", "0", "--upstream-port", "0", "--output", "json", cwd=copied) as gateway:
        url = wait_for(lambda: _url(gateway.out), lambda: gateway.said, seconds=180)
        assert json.loads(get(f"{url}/get")[1])["headers"]["Hello"] == "mars"
        _replace(source, "mars", "venus")
        built = real_hgw("build", cwd=copied)
        assert built.code == 0, built.err
        wait_for(lambda: '"venus"' in get(f"{url}/get")[1], lambda: gateway.said)
        assert gateway.end() == 0


def test_code_that_does_not_compile_ends_verify_as_it_ends_build(copied: Path, real_hgw):
    _replace(copied / "main.go", "package main", "package main\n\nvar broken int = true\n")
    module = (copied / "main.wasm").read_bytes()
    ended = real_hgw("verify", "--output", "json", cwd=copied)
    assert ended.code == 7
    assert (copied / "main.wasm").read_bytes() == module
    assert real_hgw("verify", "--no-build", cwd=copied).code == 0


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _url(text: str) -> str:
    try:
        return str(json.loads(text)["data"]["url"])
    except ValueError:
        return ""
