"""Plugins of public reports, with the real go command and the real TinyGo: doctor and build say the same of each."""

import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.conftest import CACHE

pytestmark = pytest.mark.e2e

GOROUTINE = """
func init() {
	go report()
}

func report() {}
"""


@pytest.fixture
def copied(basic_plugin: Path, tmp_path: Path) -> Path:
    """A plugin to be changed, without a module."""
    folder = tmp_path / "above" / "plugin"
    shutil.copytree(basic_plugin, folder)
    for module in folder.glob("*.wasm"):
        module.unlink()
    return folder


def doctors_words(real_hgw, folder: Path, check: str) -> dict:
    ended = real_hgw("doctor", check, "--output", "json", cwd=folder)
    (found,) = ended.document["data"]["checks"]
    assert (ended.code == 1) is (found["status"] == "fail"), ended.out
    return found


def test_a_goroutine_is_named_with_its_line_by_doctor_and_build(copied: Path, real_hgw):
    main = copied / "main.go"
    line = len(main.read_text().splitlines()) + 3
    main.write_text(main.read_text() + GOROUTINE)

    found = doctors_words(real_hgw, copied, "source")
    built = real_hgw("build", "--output", "json", cwd=copied)

    assert (found["code"], found["found"].partition(": ")[0]) == ("goroutine", f"main.go:{line}:2")
    assert "no scheduler" in found["found"]
    assert (built.code, built.document["error"]["code"]) == (7, "goroutine"), built.out + built.err
    assert any(warning.startswith(f"main.go:{line}:2: ") for warning in built.document["warnings"])


def test_a_go_work_above_that_does_not_list_the_plugin_is_named(copied: Path, real_hgw):
    (copied.parent / "go.work").write_text("go 1.20\n")

    found = doctors_words(real_hgw, copied, "go-mod")
    built = real_hgw("build", "--output", "json", cwd=copied)
    without = real_hgw("doctor", "go-mod", cwd=copied, GOWORK="off")

    assert found["code"] == built.document["error"]["code"] == "go-work-excludes"
    assert (built.code, str(copied.parent / "go.work") in found["found"]) == (3, True)
    assert re.search(r"GOWORK=off \S*hgw build$", built.document["error"]["hint"])
    assert without.code == 0, without.out


def test_a_replacement_that_leads_nowhere_is_named_and_dropped(copied: Path, real_hgw):
    go_mod = copied / "go.mod"
    original = go_mod.read_text()
    go_mod.write_text(original + "\nreplace github.com/alibaba/higress/plugins/wasm-go => ../..\n")

    found = doctors_words(real_hgw, copied, "go-mod")
    built = real_hgw("build", "--output", "json", cwd=copied)
    dropped = real_hgw("toolchain", "exec", "--", *built.document["error"]["hint"].split(), cwd=copied)

    assert found["code"] == built.document["error"]["code"] == "replace-missing"
    assert (built.code, found["fix"]["commands"]) == (3, ["hgw doctor go-mod --fix --yes"])
    assert dropped.code == 0, dropped.err
    assert go_mod.read_text().rstrip() == original.rstrip()
    assert doctors_words(real_hgw, copied, "go-mod")["status"] == "ok"


@pytest.fixture
def own_store(real_variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables for a store of one's own, with the same tools in it: links to their files, which nobody changes."""
    home = CACHE / "e2e-store-pairs"
    shutil.rmtree(home, ignore_errors=True)
    tools = Path(real_variables["HGW_HOME"]) / "data" / "tools"
    shutil.copytree(tools, home / "data" / "tools", copy_function=os.link, symlinks=True)
    yield {"HGW_HOME": str(home)}
    shutil.rmtree(home)


def test_a_tinygo_is_not_paired_with_a_go_that_is_newer_than_the_one_that_compiled_it(
    copied: Path, real_hgw, own_store: dict[str, str]
):
    # A release of TinyGo takes a newer Go than a copy that was compiled here.
    compiled_here = any((Path(own_store["HGW_HOME"]) / "data" / "tools" / "tinygo").glob("*+module"))
    (copied / "slices.go").write_text('package main\n\nimport "slices"\n\nvar _ = slices.Contains([]int{1}, 1)\n')
    (copied / "hgw.yaml").write_text('toolchain: {go: "1.21"}\n')

    planned = real_hgw("install", "--dry-run", "--output", "json", cwd=copied, **own_store)
    fetched = real_hgw("install", "go@1.21", cwd=copied, **own_store)
    built = real_hgw("build", "--output", "json", cwd=copied, **own_store)
    doctor = real_hgw("doctor", "toolset", "--output", "json", cwd=copied, **own_store)

    assert planned.code == 0, planned.err
    versions = {tool["name"]: tool["version"] for tool in planned.document["data"]["planned"]}
    assert sorted(versions) == (["go", "tinygo"] if compiled_here else ["go"])
    assert versions["go"].startswith("1.21.")
    assert fetched.code == 0, fetched.err
    if compiled_here:
        error = built.document["error"]
        assert (built.code, error["code"]) == (4, "go-too-new"), built.out
        assert error["hint"].endswith("hgw install")
        assert "was compiled with Go 1.20" in error["message"]
        (found,) = doctor.document["data"]["checks"]
        assert (found["code"], found["fix"]["commands"]) == ("go-too-new", ["hgw install"])

    (copied / "hgw.yaml").write_text('toolchain: {go: "1.20"}\n')
    with_older = real_hgw("build", "--output", "json", cwd=copied, **own_store)

    error = with_older.document["error"]
    assert (with_older.code, error["code"]) == (7, "go-package-too-new"), with_older.out
    assert "slices.go:3:8" in error["message"]


NEEDS_GO_1_21 = """package newer

import "slices"

func Has(all []string, one string) bool { return slices.Contains(all, one) }
"""


def test_a_dependency_that_needs_a_newer_go_is_named_with_its_go_line(copied: Path, real_hgw, tmp_path: Path):
    cache = tmp_path / "proxy" / "example.com" / "newer" / "@v"
    cache.mkdir(parents=True)
    (cache / "v1.0.0.mod").write_text("module example.com/newer\n\ngo 1.21\n")
    with zipfile.ZipFile(cache / "v1.0.0.zip", "w") as archive:
        archive.write(cache / "v1.0.0.mod", "example.com/newer@v1.0.0/go.mod")
        archive.writestr("example.com/newer@v1.0.0/newer.go", NEEDS_GO_1_21)
    (cache / "v1.0.0.info").write_text('{"Version": "v1.0.0", "Time": "2024-01-01T00:00:00Z"}')
    (cache / "list").write_text("v1.0.0\n")
    (copied / "more.go").write_text('package main\n\nimport "example.com/newer"\n\nvar _ = newer.Has(nil, "")\n')

    variables = {"GOPROXY": f"file://{tmp_path / 'proxy'}", "GONOSUMDB": "*", "GOFLAGS": "-modcacherw"}
    built = real_hgw("build", "--output", "json", cwd=copied, **variables)

    error = built.document["error"]
    assert (built.code, error["code"]) == (7, "dependency-too-new"), built.out
    assert "example.com/newer" in error["message"]
    assert "Go 1.21" in error["message"]
