"""hgw install as it is typed: what it answers, and what it says to wrong words."""

import json
from importlib import resources
from pathlib import Path

import pytest

from tests.conftest import Hgw
from tests.support.schemas import validate
from tests.support.tool_stubs import stub_tools


def schema() -> dict:
    return json.loads(resources.files("higress_cli.data").joinpath("schemas", "install.json").read_text("utf-8"))


@pytest.fixture
def fitting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has all it needs."""
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.29.0", wasm_opt="123"))


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has nothing."""
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin"))


def test_tools_that_fit_are_used_as_they_are(hgw: Hgw, fitting: None, tmp_path: Path) -> None:
    outcome = hgw("install", "--output", "json")
    assert outcome.code == 0, outcome.err
    data = json.loads(outcome.out)["data"]
    validate(data, schema())
    assert (data["profile"], data["profile_source"]) == ("tinygo", "default")
    assert [(tool["name"], tool["version"], tool["source"]) for tool in data["tools"]] == [
        ("go", "1.20.14", "system"),
        ("tinygo", "0.29.0", "system"),
        ("binaryen", "123", "system"),
    ]
    assert all(tool["sha256"] is None and tool["tried"] == [] for tool in data["tools"])
    assert not (tmp_path / "hgw-home").exists()
    assert outcome.err == ""


def test_text_is_a_table_that_can_be_copied_from(hgw: Hgw, fitting: None, tmp_path: Path) -> None:
    lines = hgw("install").out.splitlines()
    assert lines[0].split() == ["tool", "version", "source", "where"]
    assert lines[3].split() == ["wasm-opt", "123", "system", str(tmp_path / "bin" / "wasm-opt")]
    assert lines[-2].split()[:3] == ["hgw", "init", "my-plugin"]


def test_only_the_named_tool_is_looked_for(hgw: Hgw, fitting: None) -> None:
    data = json.loads(hgw("install", "wasm-opt", "--output", "json").out)["data"]
    assert [tool["name"] for tool in data["tools"]] == ["binaryen"]


