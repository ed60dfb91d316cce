"""Configurations that are written a second time are found, and told where they differ."""

from pathlib import Path

import pytest

from higress_cli.digest import Sha256
from higress_cli.doctor.gateway_files import judge_written
from higress_cli.doctor.gateway_yaml import find_written, mounts_in, written_in
from higress_cli.doctor.model import Status
from higress_cli.doctor.written_configuration import PluginNames

CONFIG = Path("/p/config.yaml")
FILTER = """\
static_resources:
  listeners:
  - name: l
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          http_filters:
          - name: plugin
            typed_config:
              value:
                config:
                  vm_config: {runtime: envoy.wasm.runtime.v8}
                  configuration:
                    "@type": type.googleapis.com/google.protobuf.StringValue
                    value: |
                      %s
          - name: envoy.filters.http.router
"""
RESOURCE = """\
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: {name: demo}
spec:
  url: oci://registry/demo:1
%s
"""


DEMO = PluginNames(names=frozenset({"demo"}))


def judge(text: str, values: dict | None, name: str = "envoy.yaml", plugin: PluginNames = DEMO):
    return judge_written(written_in(Path(name), text, plugin), values=values, config=CONFIG)


def places(finding) -> list[str]:
    """What a check found, each with its place, without the column."""
    return [f"{item.code} {(item.found or '').split(':')[1]}" for item in finding.each]


def test_a_bootstrap_that_says_the_same_is_fine():
    finding = judge(FILTER % '{"mockEnable": false, "n": [1, 2]}', {"mockEnable": False, "n": [1, 2]})

    assert (finding.status, finding.found) == (Status.OK, "the same as config.yaml")


def test_a_bootstrap_that_says_something_else_names_the_keys_and_the_place():
    finding = judge(FILTER % '{"mockEnable": true}', {"mockEnable": False, "extra": "x"})

    assert (finding.status, finding.code) == (Status.WARN, "config-differs")
    assert finding.found == ("envoy.yaml:15:21: mockEnable is not as in config.yaml; extra is only in config.yaml")


def test_a_configuration_that_is_not_json_is_told():
    finding = judge(FILTER % "mockEnable: true", {"mockEnable": True})

    assert finding.status is Status.WARN
    assert "not JSON" in (finding.found or "")


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ("  defaultConfig: {mockEnable: true}", Status.OK),
        ("  defaultConfig: {mockEnable: false}", Status.WARN),
        ("  defaultConfigDisable: true\n  matchRules: [{domain: [a.com], config: {mockEnable: false}}]", Status.SKIP),
        ("", Status.WARN),
    ],
)
def test_a_wasm_plugin_resource_is_judged_by_its_default_configuration(spec, status):
    assert judge(RESOURCE % spec, {"mockEnable": True}, "plugin.yaml").status is status


def test_a_plugin_without_configuration_and_a_bootstrap_without_one_agree():
    text = FILTER.replace("configuration:", "ignored:") % "x"

    assert judge(text, {}).status is Status.OK


def test_each_document_counts_and_other_kinds_do_not():
    text = "kind: Service\nspec: {url: x}\n---\n" + RESOURCE % "  defaultConfig: {a: 1}"

    assert [(item.place, item.values) for item in written_in(Path("k.yaml"), text, DEMO)] == [("k.yaml:9:18", {"a": 1})]


@pytest.mark.parametrize("text", ["vm_config: [", "vm_config: &x {a: *x}"])
def test_what_cannot_be_read_is_told_with_its_place(text):
    finding = judge(text, {})

    assert finding.status is Status.WARN
    assert (finding.found or "").startswith("envoy.yaml:1:")


def test_files_beside_the_plugin_and_one_folder_below_are_looked_at(tree):
    root = tree(
        {
            "envoy.yaml": FILTER % "{}",
            "deploy/wasmplugin.yml": RESOURCE % "  defaultConfig: {}",
            "deploy/deeper/other.yaml": RESOURCE % "  defaultConfig: {}",
            "broken.yaml": "a: [",
            "config.yaml": "mockEnable: true",
        }
    )

    assert [Path(item.place.partition(":")[0]).name for item in find_written(root, DEMO)] == [
        "wasmplugin.yml",
        "envoy.yaml",
    ]


