"""hgw.yaml as typed values, and every way to get it wrong."""

from pathlib import Path

import pytest
import yaml

from higress_cli.errors import ExitCode, InvalidInput
from higress_cli.project.settings import Settings, read_settings
from higress_cli.settings.project import VERIFY
from higress_cli.settings.setting import Scope
from higress_cli.settings.table import SETTINGS

WHOLE = """\
name: my-plugin
version: 1.0.0
profile: tinygo
abi: 0.2.100
gateway: v2.0.7
toolchain: {go: 1.20, tinygo: 0.29.0, binaryen: 123}
build:
  out_file: dist/main.wasm
  tags: [one, two]
  flags: ["-no-debug"]
  size_budget: 3MB
run:
  engine: envoy
  bind: 0.0.0.0
  port: 8080
  admin_port: 0
  upstream: http://127.0.0.1:9000
  upstream_port: 65535
  config: other.yaml
  services: {"my-svc.dns:80": "127.0.0.1:8080"}
  env: {ZONE: north, LEVEL: 1.10}
  buffer_limit: 32768
doctor: {ignore: [config-differs]}
verify:
  - name: it answers
"""


@pytest.fixture
def read(tmp_path):
    def run(text: str) -> Settings:
        path = tmp_path / "hgw.yaml"
        path.write_text(text, encoding="utf-8")
        return read_settings(path)

    return run


def test_every_key_has_its_value(read):
    settings = read(WHOLE)

    scenarios = settings.get(VERIFY)
    assert scenarios is not None
    assert [scenario.name for scenario in scenarios] == ["it answers"]
    assert {setting.key: value for setting, value in settings.values.items() if setting is not VERIFY} == {
        "name": "my-plugin",
        "version": "1.0.0",
        "profile": "tinygo",
        "abi": "0.2.100",
        "gateway": "v2.0.7",
        "toolchain.go": "1.20",
        "toolchain.tinygo": "0.29.0",
        "toolchain.binaryen": "123",
        "build.out_file": "dist/main.wasm",
        "build.tags": ("one", "two"),
        "build.flags": ("-no-debug",),
        "build.size_budget": 3_000_000,
        "run.engine": "envoy",
        "run.bind": "0.0.0.0",
        "run.port": 8080,
        "run.admin_port": 0,
        "run.upstream": "http://127.0.0.1:9000",
        "run.upstream_port": 65535,
        "run.config": "other.yaml",
        "run.services": {"my-svc.dns:80": "127.0.0.1:8080"},
        "run.env": {"ZONE": "north", "LEVEL": "1.10"},
        "run.buffer_limit": 32768,
        "doctor.ignore": ("config-differs",),
    }


def test_every_setting_of_a_project_can_be_in_the_file():
    document = yaml.safe_load(WHOLE)
    for setting in SETTINGS:
        section, _dot, name = setting.key.partition(".")
        is_there = section in document and (not name or name in document[section])
        assert is_there is (setting.scope is Scope.PROJECT), setting.key


@pytest.mark.parametrize("text", ["", "# nothing\n", "build:\nrun:\n", '\ufeffname: ""\n'])
def test_everything_is_optional(read, text):
    assert read(text).values == {}


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("profil: go\n", "1:1", "unknown key `profil`"),
        ("name: x\nrun: {prot: 1}\n", "2:7", "run: unknown key `prot`"),
        ("toolchain: {golang: 1}\n", "1:13", "toolchain: unknown key `golang`"),
        ("build: {tag: [x]}\n", "1:9", "build: unknown key `tag`"),
        ("abi: 0.3\n", "1:6", "abi: `0.3` is none of: 0.2.1, 0.2.100, all"),
        ("profile: rust\n", "1:10", "profile: `rust` is none of: tinygo, go"),
        ("gateway: nonsense\n", "1:10", "gateway: `nonsense` is not a gateway version; one looks like v2.0.7"),
        ("version: a b\n", "1:10", "version: `a b` is not a valid image tag; one looks like 1.0.0"),
        ("build: {size_budget: big}\n", "1:22", "build.size_budget: `big` is not a size; one looks like 3MB, 512KiB"),
        ("run: {bind: here}\n", "1:13", "run.bind: `here` is not an IP address"),
        ("offline: true\n", "1:1", "unknown key `offline`"),
        ("run:\n  engine: podman\n", "2:11", "run.engine: `podman` is none of: auto, envoy, builtin, docker, all"),
        ("run: {port: 65536}\n", "1:13", "run.port: expected a whole number from 0 to 65535"),
        ("run: {port: -1}\n", "1:13", "run.port: expected a whole number from 0 to 65535"),
        ("run: {port: http}\n", "1:13", "run.port: expected a whole number from 0 to 65535"),
        ("run: []\n", "1:6", "run: expected a mapping of keys to values"),
        ("build: {tags: one}\n", "1:15", "build.tags: expected a list"),
        ("build: {flags: [[x]]}\n", "1:17", "build.flags[0]: expected a string"),
        ("name: [x]\n", "1:7", "name: expected a string"),
        ("- name\n", "1:1", "expected a mapping of keys to values"),
        ("verify: {name: x}\n", "1:9", "verify: expected a list"),
        ("name: x\nname: y\n", "2:1", "name: this key appears twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(read, tmp_path, text, place, problem):
    with pytest.raises(InvalidInput) as caught:
        read(text)

    error = caught.value
    assert (error.code, error.exit_code) == ("settings-invalid", ExitCode.INVALID_INPUT)
    assert error.message == f"{tmp_path / 'hgw.yaml'}:{place}: {problem}"
    line, column = place.split(":")
    assert (error.details["line"], error.details["column"]) == (int(line), int(column))


def test_a_file_that_is_not_text_is_told(tmp_path):
    path = tmp_path / "hgw.yaml"
    path.write_bytes("name: x".encode("utf-16"))

    with pytest.raises(InvalidInput) as caught:
        read_settings(path)

    assert caught.value.code == "file-unreadable"


def test_a_file_that_is_not_there_is_told():
    with pytest.raises(InvalidInput) as caught:
        read_settings(Path("/nowhere/hgw.yaml"))

    assert caught.value.code == "file-unreadable"


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("run: {servises: {}}\n", "services"),
        ("services: {}\n", "run.services"),
        ("port: 8080\n", "run.port"),
        ("ignore: [x]\n", "doctor.ignore"),
        ("profil: go\n", "profile"),
    ],
)
def test_a_misspelt_or_misplaced_key_has_a_nearest_one(read, text, near):
    with pytest.raises(InvalidInput) as caught:
        read(text)

    assert caught.value.hint is not None
    assert caught.value.hint.startswith(f"did you mean `{near}`? known keys: ")


def test_a_word_that_is_none_of_the_allowed_ones_has_a_nearest_one(read):
    with pytest.raises(InvalidInput) as caught:
        read("run: {engine: builtn}\n")

    assert caught.value.hint == "did you mean `builtin`?"
