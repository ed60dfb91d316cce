"""hgw build for several plugins: at once, one failing does not stop the others; matrices and --since."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_build import GO_MOD, MAIN, PLUGIN
from tests.cli.test_build import json_of as json_of  # noqa: PLC0414 -- a fixture
from tests.cli.test_build import tools as tools  # noqa: PLC0414 -- a fixture
from tests.support.schemas import validate

Tree = Callable[[Mapping[str, str]], Path]
SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "build.json").read_text("utf-8"))


def several(*names: str, **more: str) -> dict[str, str]:
    return {**{f"{name}/{file}": text for name in names for file, text in PLUGIN.items()}, **more}


@pytest.fixture
def repository(tree: Tree) -> Path:
    near = {"near/go.mod": "module example.com/near\n", "near/near.go": "package near\n", "README.md": "words\n"}
    folder = tree(several("a", "b", "deep/c", **near))
    (folder / "b" / "go.mod").write_text(GO_MOD + "\nreplace example.com/near => ../near\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    return folder


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(
        ["/usr/bin/env", "git", *identity, *words],
        cwd=folder,
        check=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )


def plugins_of(document: dict[str, Any]) -> list[str]:
    validate(document["data"], SCHEMA)
    return [name for job in document["data"]["jobs"] for name in job["plugins"]]


def test_one_that_fails_does_not_stop_the_others_and_the_worst_exit_code_counts(tree: Tree, hgw):
    folder = tree(
        several("a", "b", "c", "d")
        | {"b/main.go": MAIN + "var x = undefinedThing\n", "c/hgw.yaml": "build: {size_budget: 10B}\n"}
    )
    outcome = hgw("--output", "json", "build", "--all")
    document = json.loads(outcome.out)
    validate(document["data"], SCHEMA)
    assert (outcome.code, document["ok"]) == (7, False)
    assert [Path(item["directory"]).name for item in document["data"]["artifacts"]] == ["a", "d"], document["data"][
        "failures"
    ]
    failures = [
        (Path(item["directory"]).name, item["code"], item["exit_code"]) for item in document["data"]["failures"]
    ]
    assert failures == [("b", "compile-failed", 7), ("c", "size-over-budget", 1)]
    assert "b: main.go:6:9: undefined: undefinedThing" in outcome.err
    assert (folder / "a" / "main.wasm").exists()
    text = hgw("build", "--all")
    assert text.code == 7
    assert "2 of 4 plugins built" in text.out
    assert "[size-over-budget]" in text.out


def test_several_are_built_at_once(tree: Tree, hgw, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1}, raising=False)
    meeting = tree(several("a", "b")) / "meeting"
    meeting.mkdir()
    monkeypatch.setenv("STUB_MEETING", str(meeting))

    outcome = hgw("build", "--all")

    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in meeting.iterdir()) == ["a", "b"]


def test_plugins_of_one_go_module_that_is_not_tidy_are_built_at_once(tree: Tree, hgw, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1}, raising=False)
    mains = {f"plugins/{name}/main.go": MAIN for name in ("a", "b", "c", "d")}
    folder = tree({"go.mod": "module team\n\ngo 1.19\n\nrequire example.com/mine/wasm-go v1.0.0\n", **mains})

    outcome = hgw("build", "--all")

    assert outcome.code == 0, outcome.err
    assert (folder / "go.mod").read_text("utf-8").count("proxy-wasm-go-sdk v1.0.1") == 1
    assert outcome.err.count("`go mod tidy` changed them") == 1


def test_a_matrix_for_github(repository: Path, hgw, json_of):
    outcome = hgw("build", "--matrix", "github")
    assert json.loads(outcome.out) == {"include": [{"name": name, "plugins": name} for name in ("a", "b", "deep/c")]}
    assert plugins_of(json_of("build", "--matrix", "github")) == ["a", "b", "deep/c"]


def test_a_matrix_for_gitlab(repository: Path, hgw):
    rows = json.loads(hgw("build", "--matrix", "gitlab").out)[".hgw-plugins"]["parallel"]["matrix"]
    assert rows == [{"PLUGINS": "a"}, {"PLUGINS": "b"}, {"PLUGINS": "deep/c"}]
    nothing = json.loads(hgw("build", "--matrix", "gitlab", "--since", "HEAD").out)
    assert nothing == {".hgw-plugins": {"rules": [{"when": "never"}]}}


def test_more_plugins_than_a_system_has_jobs_share_them():
    from higress_cli.commands.matrix import Pipeline, matrix

    top = Path("/repository")
    plugins = [top / f"with space {number:03}" for number in range(700)]
    found = matrix(Pipeline.GITHUB, plugins, directory=top)
    assert len(found.jobs) <= 256
    assert [name for job in found.jobs for name in job.plugins] == [plugin.name for plugin in plugins]
    first = json.loads(found.text)["include"][0]["plugins"]
    assert shlex.split(first)[0] == "with space 000"
    assert len(matrix(Pipeline.GITLAB, plugins, directory=top).jobs) <= 200
    assert matrix(Pipeline.GITHUB, [], directory=top).jobs == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"README.md": "other words\n"}, []),
        ({"a/main.go": MAIN + "// more\n"}, ["a"]),
        ({"near/near.go": "package near\n\n// more\n"}, ["b"]),
        ({"deep/hgw.yaml": "abi: 0.2.100\n"}, ["deep/c"]),
        ({"go.work": "go 1.20\n\nuse ./a\n"}, ["a", "b", "deep/c"]),
    ],
    ids=["nothing", "elsewhere", "own", "replaced", "parent", "workspace"],
)
@pytest.mark.parametrize("committed", [False, True])
def test_only_what_changed_since_a_revision(
    repository: Path, json_of, change: Mapping[str, str], expected: list[str], *, committed: bool
):
    git(repository, "checkout", "--quiet", "-b", "work")
    for name, text in change.items():
        (repository / name).write_text(text)
    if committed and change:
        git(repository, "add", ".")
        git(repository, "commit", "--quiet", "--message=second")
    assert plugins_of(json_of("build", "--matrix", "github", "--since", "main")) == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("plugins/a/main.go", ["plugins/a"]),
        ("shared/shared.go", ["plugins/a", "plugins/b"]),
        ("go.mod", ["plugins/a", "plugins/b"]),
    ],
)
def test_packages_of_a_larger_go_module_change_with_what_they_share(
    tree: Tree, json_of, changed: str, expected: list[str]
):
    mains = {f"plugins/{name}/main.go": MAIN for name in ("a", "b")}
    folder = tree({"go.mod": GO_MOD, "go.sum": "", "shared/shared.go": "package shared\n", **mains})
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=first")
    (folder / changed).write_text((folder / changed).read_text("utf-8") + "\n// more\n", "utf-8")
    assert plugins_of(json_of("build", "--matrix", "github", "--since", "main")) == expected


def test_nothing_changed_is_no_failure(repository: Path, hgw):
    outcome = hgw("build", "--all", "--since", "HEAD")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("make", "revision", "hint"),
    [
        ("", "main", "not in a git repository"),
        ("init -q", "main", "no commit yet"),
        ("clone -q {whole} .", "zzz999", "git branch --all"),
        ("clone -q {whole} .", "origin/mian", "did you mean `origin/main`?"),
        ("clone -q --depth 1 file://{whole} .", "v1.0.0", "git fetch --unshallow"),
    ],
    ids=["no repository", "no commit", "unknown", "misspelled", "shallow"],
)
def test_the_hint_fits_why_git_does_not_know_the_revision(
    repository: Path, json_of, tmp_path: Path, monkeypatch, make: str, revision: str, hint: str
):
    there = tmp_path / "there"
    there.mkdir()
    if make:
        git(there, *make.format(whole=repository).split())
    (there / "go.mod").write_text("module m\n\ngo 1.20\n")
    (there / "main.go").write_text(MAIN)
    monkeypatch.chdir(there)
    assert hint in json_of("build", "--since", revision)["error"]["hint"]


def test_a_branch_that_was_not_fetched_is_fetched_by_the_hint(repository: Path, json_of):
    git(repository, "remote", "add", "origin", "https://example.com/plugins.git")
    hint = json_of("build", "--since", "origin/release")["error"]["hint"]
    assert hint == "git fetch origin release:refs/remotes/origin/release"


def test_what_does_not_work_together_or_is_not_known(repository: Path, json_of, tmp_path: Path):
    assert json_of("build", "--since", "nonsense")["error"]["code"] == "revision-unknown"
    assert json_of("build", "--matrix", "jenkins")["error"]["code"] == "choice-invalid"
    assert json_of("build", "--all", "a")["exit_code"] == 2
    assert json_of("build", "--tidy", "sometimes")["error"]["code"] == "choice-invalid"
