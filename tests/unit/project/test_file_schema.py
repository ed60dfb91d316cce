"""The JSON Schema of hgw.yaml: an editor that uses it agrees with what reads the file."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from higress_cli.errors import InvalidInput
from higress_cli.project.file_schema import file_schema, file_schema_text
from higress_cli.project.settings import read_settings
from higress_cli.settings.setting import Scope
from higress_cli.settings.table import SETTINGS

TREES = Path(__file__).parents[2] / "golden" / "init"


@pytest.fixture(scope="module")
def editor() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(file_schema())


def is_read(text: str, tmp_path: Path) -> bool:
    (tmp_path / "body.txt").write_text("- name: y\n")
    path = tmp_path / "hgw.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        read_settings(path)
    except InvalidInput:
        return False
    return True


def problems(editor: jsonschema.Draft202012Validator, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in editor.iter_errors(document)]


def test_it_is_a_schema_that_holds_every_setting_of_a_project(editor):
    jsonschema.Draft202012Validator.check_schema(editor.schema)
    assert json.loads(file_schema_text()) == editor.schema
    for setting in SETTINGS:
        if setting.scope is Scope.PROJECT:
            section, _dot, name = setting.key.partition(".")
            found = editor.schema["properties"][section]
            assert (found["properties"][name] if name else found)["description"]


def hgw_yaml_of(tree: Path) -> str:
    files = dict(part.split(" --\n", 1) for part in tree.read_text("utf-8").removeprefix("-- ").split("\n-- "))
    return files.get("hgw.yaml", "")


@pytest.mark.parametrize("tree", sorted(TREES.glob("*.txtar")), ids=lambda tree: tree.stem)
def test_what_templates_make_is_valid(editor, tree):
    assert problems(editor, yaml.safe_load(hgw_yaml_of(tree))) == []


def test_the_trees_hold_files_to_judge():
    assert len([tree for tree in TREES.glob("*.txtar") if "verify:" in hgw_yaml_of(tree)]) >= 30


VALID = [
    "run:\nbuild:\nverify:\n",
    "toolchain: {go: 1.20, binaryen: 123}\nbuild: {size_budget: 3MB, tags: [a]}\n",
    "gateway: 2.0.7\nabi: 0.2.100\n",
    "verify: [{file: body.txt}]\n",
    "verify: [{name: x, request: {headers: {a: [b, c]}, body_file: body.txt}, expect: {body: {not: {contains: y}}}}]\n",
    "verify: [{name: x, expect: {headers: {a: null, b: {all: [c, {matches: d}]}}, upstream: absent}}]\n",
    "verify: [{name: x, expect: {body: {json: {a.b: 1, c: {not: null}, d: [1, two]}}, log: {none: {level: warn}}}}]\n",
    "verify: [{name: x, services: {a: refused, b: {status: 403}, c: [{match: {path: /a}}], d: {redis: embedded}}}]\n",
    'verify: [{name: x, services: {r: {redis: {"GET k": 1, "*": {error: ERR}, l: [1], n: null}}}}]\n',
    "verify: [{name: x, steps: [{request: {path: /a}}, {expect: {status: 404}}]}]\n",
    "verify: [{name: x, expect: {start: fails, log: a line}}]\n",
]


@pytest.mark.parametrize("text", VALID)
def test_what_is_read_is_valid(editor, tmp_path, text):
    assert is_read(text, tmp_path)
    assert problems(editor, yaml.safe_load(text)) == []


INVALID = [
    "profil: go\n",
    "run: {prot: 1}\n",
    "run: []\n",
    "abi: 0.3\n",
    "profile: rust\n",
    "gateway: nonsense\n",
    "version: a b\n",
    "build: {size_budget: big}\n",
    "build: {tags: one}\n",
    "build: {flags: [[x]]}\n",
    "run: {engine: podman}\n",
    "run: {port: 65536}\n",
    "run: {port: http}\n",
    "run: {services: {a: [b]}}\n",
    "name: [x]\n",
    "verify: {name: x}\n",
    "verify: [{request: {}}]\n",
    "verify: [{name: x, reqest: {}}]\n",
    "verify: [{name: x, request: {via: proxy}}]\n",
    "verify: [{name: x, config: [1]}]\n",
    "verify: [{name: x, expect: {status: 99}}]\n",
    "verify: [{name: x, expect: {body: {}}}]\n",
    "verify: [{name: x, expect: {body: {equals: a, contains: b}}}]\n",
    "verify: [{name: x, expect: {body: {all: [{contain: a}]}}}]\n",
    "verify: [{name: x, expect: {upstream: gone}}]\n",
    "verify: [{name: x, expect: {calls: [{method: GET}]}}]\n",
    "verify: [{name: x, services: {a.dns: broken}}]\n",
    "verify: [{name: x, services: {a.dns: {delay: -1}}}]\n",
    "verify: [{name: x, services: {r: {redis: {GET k: {status: OK, error: ERR}}}}}]\n",
    "verify: [{name: x, request: {body: a, chunks: [b]}}]\n",
    "verify: [{name: x, repeat: 2, steps: [{}]}]\n",
    "verify: [{file: a.yaml, name: x}]\n",
]


@pytest.mark.parametrize("text", INVALID)
def test_what_is_refused_is_not_valid(editor, tmp_path, text):
    assert not is_read(text, tmp_path)
    assert problems(editor, yaml.safe_load(text)) != []