def test_without_another_configuration_there_is_nothing_to_judge():
    assert judge_written((), values={"a": 1}, config=CONFIG).status is Status.SKIP


def test_a_resource_with_rules_alone_is_not_passed_over_in_silence():
    spec = "  defaultConfigDisable: true\n  matchRules: [{domain: [a.com], config: {mockEnable: false}}]"

    finding = judge(RESOURCE % spec, {"mockEnable": True}, name="wasmplugin.yaml")

    assert (finding.status, finding.why) == (
        Status.SKIP,
        "nothing to compare: no `defaultConfig` in wasmplugin.yaml:7:15",
    )


def test_without_a_configuration_to_compare_with_nothing_differs():
    finding = judge(FILTER % '{"mockEnable": true}', None)

    assert (finding.status, finding.why) == (Status.SKIP, "no config.yaml to compare them with")


BARE_RESOURCE = "apiVersion: extensions.higress.io/v1alpha1\nkind: WasmPlugin\nspec:\n  url: oci://r/demo:1\n"


def test_plugin_config_goes_before_the_other_configurations_of_a_resource():
    both = (
        BARE_RESOURCE
        + "  defaultConfig: {mockEnable: true}\n  pluginConfig: {mockEnable: false}\n"
        + "  matchRules: [{domain: [a.com], config: {mockEnable: true}}]\n"
    )

    finding = judge(both, {"mockEnable": False}, "wasmplugin.yaml")

    assert places(finding) == ["wasmplugin-ignored 5", "wasmplugin-ignored 7"]


def test_a_plugin_config_of_null_is_none():
    resource = BARE_RESOURCE + "  pluginConfig:\n  defaultConfig: {mockEnable: true}\n"

    assert judge(resource, {"mockEnable": True}).status is Status.OK


@pytest.mark.parametrize("spec", ["defaultConfigDisable: true, priority: high", "phase: last"])
def test_a_resource_that_configures_nothing_is_judged_as_well(spec):
    finding = judge(f"kind: WasmPlugin\nspec: {{{spec}}}\n", {}, "wasmplugin.yaml")

    assert len(finding.each) == 1


@pytest.mark.parametrize("key", ["pluginConfig", "defaultConfig"])
def test_a_configuration_that_is_text_is_named_once_and_not_shown(key):
    finding = judge(BARE_RESOURCE + f"  {key}: 'token: s3cret'\n", {"token": "s3cret"}, "wasmplugin.yaml")

    assert places(finding) == ["wasmplugin-value-invalid 5"]
    assert "s3cret" not in str(finding)


def test_a_default_configuration_that_is_switched_off_is_not_in_effect():
    disabled = BARE_RESOURCE + "  defaultConfig: {mockEnable: true}\n  defaultConfigDisable: true\n"
    assert written_in(Path("wasmplugin.yaml"), disabled, DEMO) == ()


RULES = """\
  defaultConfig: {mockEnable: false}
  matchRules:
  - domain: [a.com]
    config: {mockEnable: true}
  - ingress: [default/one]
    service: [two.dns]
    config: {mockEnable: true}
  - domain: [off.com]
    configDisable: true
"""


def test_rules_are_compared_where_the_plugins_own_file_has_rules():
    rules = [
        {"_match_domain_": ["a.com"], "mockEnable": True},
        {"_match_route_": ["default/one"], "_match_service_": ["two.dns"], "mockEnable": True},
    ]

    assert judge(BARE_RESOURCE + RULES, {"mockEnable": False}).status is Status.OK
    assert judge(BARE_RESOURCE + RULES, {"mockEnable": False, "_rules_": rules}).status is Status.OK
    other = judge(BARE_RESOURCE + RULES, {"mockEnable": False, "_rules_": rules[:1]})
    assert "_rules_ is not as in config.yaml" in (other.found or "")


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("  matchRules: [{domains: [a.com], config: {}}]", ["wasmplugin-key-unknown 5", "wasmplugin-rule-empty 5"]),
        ("  matchRules: [{domain: [a.com], configs: {a: 1}}]", ["wasmplugin-key-unknown 5"]),
        ("  matchRules: [{domain: [a.com], config_disable: true}]", ["wasmplugin-key-unknown 5"]),
        ("  matchRules: [{config: {a: 1}}]", ["wasmplugin-rule-empty 5"]),
        ("  matchRules: [{domain: [], config: {a: 1}}]", ["wasmplugin-rule-empty 5"]),
        ("  defaultconfig: {a: 1}", ["wasmplugin-key-unknown 5"]),
    ],
)
def test_keys_that_have_no_effect_are_told(spec, found):
    finding = judge(BARE_RESOURCE + spec, {}, "wasmplugin.yaml")

    assert finding.status is Status.WARN
    assert places(finding) == found


