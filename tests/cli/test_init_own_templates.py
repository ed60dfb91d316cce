"""A team's own templates: `hgw init --template FOLDER`."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Hgw

Tree = Callable[[Mapping[str, str]], Path]

MANIFEST = """
schema = 1
title = "ours"
description = "our own"
layers = ["module", "gateway"]
modules = ["sdk"]

[variables.limit]
type = "integer"
default = 3
pattern = "[1-9]"
help = "how many"

[variables.loud]
type = "boolean"
default = false

[variables.mode]
type = "choice"
default = "fast"
choices = ["fast", "slow"]
"""

OWN = {
    "ours/template.toml": MANIFEST,
    "ours/files/config.yaml.jinja": "limit: {@ limit @}\nmode: {@ mode @}\n",
    "ours/files/{@ name @}.txt.jinja": "{@ name @} {@ 'LOUD' if loud else 'quiet' @}\n",
    "ours/files/verbatim.txt": "{@ name @}\n",
}


def below(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("given", ["ours", "./ours"])
def test_a_folder_with_a_manifest_is_a_template(hgw: Hgw, tree: Tree, given: str) -> None:
    tree(OWN)

    outcome = hgw("init", "made", "--template", given, "--set", "limit=7", "--set", "loud=yes", "--output", "json")

    assert outcome.code == 0, outcome.out
    data = json.loads(outcome.out)["data"]
    assert data["template"] == "ours"
    assert (data["variables"]["limit"], data["variables"]["loud"], data["variables"]["mode"]) == (7, True, "fast")
    files = below(Path("made"))
    assert files["config.yaml"] == "limit: 7\nmode: fast\n"
    assert files["made.txt"] == "made LOUD\n"
    assert files["verbatim.txt"] == "{@ name @}\n"
    assert '"limit": 7' in files["envoy.yaml"]
    assert "github.com/higress-group/proxy-wasm-go-sdk v1.0.1\n" in files["go.mod"]


def test_an_absolute_folder(hgw: Hgw, tree: Tree) -> None:
    here = tree(OWN)

    assert hgw("init", "made", "--template", str(here / "ours")).code == 0


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("limit=many", "a whole number"),
        ("limit=12", "[1-9]"),
        ("loud=perhaps", "true or false"),
        ("mode=quick", "fast, slow"),
    ],
)
def test_answers_are_checked(hgw: Hgw, tree: Tree, given: str, problem: str) -> None:
    tree(OWN)

    outcome = hgw("init", "made", "--template", "ours", "--set", given, "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (2, "variable-invalid")
    assert problem in error["message"]
    assert not Path("made").exists()


@pytest.mark.parametrize(
    ("files", "code", "part"),
    [
        ({"ours/template.toml": "schema = 1\n"}, "template-invalid", "`title`"),
        ({"ours/files/x.jinja": "{@ nmae @}"}, "template-invalid", "nmae"),
        ({"ours/files/x.jinja": "{@% for @}"}, "template-invalid", "x.jinja:1"),
        ({"ours/template.toml": MANIFEST.replace('"gateway"', '"nowhere"')}, "template-invalid", "nowhere"),
        ({"ours/template.toml": MANIFEST.replace('"sdk"', '"leftpad"')}, "template-invalid", "leftpad"),
    ],
)
def test_a_bad_template_writes_nothing(hgw: Hgw, tree: Tree, files: Mapping[str, str], code: str, part: str) -> None:
    tree({**OWN, **files})

    outcome = hgw("init", "made", "--template", "ours", "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (6, code)
    assert part in error["message"]
    assert not Path("made").exists()


def test_a_template_that_leads_out_writes_nothing(hgw: Hgw, tree: Tree) -> None:
    here = tree({**OWN, "secret": "mine\n"})
    evil = here / "ours" / "files" / "{@ '.' @}{@ '.' @}"
    evil.mkdir()
    (evil / "escaped.txt").write_text("out", "utf-8")
    before = below(here)

    outcome = hgw("init", "made", "--template", "ours", "--output", "json")

    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (6, "template-unsafe")
    assert below(here) == before


def test_a_template_with_a_link_out_writes_nothing(hgw: Hgw, tree: Tree) -> None:
    here = tree({**OWN, "secret": "mine\n"})
    (here / "ours" / "files" / "stolen").symlink_to(here / "secret")

    outcome = hgw("init", "made", "--template", "ours", "--output", "json")

    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (6, "template-unsafe")
    assert not (here / "made").exists()


def test_a_project_with_a_link_out_is_not_written_through(hgw: Hgw, tree: Tree) -> None:
    here = tree({"outside/keep.txt": "mine\n", "made/keep.txt": ""})
    (here / "made" / "internal").symlink_to(here / "outside", target_is_directory=True)

    outcome = hgw("init", "made", "--force", "--output", "json")

    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (6, "path-unsafe")
    assert below(here / "outside") == {"keep.txt": "mine\n"}
    assert below(here / "made") == {"keep.txt": ""}


def test_a_folder_without_a_manifest_is_not_a_template(hgw: Hgw, tree: Tree) -> None:
    tree({"theirs/main.go": ""})

    outcome = hgw("init", "made", "--template", "./theirs")

    assert outcome.code == 6
    assert "template.toml" in outcome.err


def test_what_existing_plugins_get_is_not_chosen_by_name(hgw: Hgw) -> None:
    assert hgw("init", "made", "--template", "existing").code == 6
    assert "existing" not in hgw("init", "--list-templates").out


def test_a_template_whose_files_are_elsewhere_writes_nothing(hgw: Hgw, tree: Tree) -> None:
    root = tree({"ours/template.toml": MANIFEST, "elsewhere/id_rsa": "secret\n"})
    (root / "ours" / "files").symlink_to(root / "elsewhere", target_is_directory=True)
    refused_as_unsafe(hgw, root)


def test_a_template_that_includes_a_link_out_writes_nothing(hgw: Hgw, tree: Tree) -> None:
    root = tree({**OWN, "ours/files/README.md.jinja": "{@% include 'template/part' %@}\n", "secret": "secret\n"})
    (root / "ours" / "part").symlink_to(root / "secret")
    refused_as_unsafe(hgw, root)


@pytest.mark.parametrize("name", [".git/hooks/post-commit", ".GIT/config", "sub/.git/config", ".git"])
def test_a_template_with_something_for_git_to_run_writes_nothing(hgw: Hgw, tree: Tree, name: str) -> None:
    refused_as_unsafe(hgw, tree({**OWN, f"ours/files/{name}": "#!/bin/sh\n"}))


def refused_as_unsafe(hgw: Hgw, root: Path) -> None:
    outcome = hgw("init", "made", "--template", "./ours", "--git", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (6, "template-unsafe"), outcome.out
    assert "secret" not in outcome.out + outcome.err
    assert not (root / "made").exists()


@pytest.mark.parametrize("layer", ["/etc", "../ours", "..", ".", "", "module/.."])
def test_a_layer_is_one_of_the_shared_ones(hgw: Hgw, tree: Tree, layer: str) -> None:
    tree({**OWN, "ours/template.toml": MANIFEST.replace('"gateway"', f'"{layer}"')})
    outcome = hgw("init", "made", "--template", "./ours", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (6, "template-invalid")


def test_a_link_to_nothing_and_a_pipe_in_a_template_are_told(hgw: Hgw, tree: Tree) -> None:
    root = tree(OWN)
    odd = root / "ours" / "files" / "odd"
    for make in (lambda: odd.symlink_to("nothing"), lambda: os.mkfifo(odd)):
        make()
        outcome = hgw("init", "made", "--template", "./ours", "--output", "json")
        error = json.loads(outcome.out)["error"]
        assert (outcome.code, error["code"], str(odd) in error["message"]) == (6, "template-invalid", True)
        odd.unlink()
