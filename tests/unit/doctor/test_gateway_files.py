"""Configurations that are written a second time are found, and told where they differ."""

from pathlib import Path

import pytest

from higress_cli.doctor.gateway_files import find_written, judge_written, written_in
from higress_cli.doctor.model import Status

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


def judge(text: str, values: dict, name: str = "envoy.yaml"):
    return judge_written(written_in(Path(name), text), values=values, config=CONFIG)


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

    assert [(item.place, item.values) for item in written_in(Path("k.yaml"), text)] == [("k.yaml:9:18", {"a": 1})]


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

    assert [Path(item.place.partition(":")[0]).name for item in find_written(root)] == ["wasmplugin.yml", "envoy.yaml"]


def test_without_another_configuration_there_is_nothing_to_judge():
    assert judge_written((), values={"a": 1}, config=CONFIG).status is Status.SKIP


BARE_RESOURCE = "apiVersion: extensions.higress.io/v1alpha1\nkind: WasmPlugin\nspec:\n  url: oci://x\n"


def test_plugin_config_goes_before_the_other_configurations_of_a_resource():
    both = BARE_RESOURCE + "  defaultConfig: {mockEnable: true}\n  pluginConfig: {mockEnable: false}\n"
    (written,) = written_in(Path("wasmplugin.yaml"), both)
    assert written.values == {"mockEnable": False}


def test_a_default_configuration_that_is_switched_off_is_not_in_effect():
    disabled = BARE_RESOURCE + "  defaultConfig: {mockEnable: true}\n  defaultConfigDisable: true\n"
    assert written_in(Path("wasmplugin.yaml"), disabled) == ()


def test_values_of_keys_are_not_shown():
    resource = BARE_RESOURCE + "  defaultConfig: {token: s3cret}\n"
    written = written_in(Path("wasmplugin.yaml"), resource)
    finding = judge_written(written, values={"token": "0therwise"}, config=Path("config.yaml"))
    assert finding.found is not None
    assert "token is not as in config.yaml" in finding.found
    assert "s3cret" not in str(finding)
    assert "0therwise" not in str(finding)