def test_the_profile_of_the_project_counts(hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.26.8"))
    settings = tmp_path / "work" / "hgw.yaml"
    settings.write_text("profile: go\n", encoding="utf-8")
    data = json.loads(hgw("install", "--output", "json").out)["data"]
    assert (data["profile"], data["profile_source"]) == ("go", str(settings))
    assert [(tool["name"], tool["version"]) for tool in data["tools"]] == [("go", "1.26.8")]


def test_a_variable_chooses_the_profile_and_a_flag_wins(
    hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.26.8"))
    monkeypatch.setenv("HGW_PROFILE", "go")
    assert json.loads(hgw("install", "--output", "json").out)["data"]["profile_source"] == "HGW_PROFILE"
    monkeypatch.setenv("HGW_PROFILE", "tinygo")
    data = json.loads(hgw("install", "--profile", "go", "--output", "json").out)["data"]
    assert data["profile_source"] == "--profile"
    monkeypatch.setenv("HGW_PROFILE", "rust")
    assert hgw("install").code == 2


@pytest.mark.parametrize(
    ("argv", "code", "word"),
    [
        (("tynigo",), "tool-unknown", "tinygo"),
        (("rustc",), "tool-unknown", "wasm-opt"),
        (("go@1.20.13",), "version-unknown", "1.20.14"),
        (("go@",), "usage", "hgw install go"),
        (("tinygo@0.29.0", "tinygo@0.30.0"), "usage", "0.30.0"),
        (("--source", "snap"), "source-unknown", "archive"),
        (("binaryen", "--source", "module"), "source-unknown", "npm"),
        (("tinygo", "--source", "npm"), "source-unknown", "archive"),
        (("--profile", "rust"), "choice-invalid", "tinygo"),
        (("tinygo", "--archive", "t.tar.gz"), "usage", "--sha256"),
        (("tinygo", "--sha256", "0" * 64), "usage", "--archive"),
        (("tinygo", "--archive", "t.tar.gz", "--sha256", "12ab"), "usage", "64"),
        (("--archive", "t.tar.gz", "--sha256", "0" * 64), "usage", "--archive"),
        (("tinygo", "go", "--archive", "t.tar.gz", "--sha256", "0" * 64), "usage", "--archive"),
        (("tinygo", "--source", "module", "--archive", "t.tar.gz", "--sha256", "0" * 64), "usage", "--archive"),
    ],
)
def test_wrong_words_are_told_what_would_be_right(
    hgw: Hgw, bare: None, tmp_path: Path, argv: tuple[str, ...], code: str, word: str
) -> None:
    outcome = hgw("install", *argv, "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (2, code)
    assert word in f"{error['message']} {error['hint']}"
    assert not (tmp_path / "hgw-home").exists()


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (("go", "--archive", "my go.tar.gz"), "hgw install go --archive 'my go.tar.gz' --sha256 HEX"),
        (("go", "--archive", "x", "--sha256", "zz"), "hgw install go --archive x --sha256 HEX"),
        (("--archive", "x", "--sha256", "0" * 64), "hgw install tinygo --archive FILE --sha256 HEX"),
    ],
)
def test_the_hint_about_an_archive_is_for_the_tool_that_was_named(
    hgw: Hgw, bare: None, argv: tuple[str, ...], hint: str
) -> None:
    assert hgw("install", *argv).err.splitlines()[-1] == f"hint: {hint}"


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("tinygo@0.35.0",), "tinygo-refused"),
        (("tinygo@0.27.0",), "tinygo-too-old"),
        (("go@1.19.13", "tinygo@0.31.2"), "go-too-old"),
        (("go@1.26.7", "tinygo@0.29.0"), "go-too-new"),
        (("--source", "system"), "tools-missing"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_done(
    hgw: Hgw, bare: None, tmp_path: Path, argv: tuple[str, ...], code: str
) -> None:
    outcome = hgw("install", *argv, "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (4, code)
    assert error["hint"]
    assert not (tmp_path / "hgw-home").exists()


def test_tools_of_the_system_that_do_not_fit_each_other_are_an_error_where_only_they_may_be_used(
    hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.26.8", tinygo="0.29.0", wasm_opt="123"))
    outcome = hgw("install", "--source", "system", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (4, "go-too-new")
    assert error["details"]["found"] == "1.26.8"
    assert error["details"]["expected"] == "1.18 - 1.21"


def test_a_version_in_hgw_yaml_that_nobody_has_is_a_fault_of_that_file(hgw: Hgw, bare: None, tmp_path: Path) -> None:
    settings = tmp_path / "work" / "hgw.yaml"
    settings.write_text("toolchain: {tinygo: 0.29.9}\n", encoding="utf-8")
    outcome = hgw("install", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (3, "settings-invalid")
    assert str(settings) in error["message"]
    assert "0.29.0, 0.30.0" in error["hint"]


def test_versions_in_hgw_yaml_that_cannot_work_together_are_refused(hgw: Hgw, bare: None, tmp_path: Path) -> None:
    (tmp_path / "work" / "hgw.yaml").write_text("toolchain: {go: 1.24.4, tinygo: 0.29.0}\n", encoding="utf-8")
    outcome = hgw("install", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (4, "go-too-new")


def test_a_mirror_that_is_not_a_url_is_refused(hgw: Hgw, bare: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HGW_MIRROR_GITHUB", "my-mirror")
    outcome = hgw("install", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (2, "mirror-invalid")


def test_offline_names_urls_and_places(hgw: Hgw, bare: None, tmp_path: Path) -> None:
    outcome = hgw("install", "--offline", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (5, "offline")
    for file in error["details"]["files"]:
        assert file["url"].startswith("https://")
        assert Path(file["path"]).is_relative_to(tmp_path / "hgw-home")
        assert file["url"] in error["message"]
