"""`hgw package`, from hgw.yaml, go.mod and git to the bytes of an image."""

import hashlib
import json
import os
import re
import subprocess
import tarfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome
from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.schemas import validate
from tests.support.stub_compilers import SDK, fill_cache, stub_compilers

SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "package.json").read_text("utf-8"))
MAIN = f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n'
PLUGIN = {
    "go.mod": f"module example.com/team/shop-guard/v2\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n",
    "go.sum": f"{SDK} v1.0.1 h1:AAAA=\n",
    "main.go": MAIN,
}
NAMED = {**PLUGIN, "hgw.yaml": "name: demo\nversion: 1.2.3\n"}


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")


@pytest.fixture
def packed(hgw) -> Callable[..., dict[str, Any]]:
    """The envelope of `hgw package`, its `data` held against the schema where there is any."""

    def run(*argv: str) -> dict[str, Any]:
        outcome = hgw("--output", "json", "package", *argv)
        document = json.loads(outcome.out)
        assert document["exit_code"] == outcome.code
        if document["error"] is None:
            validate(document["data"], SCHEMA)
        return document

    return run


def blob(path: Path, digest: str) -> bytes:
    with tarfile.open(path) as tar:
        return tar.extractfile(f"blobs/{digest.replace(':', '/')}").read()


def layer_names(path: Path, data: dict[str, Any]) -> list[str]:
    [layer] = data["layers"]
    copy = path.with_suffix(".layer")
    copy.write_bytes(blob(path, layer["digest"]))
    with tarfile.open(copy) as tar:
        return tar.getnames()


def test_a_plugin_is_built_and_put_into_an_image(packed, tree):
    root = tree(NAMED)

    data = packed()["data"]

    module = (root / "main.wasm").read_bytes()
    assert data["path"] == str(root / "dist" / "demo-1.2.3.oci.tar")
    assert (data["name"]["value"], data["version"]["value"], data["abi"]) == ("demo", "1.2.3", "0.2.1")
    assert data["module_sha256"] == hashlib.sha256(module).hexdigest()
    manifest = json.loads(blob(Path(data["path"]), data["digest"]))
    assert manifest["annotations"] == {
        "io.higress.plugin.abi": "0.2.1",
        "io.higress.plugin.module.sha256": data["module_sha256"],
        "org.opencontainers.image.title": "demo",
        "org.opencontainers.image.version": "1.2.3",
    }
    assert layer_names(Path(data["path"]), data) == ["plugin.wasm"]


def test_the_second_time_nothing_changes_and_nothing_is_compiled(packed, tree):
    root = tree(NAMED)
    first = packed()["data"]
    built = (root / "main.wasm").stat().st_mtime_ns
    before = Path(first["path"]).read_bytes()

    again = packed()["data"]

    assert again["digest"] == first["digest"]
    assert Path(again["path"]).read_bytes() == before
    assert (root / "main.wasm").stat().st_mtime_ns == built


def test_text_says_where_name_and_version_come_from(hgw, tree):
    tree(NAMED)

    outcome = hgw("package")

    digest = re.search(r"sha256:[0-9a-f]{64}", outcome.out)
    assert digest is not None
    assert outcome.redacted() == Outcome(
        0,
        out="✓ dist/demo-1.2.3.oci.tar 2.9 kB\n"
        "name     demo  from hgw.yaml\n"
        "version  1.2.3  from hgw.yaml\n"
        "module   main.wasm  (ABI 0.2.1)\n"
        f"digest   {digest[0]}\n"
        "\n"
        "Next:\n"
        "  hgw push REGISTRY/demo  push it; REGISTRY is such as\n"
        "                          registry.example.com/plugins\n",
        err="Compiling demo for ABI 0.2.1 with TinyGo 0.30.0 ...\n",
    )


def test_where_no_plugin_is_that_is_said_before_anything_about_a_name(packed, tree, tmp_path):
    (tmp_path / "empty").mkdir()
    for words in ((), ("--name", "demo")):
        assert packed(str(tmp_path / "empty"), *words)["error"]["code"] == "no-project"


