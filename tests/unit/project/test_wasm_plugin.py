"""The image of a WasmPlugin resource: what is wrong with it, and another one in its place."""

from pathlib import Path

import pytest
import yaml

from higress_cli.digest import Sha256
from higress_cli.errors import InvalidInput
from higress_cli.project.wasm_plugin import choose_resource, image_faults, resources_in, with_image

FILE = Path("wasmplugin.yaml")
HEX = Sha256("ab" * 32)
HEAD = "kind: WasmPlugin\nmetadata: {name: demo}\nspec:\n"


def changed(text: str) -> str:
    [resource] = resources_in(FILE, text)
    return with_image(text, resource, url="oci://r.example.com/demo:2", sha256=HEX)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  url: a # why\n  x: 1\n", f'  url: oci://r.example.com/demo:2 # why\n  sha256: "{HEX}"\n  x: 1\n'),
        ("  url: 'a'\n", f"  url: 'oci://r.example.com/demo:2'\n  sha256: \"{HEX}\"\n"),
        ('  sha256: 1\n  url: "a"', f'  sha256: "{HEX}"\n  url: "oci://r.example.com/demo:2"'),
        ("    url: a\r\n    x: 1\r\n", f'    url: oci://r.example.com/demo:2\r\n    sha256: "{HEX}"\r\n    x: 1\r\n'),
        ("  phase: AUTHN # a\n", f'  url: oci://r.example.com/demo:2\n  sha256: "{HEX}"\n  phase: AUTHN # a\n'),
    ],
)  # fmt: skip
def test_the_image_is_set_and_the_rest_stays(before, after):
    assert changed(HEAD + before) == HEAD + after


def test_flow_style_is_kept():
    text = "{kind: WasmPlugin, spec: {url: a, phase: AUTHN}}\n"

    assert yaml.safe_load(changed(text))["spec"] == {
        "url": "oci://r.example.com/demo:2", "sha256": HEX, "phase": "AUTHN",
    }  # fmt: skip
    assert changed(text).startswith("{kind: WasmPlugin, spec: {url: oci://")


def test_doing_it_twice_changes_nothing():
    once = changed(HEAD + "  url: a\n")

    assert changed(once) == once


@pytest.mark.parametrize(
    "spec", ["  url: &a b\n", "  url: >\n    a\n", "  x: &a b\n  url: *a\n", "  url: [a]\n", "  url: !!str a\n"]
)
def test_what_cannot_be_edited_safely_is_left_alone(spec):
    with pytest.raises(InvalidInput) as caught:
        changed(HEAD + spec)

    assert caught.value.code == "wasmplugin-not-editable"


def test_of_several_resources_the_one_with_the_name_is_meant():
    text = "---\n".join(
        f"kind: WasmPlugin\nmetadata: {{name: {name}}}\nspec: {{url: r/{name}-image:1}}\n" for name in "ab"
    )
    found = resources_in(FILE, text)

    assert choose_resource(found, path=FILE, names=("b",)).name == "b"
    assert choose_resource(found, path=FILE, names=("a-image",)).name == "a"
    for names, resources, code in ((("c",), found, "wasmplugin-ambiguous"), (("a",), (), "wasmplugin-missing")):
        with pytest.raises(InvalidInput) as caught:
            choose_resource(resources, path=FILE, names=names)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("  url: oci://r.example.com/a:1\n", []),
        (f"  url: r.example.com:5000/a:1\n  sha256: {HEX}\n  phase: AUTHN\n  failStrategy: FAIL_OPEN\n", []),
        (f"  url: oci://r.example.com/a@sha256:{HEX}\n  sha256: {HEX}\n  imagePullPolicy: Always\n", []),
        ("  url: file:///opt/plugins/plugin.wasm\n", []),
        (f"  url: https://example.com/plugin.wasm\n  sha256: {HEX}\n", []),
        ("  url: http://plugin-server.higress-system.svc/plugins/a/1.0.0/plugin.wasm\n", []),
        ("  url: ftp://example.com/a.wasm\n", ["wasmplugin-url-invalid"]),
        ("  url: oci://r.example.com:5000/a\n", ["wasmplugin-url-floating"]),
        ("  url: oci://r.example.com/a:latest\n", ["wasmplugin-url-floating"]),
        (f"  url: oci://r.example.com/a:1\n  sha256: sha256:{HEX}\n", ["wasmplugin-sha256-invalid"]),
        (f"  url: oci://r.example.com/a@sha256:{HEX}\n  sha256: {'cd' * 32}\n", ["wasmplugin-sha256-differs"]),
        ("  phase: AUTHN\n", []),
    ],
)
def test_what_is_wrong_with_an_image_is_found_and_nothing_else(spec, expected):
    [resource] = resources_in(FILE, HEAD + spec)

    assert [fault.id for fault in image_faults(resource)] == expected


def test_what_a_resource_says_of_its_image():
    text = f"kind: WasmPlugin\nmetadata: {{name: demo, namespace: edge}}\nspec: {{url: 'oci://r.example.com/team/demo:1@{'x'}'"
    text += f", sha256: {HEX}, imagePullSecret: key, imagePullPolicy: Always}}\n"
    [resource] = resources_in(FILE, text)
    assert (resource.name, resource.namespace, resource.sha256, resource.secret) == ("demo", "edge", HEX, "key")
    assert (resource.pulls_always, resource.is_image) == (True, True)
    assert (resource.reference, resource.image) == ("r.example.com/team/demo:1", "demo")


@pytest.mark.parametrize(
    ("spec", "after"),
    [
        ("{phase: AUTHN}", f'{{url: oci://r.example.com/demo:2, sha256: "{HEX}", phase: AUTHN}}'),
        (f"{{sha256: {HEX}}}", f'{{url: oci://r.example.com/demo:2, sha256: "{HEX}"}}'),
    ],
)
def test_a_url_is_put_where_there_was_none(spec, after):
    assert changed(f"kind: WasmPlugin\nspec: {spec}\n") == f"kind: WasmPlugin\nspec: {after}\n"


@pytest.mark.parametrize("text", ["kind: WasmPlugin\nspec: {}\n", "kind: WasmPlugin\nspec:\n  ? phase\n  : AUTHN\n"])
def test_a_url_is_not_put_where_there_is_no_plain_place(text):
    with pytest.raises(InvalidInput) as caught:
        changed(text)
    assert caught.value.code == "wasmplugin-not-editable"
