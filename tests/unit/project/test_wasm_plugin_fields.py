"""The fields of a WasmPlugin resource whose types and words its definition fixes."""

from pathlib import Path

import pytest

from higress_cli.project.wasm_plugin_fields import field_faults, keys_in
from higress_cli.project.yaml_node import compose

HIGRESS, ISTIO = "extensions.higress.io/v1alpha1", "extensions.istio.io/v1alpha1"
VALUE, WORD = "wasmplugin-value-invalid", "wasmplugin-word-unknown"


def faults(spec: str, *, version: str = HIGRESS):
    node = compose(Path("w.yaml"), f"apiVersion: {version}\nkind: WasmPlugin\nspec:\n{spec}")
    assert node is not None
    return list(field_faults(node))


@pytest.mark.parametrize(
    ("spec", "code", "message", "expected", "hint"),
    [
        ("  priority: high", VALUE, "`priority` cannot be `high`", "a whole number", "such as 100"),
        ('  priority: "100"', VALUE, '`priority` cannot be `"100"`', "a whole number", "quotes: `priority: 100`"),
        ("  priority: 1.5", VALUE, "`priority` cannot be `1.5`", "a whole number", "such as 100"),
        ("  priority: true", VALUE, "`priority` cannot be `true`", "a whole number", "such as 100"),
        ("  priority: [1]", VALUE, "`priority` cannot be a list", "a whole number", "such as 100"),
        ("  priority: 2147483648", VALUE, "`priority` cannot be `2147483648`", "a whole number", "such as 100"),
        ("  priority: .inf", VALUE, "`priority` cannot be `.inf`", "a whole number", "such as 100"),
        ("  phase: default", WORD, "`phase` cannot be `default`", "UNSPECIFIED_PHASE, AUTHN, AUTHZ", "one of: UN"),
        ("  phase: authn", WORD, "`phase` cannot be `authn`", "AUTHN", "one of: UN"),
        ("  phase: 10", VALUE, "`phase` cannot be a number", "a text", "in quotes"),
        ("  failStrategy: FAIL_RELOAD", WORD, "`failStrategy` cannot be `FAIL_RELOAD`", "FAIL_CLOSE", "FAIL_OPEN"),
        ("  imagePullPolicy: Never", WORD, "`imagePullPolicy` cannot be `Never`", "IfNotPresent", "Always"),
        ("  url: {a: 1}", VALUE, "`url` cannot be a mapping", "a text", "a single text"),
        (f"  sha256: {'1' * 64}", VALUE, "`sha256` cannot be a number", "a text", "in quotes"),
        (f"  sha256: 12e{'4' * 61}", VALUE, "`sha256` cannot be a number", "a text", "in quotes"),
        ("  imagePullSecret: yes", VALUE, "`imagePullSecret` cannot be a boolean", "a text", "in quotes"),
        ("  verificationKey: [a]", VALUE, "`verificationKey` cannot be a list", "a text", "a single text"),
        ("  pluginName: 12", VALUE, "`pluginName` cannot be a number", "a text", "in quotes"),
        ("  pluginConfig: |\n    a: 1", VALUE, "`pluginConfig` cannot be a text", "a mapping", "not a text"),
        ("  defaultConfig: [a]", VALUE, "`defaultConfig` cannot be a list", "a mapping", "keys and values"),
        ('  defaultConfigDisable: "true"', VALUE, '`"true"`', "true or false", "`defaultConfigDisable: true`"),
        ("  defaultConfigDisable: 1", VALUE, "`defaultConfigDisable` cannot be `1`", "true or false", "write true or"),
        ("  matchRules: {domain: [a]}", VALUE, "`matchRules` cannot be a mapping", "a list", "`- ` in front"),
        ("  matchRules: [a]", VALUE, "`matchRules[0]` cannot be a text", "a mapping", "keys and values"),
        ("  matchRules: [{domain: a}]", VALUE, "`matchRules[0].domain` cannot be a text", "a list", "`- ` in front"),
        ("  matchRules: [{ingress: [1]}]", VALUE, "`matchRules[0].ingress[0]` cannot be a number", "a text", "quotes"),
        ("  matchRules: [{service: {a: 1}}]", VALUE, "`matchRules[0].service` cannot be a map", "a list", "`- `"),
        ("  matchRules: [{config: a}]", VALUE, "`matchRules[0].config` cannot be a text", "a mapping", "keys"),
        ("  matchRules: [{configDisable: off please}]", VALUE, "`off please`", "true or false", "write true or"),
        ("  matchRules: [{routeType: http}]", WORD, "`matchRules[0].routeType` cannot be `http`", "HTTP, GRPC", "one"),
        ("  vmConfig: [a]", VALUE, "`vmConfig` cannot be a list", "a mapping", "keys and values"),
        ("  vmConfig: {env: {A: b}}", VALUE, "`vmConfig.env` cannot be a mapping", "a list", "`- ` in front"),
        ("  vmConfig: {env: [{value: 80}]}", VALUE, "`vmConfig.env[0].value` cannot be a num", "a text", "quotes"),
        ("  vmConfig: {env: [{name: true}]}", VALUE, "`vmConfig.env[0].name` cannot be a boolean", "a text", "quotes"),
        ("  vmConfig: {env: [{valueFrom: HOSTS}]}", WORD, "valueFrom` cannot be `HOSTS`", "INLINE, HOST", "one of"),
        ("  just text", VALUE, "`spec` cannot be a text", "a mapping", "keys and values"),
    ],
)  # fmt: skip
def test_a_value_that_is_refused_is_named_with_its_place_and_the_way_out(spec, code, message, expected, hint):
    [fault] = faults(spec)

    assert (fault.id, fault.places[0].rpartition(":")[0]) == (code, "w.yaml:4")
    assert message in fault.message
    assert fault.expected is not None
    assert expected in fault.expected
    assert fault.hint is not None
    assert hint in fault.hint


