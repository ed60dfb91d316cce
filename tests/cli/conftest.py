"""Fixtures for `hgw push`: a registry on this machine and a plugin that is already built; templates compile once."""

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.support.compiled_templates import compiled_templates  # noqa: F401 -- a fixture for all tests here
from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.registry import FakeRegistry, serving
from tests.support.schemas import validate

SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "push.json").read_text("utf-8"))
MODULE = wasm(exports=TINYGO_EXPORTS, custom={"padding": bytes(200_000)})
RESOURCE = """\
# keep me
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata:
  name: demo
  namespace: higress-system
spec:
  url: oci://registry.example.com/plugins/demo:0.9   # the image
  priority: 100
  defaultConfig: {a: 1}
"""


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with serving(FakeRegistry()) as registry:
        yield registry


@pytest.fixture
def project(tree) -> Path:
    """A folder with a module that is not built here."""
    root = tree({"hgw.yaml": "name: demo\nversion: 1.0.0\n", "wasmplugin.yaml": RESOURCE})
    (root / "main.wasm").write_bytes(MODULE)
    return root


@pytest.fixture
def pushed(hgw, project) -> Callable[..., dict[str, Any]]:
    """The envelope of `hgw push`, its `data` held against the schema where there is any."""

    def run(*argv: str) -> dict[str, Any]:
        outcome = hgw("--output", "json", "push", *argv)
        document = json.loads(outcome.out)
        assert document["exit_code"] == outcome.code
        if document["error"] is None:
            validate(document["data"], SCHEMA)
        assert "s3cret" not in outcome.out + outcome.err
        return document

    return run