@pytest.mark.parametrize("values", ["{{ .Values.config }}", "\n    {{- toYaml .Values.config | nindent 4 }}", "}"])
def test_a_template_of_helm_is_no_broken_yaml(values):
    finding = judge(BARE_RESOURCE + f"  defaultConfig: {values}\n", {}, "templates/wasmplugin.yaml")

    assert finding.code == ("gateway-file-invalid" if values == "}" else None)


@pytest.mark.parametrize(
    "spec",
    [
        "  matchRules: [{ingress: [a], config: {domains: [x], ingresses: 1}}]",
        "  matchRules: [{service: [a], configDisable: true}]",
        "  matchRules: [{configDisable: true}]",
        "  routes: {a: 1}\n  matchRules: [{domain: [a.com], routeType: HTTP}]",
        "  matchRules: {{.Values.rules: 1}: 2}",
    ],
)
def test_keys_that_are_right_or_unknown_to_hgw_alone_are_not(spec):
    assert judge(BARE_RESOURCE + "  defaultConfig: {}\n" + spec, {}).status is Status.OK


@pytest.mark.parametrize(
    ("metadata", "url", "own"),
    [
        ("{name: demo}", "oci://r/other:1", True),
        ("{name: demo-1.0.0}", "oci://r/x:1", True),
        ("{name: demo.internal}", "oci://r/x:1", True),
        ("{name: other}", "oci://r/demo:1", True),
        ("{name: other}", "oci://r/demo@sha256:00", True),
        ("{}", "file:///opt/plugins/main.wasm", True),
        ("{name: key-auth}", "oci://r/key-auth:1", False),
        ("{name: demonstration}", "file:///opt/plugins/main.wasm", False),
        ("{name: demo-auth}", "oci://r/demo-auth:1", False),
    ],
)
def test_the_resource_of_another_plugin_is_not_judged(metadata, url, own):
    resource = f"kind: WasmPlugin\nmetadata: {metadata}\nspec:\n  url: {url}\n  defaultConfig: {{a: 1}}\n"

    finding = judge(resource, {"a": 2}, "wasmplugin.yaml")

    assert finding.status is (Status.WARN if own else Status.SKIP)
    if not own:
        assert finding.detail[0].startswith("wasmplugin.yaml:1:1: for another plugin, ")


TWO_FILTERS = """\
http_filters:
- typed_config:
    value:
      config:
        name: key-auth
        vm_config: {code: {local: {filename: /etc/envoy/key-auth.wasm}}}
        configuration: {value: '{"consumers": []}'}
- typed_config:
    value:
      config:
        name: whatever
        vm_config: {code: {local: {filename: /etc/envoy/OWN}}}
        configuration: {value: '{"mockEnable": true}'}
"""


@pytest.mark.parametrize(
    ("file_name", "plugin"),
    [
        ("main.wasm", DEMO),
        ("demo.wasm", DEMO),
        ("filter.wasm", PluginNames(names=frozenset(), mounts={"filter.wasm": "main.wasm"})),
        ("out.wasm", PluginNames(names=frozenset(), modules=frozenset({"out.wasm"}))),
    ],
)
def test_of_several_filters_only_the_plugins_own_is_compared(file_name, plugin):
    finding = judge(TWO_FILTERS.replace("OWN", file_name), {"mockEnable": True}, plugin=plugin)

    assert finding.status is Status.OK
    assert finding.detail == ("envoy.yaml:13:24", "envoy.yaml:6:20: for another plugin, key-auth.wasm")


def test_mounts_of_compose_files_are_read(tree):
    root = tree(
        {
            "docker-compose.yaml": "services: {e: {volumes: ['./main.wasm:/etc/envoy/filter.wasm:ro']}}",
            "ci/job.yml": 'run: docker run -v "$PWD/out/main-0.2.1.wasm:/x/y.wasm" envoy',
        }
    )

    assert mounts_in(root) == {"filter.wasm": "main.wasm", "y.wasm": "main-0.2.1.wasm"}


