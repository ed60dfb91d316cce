"""`hgw clean`: what is kept where, and what each option removes."""

import json
from importlib import resources
from pathlib import Path

import filelock
import pytest

from higress_cli.gateway.run_folder import RunFolder
from higress_cli.system import fs
from higress_cli.system.staging import PREFIX, staging_folder
from tests.support.schemas import validate

SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "clean.json").read_text("utf-8"))
CACHED = ("cache/downloads/ab/go.tar.gz", "cache/builds/x.json", "cache/modules/y", "cache/oci/sha256/z")
TRACES = ("state/runs/20260101-000000-abcdef/envoy.log", "state/logs/pip.log")
OTHERS = ("data/tools/go/1.20/bin/go", "config/config.toml", "cache/somebody-elses")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in (*CACHED, *TRACES, *OTHERS):
        path = tmp_path / "hgw-home" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1000))
    fs.mark_as_cache(tmp_path / "hgw-home" / "cache")
    return tmp_path / "hgw-home"


@pytest.fixture
def cleaned(hgw):
    def run(*argv: str):
        outcome = hgw("--output", "json", "clean", *argv)
        assert outcome.code == 0, outcome.err
        document = json.loads(outcome.out)
        validate(document["data"], SCHEMA)
        return document

    return run


def there(home: Path) -> set[str]:
    return {name for name in (*CACHED, *TRACES, *OTHERS) if (home / name).exists()}


def test_without_an_option_it_only_says_what_is_there(cleaned, hgw, home):
    data = cleaned()["data"]

    assert (data["bytes"], data["removed_bytes"]) == (6000, 0)
    assert {Path(item["path"]).relative_to(home).as_posix(): item["bytes"] for item in data["kept"]} == {
        "state/runs": 1000, "state/logs": 1000, "cache/downloads": 1000, "cache/builds": 1000, "cache/modules": 1000,
        "cache/oci": 1000,
    }  # fmt: skip
    assert there(home) == {*CACHED, *TRACES, *OTHERS}
    text = hgw("clean").out
    assert "1.0 kB" in text
    assert "hgw clean --all" in text.replace(" -m higress_cli", "")


@pytest.mark.parametrize(
    ("option", "left"), [("--runs", CACHED), ("--cache", TRACES), ("--all", ())], ids=["runs", "cache", "all"]
)
def test_each_option_removes_its_part_and_nothing_else(cleaned, home, option, left):
    data = cleaned(option)["data"]

    assert there(home) == {*left, *OTHERS}
    assert data["removed_bytes"] == 6000 - 1000 * len(left)
    assert cleaned(option)["data"]["removed_bytes"] == 0


@pytest.mark.parametrize("option", ["--cache", "--all"])
@pytest.mark.parametrize("tag", [None, b"Signature: 8a477f597d28d172789f06886806bc55\n"], ids=["none", "another's"])
def test_a_folder_that_hgw_did_not_mark_as_its_cache_stays_with_all_else(hgw, home, option, tag):
    (home / "cache" / "CACHEDIR.TAG").unlink()
    if tag:
        (home / "cache" / "CACHEDIR.TAG").write_bytes(tag)
    for name in ("downloads", "builds", "modules"):
        fs.mark_as_cache(home / "cache" / name)

    outcome = hgw("--output", "json", "clean", option)

    assert outcome.code == 6
    error = json.loads(outcome.out)["error"]
    assert (error["code"], error["details"]["path"]) == ("cache-untagged", str(home / "cache" / "oci"))
    assert there(home) == {*CACHED, *TRACES, *OTHERS}
    fs.mark_as_cache(home / "cache" / "oci")
    assert hgw("clean", option).code == 0
    assert not there(home) & set(CACHED)


