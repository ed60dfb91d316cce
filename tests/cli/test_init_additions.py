"""What `hgw init` makes on request: CI files, editor settings, a devcontainer, a repository."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.conftest import Hgw
from tests.support.tool_stubs import stub_tools, write_program

Tree = Callable[[Mapping[str, str]], Path]
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for programs are shell scripts")


def settings_of(folder: str) -> dict[str, object]:
    lines = Path(folder, ".vscode/settings.json").read_text("utf-8").splitlines()
    document = json.loads("\n".join(line for line in lines if not line.strip().startswith("//")))
    assert isinstance(document, dict)
    return document


def test_ci_files_build_and_verify(hgw: Hgw) -> None:
    hgw("init", "one", "--ci", "github")
    hgw("init", "two", "--ci", "gitlab")

    workflow = yaml.safe_load(Path("one/.github/workflows/plugin.yaml").read_text("utf-8"))
    steps = [step.get("run") for step in workflow["jobs"]["plugin"]["steps"]]
    job = yaml.safe_load(Path("two/.gitlab-ci.yml").read_text("utf-8"))["plugin"]
    for commands in (steps, [*job["before_script"], *job["script"]]):
        wanted = ["hgw install --yes", "go test ./internal/...", "hgw build", "hgw verify"]
        assert [command for command in commands if command in wanted] == wanted


def test_ci_does_not_verify_what_no_engine_can_run_yet(hgw: Hgw) -> None:
    hgw("init", "one", "--template", "redis-rate-limit", "--ci", "github")

    workflow = yaml.safe_load(Path("one/.github/workflows/plugin.yaml").read_text("utf-8"))
    assert "hgw verify" not in [step.get("run") for step in workflow["jobs"]["plugin"]["steps"]]


@unix_only
def test_the_editor_gets_the_go_that_builds_the_plugin(
    hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.30.0", wasm_opt="108"))

    outcome = hgw("init", "one", "--editor", "vscode", "--abi", "0.2.100")

    assert outcome.code == 0, outcome.err
    settings = settings_of("one")
    assert str(settings["go.goroot"]).endswith("goroot")
    assert settings["gopls"] == {
        "build.buildFlags": ["-tags=custommalloc,nottinygc_finalizer,proxy_wasm_version_0_2_100"],
        "build.env": {"CGO_ENABLED": "1"},
    }


def test_without_a_go_the_editor_is_left_to_find_one(hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "home"))

    outcome = hgw("init", "one", "--editor", "vscode", "--profile", "go")

    assert outcome.code == 0
    assert "hgw install" in outcome.err
    assert "go.goroot" not in settings_of("one")


def test_a_devcontainer(hgw: Hgw) -> None:
    hgw("init", "one", "--devcontainer")

    assert '"forwardPorts": [10000, 12345]' in Path("one/.devcontainer/devcontainer.json").read_text("utf-8")


@pytest.mark.parametrize(("option", "value"), [("--ci", "jenkins"), ("--editor", "emacs")])
def test_others_are_refused_with_the_choices(hgw: Hgw, option: str, value: str) -> None:
    outcome = hgw("init", "one", option, value, "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (2, "choice-invalid")
    assert value in error["message"]
    assert not Path("one").exists()


def test_a_repository(hgw: Hgw) -> None:
    outcome = hgw("init", "one", "--git", "--output", "json")

    assert outcome.code == 0, outcome.out
    assert json.loads(outcome.out)["data"]["git"] is True
    assert Path("one/.git/HEAD").is_file()


def test_a_repository_in_a_folder_that_exists(hgw: Hgw, tree: Tree) -> None:
    tree({"one/notes.txt": "mine\n"})

    assert hgw("init", "one", "--git").code == 0
    assert Path("one/.git/HEAD").is_file()
    assert Path("one/notes.txt").read_text("utf-8") == "mine\n"


def test_no_repository_inside_another(hgw: Hgw, tree: Tree) -> None:
    tree({".git/HEAD": "ref: refs/heads/main\n"})

    outcome = hgw("init", "one", "--git", "--output", "json")

    assert json.loads(outcome.out)["data"]["git"] is False
    assert not Path("one/.git").exists()


def test_without_git_nothing_is_written(hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "home"))

    outcome = hgw("init", "one", "--git", "--output", "json")

    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (4, "git-missing")
    assert not Path("one").exists()


@unix_only
def test_when_git_fails_nothing_is_written(hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_program(tmp_path / "bin" / "git", "echo 'fatal: no space' >&2; exit 128\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    outcome = hgw("init", "one", "--git", "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (4, "git-failed")
    assert "fatal: no space" in error["message"]
    assert list(Path().iterdir()) == []