def test_all_that_differs_is_told_in_one_run():
    text = TWO_FILTERS.replace("key-auth.wasm", "demo.wasm").replace("OWN", "main.wasm")

    finding = judge(text, {"mockEnable": False})

    assert places(finding) == ["config-differs 7", "config-differs 13"]


def test_values_of_keys_are_not_shown():
    resource = BARE_RESOURCE + "  defaultConfig: {token: s3cret}\n"
    finding = judge(resource, {"token": "0therwise"})
    assert finding.found is not None
    assert "token is not as in config.yaml" in finding.found
    assert "s3cret" not in str(finding)
    assert "0therwise" not in str(finding)


@pytest.mark.parametrize("text", ['{"token": s3cret}', '["s3cret"]', '{"token": "s3cret",}', '"s3cret'])
def test_a_configuration_that_cannot_be_read_is_not_shown(text):
    finding = judge(FILTER % text, {"token": "s3cret"})

    assert finding.code == "gateway-file-invalid"
    assert "s3cret" not in str(finding)


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ("url: oci://r.example.com/demo:1, sha256: sha256:ab", "wasmplugin-sha256-invalid"),
        ("url: oci://r.example.com/demo:latest", "wasmplugin-url-floating"),
        ("url: ftp://r.example.com/demo", "wasmplugin-url-invalid"),
        ("url: oci://r.example.com/demo:1, phase: default", "wasmplugin-word-unknown"),
        ("url: oci://r.example.com/demo:1, priority: high", "wasmplugin-value-invalid"),
    ],
)
def test_the_image_of_a_resource_is_judged_too(spec, code):
    text = f"kind: WasmPlugin\nspec: {{{spec}, defaultConfig: {{}}}}\n"

    finding = judge(text, {}, "wasmplugin.yaml")

    assert (finding.status, [item.code for item in finding.each]) == (Status.WARN, [code])


BUILT = PluginNames(names=frozenset({"demo"}), digests={Sha256("ab" * 32): "main.wasm"})


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        (f"url: oci://r.example.com/demo:1, sha256: {'ab' * 32}", ["wasmplugin-sha256-module"]),
        (f"url: r.example.com/demo:1, sha256: {'ab' * 32}", ["wasmplugin-sha256-module"]),
        (f"url: 'oci://r.example.com/demo@sha256:{'ab' * 32}'", ["wasmplugin-sha256-module"]),
        (f"url: oci://r.example.com/demo:1, sha256: {'cd' * 32}", []),
        (f"url: https://r.example.com/demo.wasm, sha256: {'ab' * 32}", []),
        (f"url: file:///demo.wasm, sha256: {'ab' * 32}", []),
        ("url: oci://r.example.com/demo:1", []),
    ],
)
def test_the_digest_of_a_module_is_not_that_of_an_image(spec, found):
    finding = judge(f"kind: WasmPlugin\nspec: {{{spec}, defaultConfig: {{}}}}\n", {}, "w.yaml", BUILT)

    assert [item.code for item in finding.each if item.code] == found
    if found:
        assert finding.each[0].fix is not None
        assert "hgw push r.example.com/demo" in finding.each[0].fix.summary


@pytest.mark.parametrize(
    ("configuration", "values"),
    [
        pytest.param("{value: {mockEnable: true}}", {"mockEnable": True}, id="a mapping, as in a Struct"),
        pytest.param("[a]", {}, id="what no plugin gets"),
        pytest.param("", {}, id="nothing"),
        pytest.param('"  "', {}, id="white space"),
    ],
)
def test_a_configuration_that_is_no_text_of_json(configuration, values):
    before, _value, after = FILTER.partition("configuration:")
    text = f"{before}configuration: {configuration}\n          - name: envoy.filters.http.router\n"
    assert after
    assert judge(text, values).status is Status.OK


def test_a_configuration_that_yaml_cannot_make_a_value_of_is_told():
    before, _value, _after = FILTER.partition("configuration:")
    finding = judge(f"{before}configuration: !!int x\n          - name: envoy.filters.http.router\n", {})
    assert (finding.status, finding.code) == (Status.WARN, "gateway-file-invalid")
