"""Published plugins that are run, verified and cleaned away, and pushes that meet an interrupt or each other."""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from higress_cli.oci.image import make_image
from higress_cli.oci.layout import layout_tar
from tests.support.hgw_process import Hgw, get, running, wait_for
from tests.support.images import OCI_LAYER, RAW, digest_of, image, packed
from tests.support.plugins import plugin
from tests.support.registry import FakeRegistry, Fault, serving

ANY_PORT = ("--port", "0", "--upstream-port", "0", "--output", "json")
AS_JSON = ("--output", "json")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """A registry with a plugin that the gateway takes (`a:1`) and one that it refuses (`raw:1`)."""
    with serving(FakeRegistry()) as registry:
        registry.add("a", "1", image((OCI_LAYER, packed(("plugin.wasm", plugin())))))
        registry.add("raw", "1", image((RAW, plugin()), config=("application/json", b"{}")))
        yield registry


@pytest.mark.extra("local")
def test_a_published_plugin_runs_with_a_configuration(registry, tmp_path):
    folder = tmp_path / "work"
    (folder / "given.yaml").write_text("answer: from the registry\n", "utf-8")

    with running("run", f"oci://{registry.host}/a:1", "--config", "given.yaml", *ANY_PORT, cwd=folder) as hgw:
        data = hgw.document()["data"]
        assert data["image"] == f"oci://{registry.host}/a:1"
        status, body = get(data["url"])
        assert (status, "from the registry" in body) == (200, True)
        assert hgw.end() == 0

    assert sorted(path.name for path in folder.iterdir()) == ["given.yaml"]


@pytest.mark.extra("local")
def test_a_plugin_in_the_file_of_an_image_is_verified(hgw, tree, tmp_path):
    tree({"hgw.yaml": "verify: [{name: it answers, config: {answer: hi}, expect: {body: {contains: hi}}}]\n"})
    (tmp_path / "image.tar").write_bytes(layout_tar(make_image(plugin(), annotations={}), tag="1"))
    outcome = hgw("verify", "--module", str(tmp_path / "image.tar"), *AS_JSON)
    assert outcome.code == 0, outcome.out
    assert [module["image"] for module in json.loads(outcome.out)["data"]["modules"]] == [str(tmp_path / "image.tar")]


@pytest.mark.extra("local")
def test_a_published_plugin_is_verified_by_the_scenarios_of_a_folder(hgw, registry, tree):
    tree({"hgw.yaml": "verify: [{name: it answers, config: {answer: hi}, expect: {body: {contains: hi}}}]\n"})

    good = hgw("verify", "--module", f"oci://{registry.host}/a:1", *AS_JSON)
    refused = hgw("verify", "--module", f"oci://{registry.host}/raw:1")

    assert good.code == 0, good.out
    address = f"oci://{registry.host}/a:1"
    assert [module["image"] for module in json.loads(good.out)["data"]["modules"]] == [address]
    told = hgw("verify", "--module", address, "--baseline", address)
    assert f"Verifying {address} on " in " ".join(told.err.split())
    assert f"module {address} (ABI" in " ".join(told.out.split())
    assert f"baseline {address} (nothing differs)" in " ".join(told.out.split())
    assert "sha256/" not in told.out + told.err
    assert refused.code == 1
    assert "the gateway would refuse this image: it has 1 layer" in refused.err


@pytest.mark.parametrize("command", ["run", "inspect"])
def test_an_image_that_the_gateway_refuses_is_not_used(hgw, registry, command):
    outcome = hgw(command, f"oci://{registry.host}/raw:1")

    assert outcome.code == 1
    assert "the gateway would refuse this image: it has 1 layer" in outcome.err


def test_what_was_pulled_is_shown_and_removed_by_clean(hgw, registry):
    assert hgw("inspect", f"oci://{registry.host}/a:1").code == 0
    shown = json.loads(hgw("clean", *AS_JSON).out)["data"]
    [kept] = [item for item in shown["kept"] if Path(item["path"]).name == "oci"]
    assert kept["bytes"] > len(plugin())

    assert hgw("clean", "--cache").code == 0

    assert not Path(kept["path"]).exists()
    assert hgw("--offline", "inspect", f"oci://{registry.host}/a:1").code == 5


@pytest.fixture
def project(tree) -> Path:
    root = tree({"hgw.yaml": "name: demo\nversion: 1.0.0\n"})
    (root / "main.wasm").write_bytes(plugin())
    return root


def push(registry: FakeRegistry, project: Path, *more: str) -> AbstractContextManager[Hgw]:
    return running("push", f"{registry.host}/demo", *AS_JSON, *more, cwd=project)


def test_ctrl_c_in_an_upload_leaves_the_old_tag_and_nothing_else(registry, project):
    with push(registry, project) as hgw:
        before = hgw.document()["data"]["digest"]
    (project / "main.wasm").write_bytes(plugin() + b"\0\1\0")
    hold = threading.Event()
    held = Fault("PUT", "uploads/", hold=hold)
    registry.faults.append(held)

    with push(registry, project) as hgw:
        wait_for(lambda: held.times == 0, lambda: hgw.said)
        code = hgw.end(signal.SIGINT)
        hold.set()
        assert hgw.document()["error"]["code"] == "interrupted"

    assert code == 130
    assert digest_of(registry.manifests["demo"]["1.0.0"][1]) == before
    assert sorted(path.name for path in project.iterdir()) == ["hgw.yaml", "main.wasm"]
    with push(registry, project) as hgw:
        assert hgw.document()["data"]["tags"][0]["replaced"] == before


def test_two_pushes_at_once_both_end_well(registry, project):
    with push(registry, project) as one, push(registry, project) as other:
        digests = {one.document()["data"]["digest"], other.document()["data"]["digest"]}

    assert digests == {digest_of(registry.manifests["demo"]["1.0.0"][1])}