WHOLE = f"""\
  url: oci://registry.example.com/plugins/demo:1.0.0
  sha256: "{"1" * 64}"
  imagePullPolicy: IfNotPresent
  imagePullSecret: registry
  verificationKey: |
    -----BEGIN PUBLIC KEY-----
  pluginName: demo
  phase: AUTHN
  priority: 100
  failStrategy: FAIL_OPEN
  vmConfig:
    env: [{{name: A, value: "80"}}, {{name: B, valueFrom: HOST}}]
  defaultConfig: {{a: [1, {{b: yes}}], 7: x}}
  defaultConfigDisable: false
  matchRules:
  - ingress: [default/one, "12"]
    domain: ["*.example.com"]
    service: [a.dns]
    config: {{phase: 7, priority: high}}
    configDisable: true
    routeType: GRPC
"""


@pytest.mark.parametrize(
    "spec",
    [
        WHOLE,
        "  {}",
        "  priority: -100",
        "  priority: 100.0",
        "  priority: 0x10",
        "  priority: null",
        "  phase:",
        "  url: 'oci://r.example.com/a:1'",
        "  defaultConfigDisable: off",
        "  pluginConfig: {}",
        "  matchRules: []",
        "  matchRules: [{}]",
        "  vmConfig: {env: []}",
        "  future: {priority: high}",
        "  matchRules: [{future: 1}]",
        "  priority: ${PRIORITY}",
        "  priority: {{ .Values.priority }}",
        "  matchRules: {{ .Values.rules }}",
        "  phase: '{{ .Values.phase }}'",
        "  defaultConfigDisable: $(OFF)",
    ],
)
def test_a_value_that_is_taken_or_filled_in_later_is_not(spec):
    assert faults(spec) == []


def test_the_resource_of_istio_has_words_of_its_own():
    assert faults("  failStrategy: FAIL_RELOAD\n  type: HTTP\n  selector: {a: b}", version=ISTIO) == []
    [fault] = faults("  type: TCP", version=ISTIO)
    assert fault.expected == "UNSPECIFIED_PLUGIN_TYPE, HTTP, NETWORK"


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("extension.higress.io/v1alpha1", [WORD]),
        (HIGRESS, []),
        (ISTIO, []),
        ("extensions.higress.io/v1", []),
        ("plugins.example.com/v1", []),
        ("[a]", []),
    ],
)
def test_a_misspelt_group_is_told(version, found):
    assert [fault.id for fault in faults("  url: r.example.com/a:1", version=version)] == found


def test_values_that_may_be_secrets_are_not_shown():
    for spec in ("  vmConfig: {env: [{value: 53437}]}", "  pluginConfig: s53437", "  url: 53437"):
        assert "53437" not in str(faults(spec))


def test_the_keys_that_each_mapping_may_have_are_listed():
    node = compose(Path("w.yaml"), f"apiVersion: {HIGRESS}\nspec:\n{WHOLE}")
    assert node is not None

    found = {keys.where: set(keys.entries) - set(keys.known) for keys in keys_in(node)}

    assert sorted(found) == ["matchRules[0]", "spec", "vmConfig", "vmConfig.env[0]", "vmConfig.env[1]"]
    assert not any(found.values())


@pytest.mark.parametrize("text", ["kind: WasmPlugin", "just text"])
def test_what_has_no_fields_has_no_faults(text):
    node = compose(Path("w.yaml"), f"a: {text}" if ":" not in text else text)
    assert node is not None
    assert list(field_faults(node)) == []
    assert list(keys_in(node)) == []
