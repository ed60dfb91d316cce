"""The plugin's configuration: YAML or JSON in the file, JSON for the plugin."""

import json

import pytest

from higress_cli.errors import ExitCode, InvalidInput
from higress_cli.project.plugin_config import holds_bootstrap, read_plugin_config


@pytest.fixture
def write(tmp_path):
    def run(content: str | bytes):
        path = tmp_path / "config.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return run


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("mockEnable: true\n", {"mockEnable": True}),
        ('{"mockEnable": true}', {"mockEnable": True}),
        ("{mockEnable: true}", {"mockEnable": True}),
        ('\n  {\n  "a": [1, 2.5, null]\n}\n', {"a": [1, 2.5, None]}),
        ("start: 12:30:45\nday: 2026-11-24\n", {"start": "12:30:45", "day": "2026-11-24"}),
        ("name: 插件\n", {"name": "插件"}),
        ("a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
        ("\ufeffa: 1\n", {"a": 1}),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
    ],
)
def test_yaml_and_json_say_the_same(write, text, values):
    config = read_plugin_config(write(text))

    assert config.values == values
    assert json.loads(config.json) == values
    assert config.source.endswith("config.yaml")


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n", "---\n", "{}", "~"])
def test_an_empty_file_is_not_a_configuration(write, text):
    config = read_plugin_config(write(text))

    assert (config.values, config.json) == ({}, "")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1\nb: 2\n", 2, 2),
        ("a: 1\n  b: 2\n", 2, 4),
        ("a:\n\t- 1\n", 2, 1),
        ('{"a": 1,\n "b": ]}', 2, 7),
        ('{"a" 1}', 1, 6),
        ("- 1\n", 1, 1),
        ("just a text", 1, 1),
        ("42", 1, 1),
        ("a: 1\na: 2\n", 2, 1),
        ("a: !secret x\n", 1, 4),
        ("a: &x [*x]\n", 1, 4),
        ('{"a": NaN}', 1, 1),
        ("a: .nan\n", 1, 1),
        ("a: !!binary aGVsbG8=\n", 1, 1),
        ("!!set {a: null}\n", 1, 1),
        ('{"a": ' + "[" * 100_000, 1, 1),
    ],
)
def test_what_is_neither_is_refused_with_line_and_column(write, text, line, column):
    path = write(text)

    with pytest.raises(InvalidInput) as caught:
        read_plugin_config(path)

    error = caught.value
    assert (error.code, error.exit_code) == ("plugin-config-invalid", ExitCode.INVALID_INPUT)
    assert error.message.startswith(f"{path}:{line}:{column}: ")
    assert (error.details["line"], error.details["column"]) == (line, column)
    assert error.hint


def test_a_file_that_is_not_text_is_told(write):
    with pytest.raises(InvalidInput) as caught:
        read_plugin_config(write("a: 1".encode("utf-16")))

    assert caught.value.code == "file-unreadable"


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InvalidInput) as caught:
        read_plugin_config(tmp_path / "config.yaml")

    assert caught.value.code == "plugin-config-missing"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("static_resources: {listeners: []}", True),
        ("static_resources: {clusters: []}\nadmin: {}", True),
        ("dynamic_resources: {ads_config: {}}", True),
        ("static_resources: [a, b]", False),
        ("static_resources: {css: true}", False),
        ("admin: {address: x}\nnode: {id: y}", False),
        ("listeners: []", False),
    ],
)
def test_an_envoy_bootstrap_is_recognised(tree, text, expected):
    path = tree({"config.yaml": text}) / "config.yaml"

    assert holds_bootstrap(path) is expected
    if expected:
        with pytest.raises(InvalidInput) as refused:
            read_plugin_config(path)
        assert refused.value.code == "config-is-bootstrap"