def test_the_next_command_keeps_the_folder_and_the_options(hgw, tree):
    root = tree({f"guard/{name}": text for name, text in PLUGIN.items()})

    out = hgw("package", "guard", "--image-version", "2.0.0", "--out", str(root / "image.tar")).out

    assert "hgw -C guard push REGISTRY/shop-guard --image-version 2.0.0" in out


def test_the_name_is_that_of_the_go_module_and_never_that_of_the_folder(packed, tree):
    root = tree(PLUGIN)

    document = packed()

    assert document["data"]["name"] == {"value": "shop-guard", "source": "go.mod"}
    assert document["data"]["version"] == {"value": "0.0.0", "source": "default"}
    (warning,) = document["warnings"]
    assert warning.startswith("the image's version is 0.0.0: hgw.yaml has no `version`, and no git tag describes the ")
    assert warning.endswith("set one with `--image-version 1.0.0`, or with `version: 1.0.0` in hgw.yaml")
    for path in root.iterdir():
        if path.is_file() and path.suffix != ".wasm":
            path.unlink()
    nameless = packed()
    assert (nameless["exit_code"], nameless["error"]["code"]) == (3, "image-name-missing")
    assert packed("--name", "given")["data"]["name"]["value"] == "given"


def test_git_says_the_version_where_hgw_yaml_does_not(packed, tree, monkeypatch):
    root = tree({f"plugins/guard/{name}": text for name, text in PLUGIN.items()})
    monkeypatch.setenv("PATH", f"{tmp_git(root)}:{os.environ['PATH']}")
    for words in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "-qm", "x"],
    ):
        subprocess.run(["/usr/bin/git", *words], cwd=root, check=True)

    def version() -> str:
        value = packed("plugins/guard")["data"]["version"]
        return f"{value['value']} ({value['source']})"

    assert version() == "0.0.0 (default)"
    subprocess.run(["/usr/bin/git", "tag", "v0.9.0"], cwd=root, check=True)
    assert version() == "0.9.0 (git describe)"
    subprocess.run(["/usr/bin/git", "tag", "plugins/guard/v1.4.0"], cwd=root, check=True)
    assert version() == "1.4.0 (git describe)"
    with (root / "plugins/guard/main.go").open("a") as source:
        source.write("// later\n")
    assert version() == "1.4.0-dirty (git describe)"
    monkeypatch.setenv("HGW_IMAGE_VERSION", "7")
    assert version() == "7 (HGW_IMAGE_VERSION)"


def test_a_repository_that_git_does_not_read_is_told_with_the_command_that_allows_it(packed, tree, monkeypatch):
    root = tree({"hgw.yaml": "name: demo\n"})
    (root / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS))
    subprocess.run(["/usr/bin/git", "init", "--quiet"], cwd=root, check=True)
    # What git's own tests set: as in a container whose root mounts the folder of somebody else.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    monkeypatch.setenv("LANGUAGE", "zh_CN")

    document = packed()

    assert document["data"]["version"]["value"] == "0.0.0"
    version, revision = document["warnings"]
    allowing = f"git config --global --add safe.directory {root}"
    assert allowing in version
    assert allowing in revision
    monkeypatch.setenv("PATH", str(root))
    assert "the program `git` was not found" in packed()["warnings"][0]