def test_a_dry_run_says_what_would_go_and_removes_nothing(cleaned, hgw, home):
    run = RunFolder.create(home / "state" / "runs")
    (run.path / "envoy.log").write_bytes(bytes(500))

    data = cleaned("--all", "--dry-run")["data"]

    assert (data["dry_run"], data["removed_bytes"], data["runs_in_use"]) == (True, 6000, 1)
    assert there(home) == {*CACHED, *TRACES, *OTHERS}
    text = hgw("clean", "--cache", "--dry-run").out
    assert "would remove 4.0 kB" in text
    assert "downloads" in text
    assert "logs" not in text
    run.leave()
    assert cleaned("--all")["data"]["removed_bytes"] == 6000 + 500


def test_a_run_in_use_stays(cleaned, home):
    run = RunFolder.create(home / "state" / "runs")
    (run.path / "envoy.log").write_bytes(b"x")

    document = cleaned("--all")

    assert (run.path / "envoy.log").exists()
    assert document["data"]["runs_in_use"] == 1
    assert document["warnings"] == ["1 run is in use and was left alone"]
    run.leave()
    cleaned("--all")
    assert not run.path.exists()


def test_the_files_of_a_running_build_stay(cleaned, home):
    builds = home / "cache" / "builds"
    dead = builds / f"{PREFIX}dead"
    dead.mkdir()
    (dead / "lock").touch()
    with staging_folder(builds / "main.wasm") as running:
        (running / "main.wasm").write_bytes(b"x")

        document = cleaned("--cache")

        assert (running / "main.wasm").exists()
        assert document["data"]["builds_in_use"] == 1
        assert document["warnings"] == ["1 build is running, and its files were left alone"]
        assert not dead.exists()
        assert not (builds / "x.json").exists()
    assert cleaned("--cache")["data"]["builds_in_use"] == 0


def test_downloads_stay_while_tools_are_installed(cleaned, home):
    with filelock.FileLock(home / "data" / "tools" / ".lock"):
        document = cleaned("--cache")

        assert there(home) >= {"cache/downloads/ab/go.tar.gz"}
        assert document["data"]["downloads_in_use"]
        assert document["warnings"] == ["another hgw is installing tools, and downloads were left alone"]
    assert not cleaned("--cache")["data"]["downloads_in_use"]
    assert there(home) == {*TRACES, *OTHERS}


def test_a_machine_without_anything(cleaned):
    assert cleaned("--all")["data"]["bytes"] == 0


def test_the_text_says_what_was_removed_what_is_left_and_that_builds_compile_again(hgw, home):
    out = hgw("clean", "--cache").out

    assert out.splitlines()[0].split()[:2] == ["removed", "left"]
    assert "removed 4.0 kB, 2.0 kB left" in out
    assert "compiles again" in out
    assert "compiles again" not in hgw("clean", "--runs").out
    assert hgw("clean", "--runs").out == hgw("clean", "--runs", "--dry-run").out == "There is nothing to remove.\n"
    assert hgw("--lang", "zh", "clean", "--all").out == "没有可删除的内容。\n"


def test_what_compilers_keep_in_a_folder_of_the_users_own_is_removed_and_nothing_beside_it(
    cleaned, home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "kept"
    for name in ("go-build", "go-mod", "tinygo", "mine"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_bytes(bytes(500))
    monkeypatch.setenv("HGW_COMPILER_CACHE", str(folder))
    kept = {Path(item["path"]): item["bytes"] for item in cleaned()["data"]["kept"]}
    assert [kept[folder / name] for name in ("go-build", "go-mod", "tinygo")] == [500, 500, 500]
    for name in ("go-build", "go-mod", "tinygo"):
        fs.mark_as_cache(folder / name)
    assert cleaned("--cache")["data"]["removed_bytes"] > 1500
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_a_folder_that_hgw_has_not_marked_stays_whoever_named_it(hgw, home, tmp_path: Path, monkeypatch):
    (tmp_path / "kept" / "go-mod").mkdir(parents=True)
    (tmp_path / "kept" / "go-mod" / "file").write_bytes(b"mine")
    monkeypatch.setenv("HGW_COMPILER_CACHE", str(tmp_path / "kept"))
    assert json.loads(hgw("--output", "json", "clean", "--cache").out)["error"]["code"] == "cache-untagged"
    assert (tmp_path / "kept" / "go-mod" / "file").exists()
