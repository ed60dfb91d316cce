"""Whatever stands in hgw.yaml or in a plugin's configuration: values come of it, or an error with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from higress_cli.errors import InvalidInput
from higress_cli.project.plugin_config import read_plugin_config
from higress_cli.project.settings import read_settings
from higress_cli.project.yaml_node import compose, compose_all
from tests.support.properties import yaml_like

WHERE = Path("any.yaml")
KEYS = (
    "name: ", "profile: ", "abi: ", "gateway: ", "toolchain: {", "build: {", "run: {", "verify:\n", "out_file: ",
    "tags: [", "port: ", "services: {", "engine: ", "- name: x\n", "  request: {", "  expect: {", "  status: ",
    "  headers: {", "matches: ", "log: ", "body: ", "config: ", "upstream: ", "services: ", "0.2.1", "tinygo", "envoy",
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any") / "any.yaml"


@given(yaml_like())
@example(BOMB)
def test_any_text_is_yaml_or_refused_with_its_place(text):
    try:
        node = compose(WHERE, text)
        if node is not None:
            node.value()
        for document in compose_all(WHERE, text):
            document.value()
    except InvalidInput as error:
        assert error.code in {"yaml-invalid", "settings-invalid"}
        assert error.message.startswith("any.yaml")


@given(text=yaml_like(*KEYS))
@example(text=BOMB)
def test_any_hgw_yaml_is_settings_or_refused_with_its_place(file, text):
    file.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    try:
        read_settings(file)
    except InvalidInput as error:
        assert error.code in {"yaml-invalid", "settings-invalid", "file-unreadable"}
        assert error.message.startswith(str(file))


@pytest.mark.parametrize("name", ["any.yaml", "any.json"])
@given(text=yaml_like("mockEnable: true", '"a": ', "NaN", "Infinity", "1e400"))
@example(text=BOMB)
@example(text='{"a": "\\ud800"}')
@example(text='{"\\ud800": 1}')
@example(text="a: !!bool maybe")
def test_any_configuration_is_json_for_the_plugin_or_refused(file, name, text):
    path = file.with_name(name)
    path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    try:
        config = read_plugin_config(path)
    except InvalidInput as error:
        assert error.code in {"plugin-config-invalid", "file-unreadable"}
        assert str(path) in error.message
    else:
        assert json.loads(config.json.encode() or b"{}") == json.loads(json.dumps(config.values))


@pytest.mark.parametrize("name", ["any.yaml", "any.json"])
@given(values=st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_json_reaches_the_plugin_as_it_is(file, name, values):
    path = file.with_name(name)
    path.write_text(json.dumps(values), encoding="utf-8")

    assert read_plugin_config(path).values == values