def test_time_and_revision_are_only_there_when_asked_for(packed, tree, monkeypatch):
    tree(NAMED)
    plain = packed()["data"]

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    timed = packed()["data"]

    assert timed["annotations"]["org.opencontainers.image.created"] == "2026-01-01T00:00:00Z"
    assert timed["digest"] != plain["digest"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert packed()["error"]["code"] == "choice-invalid"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    noted = packed("--annotation", "org.opencontainers.image.revision=abc", "--annotation", "a.b=c=d")["data"]
    assert noted["annotations"]["org.opencontainers.image.revision"] == "abc"
    assert noted["annotations"]["a.b"] == "c=d"
    assert packed("--annotation", "=x")["exit_code"] == 2


def test_other_files_go_beside_the_module_but_no_second_module(packed, tree):
    root = tree({**NAMED, "LICENSE": "free", "docs/README.md": "read", "README.md": "other", "b.wasm": ""})

    data = packed("--also", "README.md", "--also", "LICENSE")["data"]

    assert data["files"] == ["plugin.wasm", "LICENSE", "README.md"]
    assert layer_names(Path(data["path"]), data) == ["plugin.wasm", "LICENSE", "README.md"]
    second = packed("--also", "b.wasm")
    assert (second["exit_code"], second["error"]["code"]) == (2, "image-file-invalid")
    assert packed("--also", "README.md", "--also", "docs/README.md")["error"]["code"] == "image-file-invalid"
    missing = packed("--also", "nothing")
    assert (missing["exit_code"], missing["error"]["code"]) == (3, "file-unreadable")
    assert str(root / "nothing") in missing["error"]["message"]


def test_of_modules_for_every_abi_one_has_to_be_chosen(packed, tree, hgw):
    root = tree({**NAMED, "hgw.yaml": "name: demo\nversion: 1.2.3\nabi: all\n"})
    assert hgw("build").code == 0

    undecided = packed()
    assert (undecided["exit_code"], undecided["error"]["code"]) == (2, "abi-not-chosen")
    assert "--abi 0.2.1, --abi 0.2.100" in undecided["error"]["hint"]

    data = packed("--abi", "0.2.100", "--gateway", "v2.1.5")["data"]
    assert (data["abi"], data["module"]) == ("0.2.100", str(root / "main-0.2.100.wasm"))
    assert not (root / "main.wasm").exists(), "nothing had to be built"


def test_a_module_for_another_abi_is_built_again(packed, tree, hgw):
    root = tree(NAMED)
    assert hgw("build").code == 0

    data = packed("--abi", "0.2.100", "--gateway", "v2.1.5")["data"]

    assert (data["abi"], data["module"]) == ("0.2.100", str(root / "main.wasm"))


def test_what_the_gateway_would_refuse_is_not_packed_unless_told_to(packed, tree):
    root = tree({"hgw.yaml": "name: demo\nversion: 1.0.0\ngateway: v1.3.1\n"})
    exports = ("proxy_abi_version_0_2_100", *TINYGO_EXPORTS[1:])
    (root / "main.wasm").write_bytes(wasm(exports=exports))

    refused = packed()
    assert (refused["exit_code"], refused["error"]["code"]) == (1, "abi-too-new")
    assert not (root / "dist").exists()
    assert packed("--force")["ok"]


def test_a_faulty_module_of_the_project_is_refused_or_warned_about(packed, tree):
    root = tree(NAMED)
    (root / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS[:-2]))

    refused = packed("--no-build")
    assert (refused["exit_code"], refused["error"]["code"]) == (1, "allocator-missing")
    forced = packed("--no-build", "--force")
    assert forced["ok"]
    assert any("proxy_on_memory_allocate" in warning for warning in forced["warnings"])


def test_an_image_can_be_a_folder_but_takes_no_other_folders_place(packed, tree):
    root = tree({**NAMED, "kept/mine.txt": "mine"})

    data = packed("--out", "image")["data"]
    assert data["path"] == str(root / "image")
    assert (root / "image" / "oci-layout").is_file()
    assert (root / "image" / "blobs" / data["digest"].replace(":", "/")).is_file()
    assert packed("--out", "image")["data"]["digest"] == data["digest"]

    taken = packed("--out", "kept")
    assert (taken["exit_code"], taken["error"]["code"]) == (6, "image-out-taken")
    assert (root / "kept" / "mine.txt").read_text() == "mine"


def tmp_git(root: Path) -> Path:
    """A folder for the PATH with git alone."""
    folder = root.parent / "git"
    folder.mkdir(exist_ok=True)
    link = folder / "git"
    if not link.exists():
        link.symlink_to("/usr/bin/git")
    return folder
