"""What `hgw init` makes on request: CI files, editor settings, a devcontainer, a repository."""

import json
import shlex
import subprocess
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
        wanted = ["hgw install --yes", "go test ./internal/...", "hgw build", "hgw verify --report junit=verify.xml"]
        assert [command for command in commands if command in wanted] == wanted


def test_ci_keeps_the_tools_and_the_report(hgw: Hgw) -> None:
    hgw("init", "one", "--ci", "github")
    hgw("init", "two", "--ci", "gitlab")

    job = yaml.safe_load(Path("one/.github/workflows/plugin.yaml").read_text("utf-8"))["jobs"]["plugin"]
    cache, upload = (
        next(step for step in job["steps"] if step.get("uses", "").startswith(action))
        for action in ("actions/cache@", "actions/upload-artifact@")
    )
    assert job["env"]["HGW_HOME"] == "${{ github.workspace }}/" + cache["with"]["path"]
    assert job["env"]["HGW_COMPILER_CACHE"].startswith(job["env"]["HGW_HOME"])
    assert upload["with"]["path"].split() == ["*.wasm", "verify.xml"]
    assert upload["if"] == "${{ !cancelled() }}"
    other = yaml.safe_load(Path("two/.gitlab-ci.yml").read_text("utf-8"))["plugin"]
    assert other["cache"]["paths"] == [".hgw/"]
    assert other["variables"]["HGW_COMPILER_CACHE"].startswith("$CI_PROJECT_DIR/.hgw/")
    assert other["artifacts"]["reports"] == {"junit": "verify.xml"}
    assert other["artifacts"]["when"] == "always"


def installed_from(folder: Path, direct_url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python find a distribution of hgw that an installer left with this direct_url.json."""
    info = folder / "higress_cli-9.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: higress-cli\nVersion: 9.9\n", encoding="utf-8")
    if direct_url is not None:
        (info / "direct_url.json").write_text(direct_url, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))


def pip_commands() -> list[str]:
    """What the CI files and the devcontainer that were made in one, two and three type for pip."""
    workflow = yaml.safe_load(Path("one/.github/workflows/plugin.yaml").read_text("utf-8"))["jobs"]["plugin"]
    job = yaml.safe_load(Path("two/.gitlab-ci.yml").read_text("utf-8"))["plugin"]
    lines = Path("three/.devcontainer/devcontainer.json").read_text("utf-8").splitlines()
    container = json.loads("\n".join(line for line in lines if not line.strip().startswith("//")))
    words = [*(step.get("run", "") for step in workflow["steps"]), *job["before_script"]]
    return [
        *(text for text in words if text.startswith("pip ")),
        container["postCreateCommand"].partition(" && ")[0],
    ]


def make_all(hgw: Hgw) -> list[str]:
    """Make one with a GitHub workflow, two with GitLab's, three with a devcontainer; what went to stderr."""
    options = {"one": ["--ci", "github"], "two": ["--ci", "gitlab"], "three": ["--devcontainer"]}
    outcomes = [hgw("init", folder, *words) for folder, words in options.items()]
    assert [outcome.code for outcome in outcomes] == [0, 0, 0]
    return [outcome.err for outcome in outcomes]


def test_pipelines_take_hgw_from_where_it_came(hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"url": "https://git.example.com/hgw.git", "vcs_info": {"vcs": "git", "commit_id": "0123abc"}}
    installed_from(tmp_path / "site", json.dumps(found), monkeypatch)

    said = make_all(hgw)

    wanted = "higress-cli[local] @ git+https://git.example.com/hgw.git@0123abc"
    assert [shlex.split(command) for command in pip_commands()] == [["pip", "install", wanted]] * 3
    assert not any("HGW_PACKAGE" in text for text in said)
    assert "HGW_PACKAGE" not in Path("one/.github/workflows/plugin.yaml").read_text("utf-8")


@unix_only
def test_where_hgw_came_from_a_folder_a_variable_names_it(
    hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_from(tmp_path / "site", '{"url": "file:///home/me/hgw", "dir_info": {"editable": true}}', monkeypatch)

    said = make_all(hgw)

    assert all("HGW_PACKAGE" in text for text in said)
    for command in pip_commands():
        words = ["/bin/sh", "-c", command.replace("pip install", "printf %s")]
        assert subprocess.run(words, env={}, capture_output=True, check=False).returncode != 0
        filled = subprocess.run(words, env={"HGW_PACKAGE": "a [b] @ c"}, capture_output=True, text=True, check=True)
        assert filled.stdout == "a [b] @ c"
    workflow = yaml.safe_load(Path("one/.github/workflows/plugin.yaml").read_text("utf-8"))
    assert workflow["jobs"]["plugin"]["env"]["HGW_PACKAGE"] == "${{ vars.HGW_PACKAGE }}"


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
