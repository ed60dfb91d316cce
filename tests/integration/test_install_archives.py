"""hgw install from release hosts: everything whole and verified, or nothing at all."""

import hashlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.releases import PinnedHgw, Releases, archive, file_name, packed, serving
from tests.support.tool_stubs import stub_tools

DEFAULT = ["binaryen/123+archive", "go/1.20.14+archive", "tinygo/0.29.0+archive"]
MakeHgw = Callable[..., PinnedHgw]


@pytest.fixture
def releases() -> Iterator[Releases]:
    """Both hosts with the sets that hgw prefers first."""
    with serving(Releases()) as server:
        for tool, version in (("go", "1.20.14"), ("tinygo", "0.29.0"), ("tinygo", "0.30.0"), ("binaryen", "123")):
            server.add(tool, version)
        yield server


@pytest.fixture
def pinned(tmp_path: Path, releases: Releases) -> MakeHgw:
    """An hgw that knows what the hosts have; made when a test has said what that is."""

    def make(**more: str) -> PinnedHgw:
        return PinnedHgw(tmp_path, releases, **more)

    return make


def tools_of(out: str) -> dict[str, dict]:
    return {tool["name"]: tool for tool in json.loads(out)["data"]["tools"]}


def test_the_default_set_is_downloaded_verified_and_kept(pinned: MakeHgw, releases: Releases) -> None:
    hgw = pinned()
    ended = hgw("install", "--output", "json")
    assert ended.code == 0, ended.err
    tools = tools_of(ended.out)
    assert {name: (tool["version"], tool["source"]) for name, tool in tools.items()} == {
        "go": ("1.20.14", "archive"),
        "tinygo": ("0.29.0", "archive"),
        "binaryen": ("123", "archive"),
    }
    for name, tool in tools.items():
        content = releases.files[file_name(name, tool["version"])]
        assert tool["sha256"] == hashlib.sha256(content).hexdigest()
        assert Path(tool["path"]).is_file()
        assert [item["source"] for item in tool["tried"]] == ["system"]
    assert tools["go"]["origin"] == f"{releases.url}/dl/{file_name('go', '1.20.14')}"
    assert hgw.installed() == DEFAULT
    assert (hgw.home / "cache" / "CACHEDIR.TAG").is_file()
    receipt = json.loads((hgw.tools / "tinygo" / "0.29.0+archive" / "receipt.json").read_text("utf-8"))
    assert receipt["digest"] == tools["tinygo"]["sha256"]
    assert receipt["files"] == 4


def test_a_second_call_downloads_nothing(pinned: MakeHgw, releases: Releases) -> None:
    hgw = pinned()
    assert hgw("install").code == 0
    asked = len(releases.requests)
    again = hgw("install", "--output", "json")
    assert again.code == 0
    assert len(releases.requests) == asked
    assert all(tool["seconds"] == 0 for tool in tools_of(again.out).values())


def test_text_says_what_is_where_and_what_comes_next(pinned: MakeHgw) -> None:
    hgw = pinned()
    ended = hgw("install")
    lines = ended.out.splitlines()
    assert lines[0].split() == ["tool", "version", "source", "where"]
    assert lines[2].split() == ["tinygo", "0.29.0", "archive", str(hgw.tools / "tinygo/0.29.0+archive/bin/tinygo")]
    assert "tinygo: system: not on the PATH" in ended.out
    program = Path(sys.executable).with_name("hgw")
    commands = [line.removeprefix(f"  {program} ") for line in lines if line.startswith(f"  {program} ")]
    assert [command.split("  ")[0] for command in commands] == ["init my-plugin", "build"]
    assert "Downloading TinyGo 0.29.0" in ended.err


def test_a_transfer_that_was_cut_goes_on_where_it_ended(pinned: MakeHgw, releases: Releases) -> None:
    name = file_name("go", "1.20.14")
    releases.add("go", "1.20.14", padding=200_000)
    # The first look at the host is not for the bytes.
    releases.cuts[name] = 2
    hgw = pinned()
    assert hgw("install", "go").code == 0
    assert any(wanted.startswith("bytes=") for wanted in releases.ranges)
    assert hgw.installed() == ["go/1.20.14+archive"]


def test_wrong_bytes_are_never_installed(pinned: MakeHgw, releases: Releases) -> None:
    releases.wrong.add(file_name("binaryen", "123"))
    hgw = pinned()
    ended = hgw("install", "binaryen", "--source", "archive", "--output", "json")
    assert ended.code == 5
    error = json.loads(ended.out)["error"]
    assert error["code"] == "checksum-mismatch"
    assert error["hint"]
    assert hgw.installed() == []
    releases.wrong.clear()
    assert hgw("install", "binaryen").code == 0


def test_a_release_that_is_not_there_makes_way_for_the_next_set(pinned: MakeHgw, releases: Releases) -> None:
    releases.statuses[file_name("tinygo", "0.29.0")] = 404
    hgw = pinned()
    ended = hgw("install", "--output", "json")
    assert ended.code == 0, ended.err
    tinygo = tools_of(ended.out)["tinygo"]
    assert tinygo["version"] == "0.30.0"
    assert any(item["source"] == "archive" and item["reason"].startswith("0.29.0: ") for item in tinygo["tried"])
    assert any("404" in item["reason"] for item in tinygo["tried"])


@pytest.mark.parametrize("status", [403, 407, 451])
def test_a_host_that_refuses_is_out_of_reach_and_asked_once(pinned: MakeHgw, releases: Releases, status: int) -> None:
    releases.statuses["*"] = status
    hgw = pinned()
    started = time.monotonic()
    ended = hgw("install", "--output", "json")
    assert ended.code == 5
    assert time.monotonic() - started < 15
    error = json.loads(ended.out)["error"]
    assert str(status) in error["message"]
    assert "HGW_MIRROR_GITHUB" in error["hint"]
    assert "module" in [item["source"] for item in error["details"]["tried"]["tinygo"]]
    assert len(releases.requests) == 1
    assert hgw.installed() == []


def test_a_host_that_is_busy_is_waited_for(pinned: MakeHgw, releases: Releases) -> None:
    name = file_name("binaryen", "123")
    releases.busy[name] = 2  # the first is the look at the host
    hgw = pinned()
    started = time.monotonic()
    ended = hgw("install", "binaryen")
    assert ended.code == 0, ended.err
    assert time.monotonic() - started >= 1
    assert hgw.installed() == ["binaryen/123+archive"]


def test_a_bad_ssl_cert_file_is_said_to_be_so(pinned: MakeHgw, tmp_path: Path) -> None:
    ended = pinned()("install", "binaryen", "--output", "json", SSL_CERT_FILE=str(tmp_path / "none.pem"))
    error = json.loads(ended.out)["error"]
    assert ended.code == 5
    assert f"SSL_CERT_FILE={tmp_path / 'none.pem'}" in error["message"]
    assert "SSL_CERT_FILE" in error["hint"]


def test_hosts_that_do_not_answer_cost_seconds(pinned: MakeHgw) -> None:
    hgw = pinned()
    started = time.monotonic()
    ended = hgw("install", HGW_MIRROR_GO="http://127.0.0.1:9/dl", HGW_MIRROR_GITHUB="http://127.0.0.1:9")
    assert ended.code == 5
    assert time.monotonic() - started < 15
    assert "TinyGo: archive: 0.29.0, 0.30.0: http://127.0.0.1:9: " in ended.err
    assert ended.err.splitlines()[-1].startswith("hint: ")


def test_a_proxy_that_refuses_is_blamed_and_not_the_hosts(pinned: MakeHgw) -> None:
    ended = pinned()("install", "--output", "json", HTTP_PROXY="http://127.0.0.1:9")
    error = json.loads(ended.out)["error"]
    assert ended.code == 5
    assert "the proxy http://127.0.0.1:9 (from HTTP_PROXY) fails" in error["message"]
    assert error["hint"] == "check the proxy that HTTP_PROXY names, or unset HTTP_PROXY"


def test_a_second_mirror_is_tried_where_the_first_fails(pinned: MakeHgw, releases: Releases) -> None:
    hgw = pinned()
    ended = hgw("install", "binaryen", "--output", "json", HGW_MIRROR_GITHUB=f"http://127.0.0.1:9,{releases.url}")
    assert ended.code == 0, ended.err
    assert tools_of(ended.out)["binaryen"]["origin"].startswith(releases.url)


def test_files_do_wherever_urls_do(pinned: MakeHgw, releases: Releases, tmp_path: Path) -> None:
    hgw = pinned()
    site = tmp_path / "a mirror 镜像"
    site.mkdir()
    (site / file_name("go", "1.20.14")).write_bytes(releases.files[file_name("go", "1.20.14")])
    ended = hgw("install", "go", "--offline", HGW_MIRROR_GO=site.as_uri())
    assert ended.code == 0, ended.err
    assert releases.requests == []


def test_an_archive_for_another_machine_is_not_kept(pinned: MakeHgw, releases: Releases) -> None:
    releases.add("binaryen", "123", script="exec /lib/ld-of-another-machine\n")
    hgw = pinned()
    ended = hgw("install", "binaryen", "--source", "archive", "--output", "json")
    assert ended.code == 4
    assert json.loads(ended.out)["error"]["code"] == "tool-unusable"
    assert hgw.installed() == []


def test_an_archive_that_holds_something_else_is_not_kept(pinned: MakeHgw, releases: Releases) -> None:
    releases.add("binaryen", "123", packed({"binaryen/README": (b"no program", 0o644)}))
    hgw = pinned()
    ended = hgw("install", "binaryen", "--source", "archive", "--output", "json")
    assert ended.code == 5
    assert json.loads(ended.out)["error"]["code"] == "archive-unexpected"
    assert hgw.installed() == []


def test_a_path_with_spaces_and_chinese_characters_is_a_path(pinned: MakeHgw, tmp_path: Path) -> None:
    hgw = pinned()
    home = tmp_path / "我的 工具 (1)"
    ended = hgw("install", "--output", "json", HGW_HOME=str(home))
    assert ended.code == 0, ended.err
    assert all(tool["path"].startswith(str(home)) for tool in tools_of(ended.out).values())
    assert hgw("install", "--offline", HGW_HOME=str(home)).code == 0


def test_a_store_that_cannot_be_made_is_said_to_be_so(pinned: MakeHgw, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("not a folder", encoding="utf-8")
    ended = pinned()("install", "--output", "json", HGW_HOME=str(tmp_path / "a-file" / "hgw"))
    error = json.loads(ended.out)["error"]
    assert (ended.code, error["code"]) == (6, "not-a-folder")
    assert "HGW_HOME" in error["hint"]


# Killed, interrupted, twice at once ------------------------------------------------------------------------------


@pytest.mark.usefixtures("unmeasured")
def test_killed_in_a_download_it_leaves_no_tool_and_the_next_one_goes_on(pinned: MakeHgw, releases: Releases) -> None:
    name = file_name("tinygo", "0.29.0")
    releases.add("tinygo", "0.29.0", padding=300_000)
    releases.slow.add(name)
    hgw = pinned()
    process = hgw.start("install", "tinygo")
    _let_it_download(hgw, name)
    process.kill()
    process.communicate()
    assert not [path for path in hgw.installed() if "+" in path]
    releases.slow.clear()
    releases.ranges.clear()
    assert hgw("install", "tinygo").code == 0
    assert any(wanted.startswith("bytes=") for wanted in releases.ranges)
    assert hgw.installed() == ["tinygo/0.29.0+archive"]


def _let_it_download(hgw: PinnedHgw, name: str) -> None:
    """Until bytes of the archive lie on the disk: the look at the host before comes to the same server."""
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size > 1000 for path in hgw.home.rglob(f"{name}.partial")):
        assert time.monotonic() < deadline, "nothing was downloaded"
        time.sleep(0.05)


@pytest.mark.usefixtures("unmeasured")
def test_killed_at_any_moment_it_leaves_a_tool_whole_or_not_at_all(pinned: MakeHgw, releases: Releases) -> None:
    releases.add("go", "1.20.14", padding=3_000_000)
    hgw = pinned()
    for tenths in range(3, 15, 2):
        process = hgw.start("install")
        time.sleep(tenths / 10)
        process.kill()
        process.communicate()
        for folder in hgw.tools.glob("*/*+*"):
            receipt = json.loads((folder / "receipt.json").read_text("utf-8"))
            assert len([path for path in folder.rglob("*") if path.is_file()]) == receipt["files"] + 1
    ended = hgw("install")
    assert ended.code == 0, ended.err
    assert hgw.installed() == DEFAULT


def test_interrupted_it_says_so_and_leaves_nothing_behind(pinned: MakeHgw, releases: Releases) -> None:
    name = file_name("tinygo", "0.29.0")
    releases.add("tinygo", "0.29.0", padding=300_000)
    releases.slow.add(name)
    hgw = pinned()
    process = hgw.start("install", "--output", "json")
    _let_it_download(hgw, name)
    process.send_signal(signal.SIGINT)
    out, _err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert hgw.installed() == []


def test_two_at_once_share_the_work(pinned: MakeHgw, releases: Releases) -> None:
    name = file_name("tinygo", "0.29.0")
    releases.add("tinygo", "0.29.0", padding=300_000)
    releases.slow.add(name)
    hgw = pinned()
    first = hgw.start("install")
    _let_it_download(hgw, name)
    second = hgw.start("install", "--output", "json")
    assert second.stderr is not None
    assert "waiting for another hgw" in second.stderr.readline()
    releases.release.set()
    first.communicate(timeout=60)
    out, err = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0), err
    assert all(tool["seconds"] == 0 for tool in tools_of(out).values())
    assert hgw.installed() == DEFAULT
    assert releases.served[file_name("go", "1.20.14")] == releases.served[file_name("binaryen", "123")] == 1


# Damage ----------------------------------------------------------------------------------------------------------


def _no_receipt(folder: Path) -> None:
    (folder / "receipt.json").unlink()


def _no_executable(folder: Path) -> None:
    (folder / "bin" / "tinygo").unlink()


def _file_gone(folder: Path) -> None:
    (folder / "README").unlink()


def _mute(folder: Path) -> None:
    (folder / "bin" / "tinygo").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")


def _receipt_broken(folder: Path) -> None:
    (folder / "receipt.json").write_text("{", encoding="utf-8")


def _receipt_of_another_shape(folder: Path) -> None:
    (folder / "receipt.json").write_text('{"name": 1, "search": 2}', encoding="utf-8")


def _cut_off(folder: Path) -> None:
    with (folder / "src" / "data").open("r+b") as file:
        file.truncate(5)


def _one_bit(folder: Path) -> None:
    """The program still starts and says its version."""
    program = folder / "bin" / "tinygo"
    program.write_bytes(program.read_bytes().replace(b"linux", b"linuX"))


_HARMS = [
    _no_receipt,
    _no_executable,
    _file_gone,
    _mute,
    _receipt_broken,
    _receipt_of_another_shape,
    _cut_off,
    _one_bit,
]


@pytest.mark.parametrize("harm", _HARMS)
def test_a_damaged_tool_is_noticed_and_repaired(pinned: MakeHgw, harm: Callable[[Path], None]) -> None:
    hgw = pinned()
    assert hgw("install").code == 0
    folder = hgw.tools / "tinygo" / "0.29.0+archive"
    harm(folder)
    ended = hgw("install", "--output", "json")
    assert ended.code == 0, ended.err
    assert "warning: " in ended.err
    assert str(folder) in ended.err
    assert tools_of(ended.out)["tinygo"]["version"] == "0.29.0"
    assert (folder / "README").is_file()
    assert "warning: " not in hgw("install").err


def _stray_file(folder: Path) -> None:
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder.parent / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")


def _receipt_of_a_newer_hgw(folder: Path) -> None:
    receipt = json.loads((folder / "receipt.json").read_text("utf-8"))
    (folder / "receipt.json").write_text(json.dumps({**receipt, "signed_by": ["a", "b"], "schema": 2}), "utf-8")


@pytest.mark.parametrize("change", [_stray_file, _receipt_of_a_newer_hgw])
def test_what_does_no_harm_is_left_alone(pinned: MakeHgw, releases: Releases, change: Callable[[Path], None]) -> None:
    hgw = pinned()
    assert hgw("install").code == 0
    folder = hgw.tools / "tinygo" / "0.29.0+archive"
    change(folder)
    before, asked = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}, len(releases.requests)

    ended = hgw("install", "--offline")

    assert (ended.code, "warning" in ended.err) == (0, False), ended.err
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert len(releases.requests) == asked
    assert hgw("doctor", "tinygo").code == 0


@pytest.mark.parametrize("harm", _HARMS)
def test_a_damaged_tool_stays_until_its_replacement_is_there(pinned: MakeHgw, harm: Callable[[Path], None]) -> None:
    hgw = pinned()
    assert hgw("install").code == 0
    folder = hgw.tools / "tinygo" / "0.29.0+archive"
    harm(folder)
    left = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    shutil.rmtree(hgw.home / "cache")

    ended = hgw("install", "--offline", "--output", "json")

    assert (ended.code, json.loads(ended.out)["error"]["code"]) == (5, "offline")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == left
    assert hgw("install").code == 0
    assert not list(hgw.tools.rglob(".hgw-staging-*"))


@pytest.mark.parametrize("harm", [_cut_off, _one_bit, _file_gone])
def test_doctor_names_what_is_damaged(pinned: MakeHgw, harm: Callable[[Path], None]) -> None:
    hgw = pinned()
    assert hgw("install").code == 0
    harm(hgw.tools / "tinygo" / "0.29.0+archive")

    ended = hgw("doctor", "tinygo", "toolset", "--output", "json")

    checks = {check["id"]: check for check in json.loads(ended.out)["data"]["checks"]}
    assert ended.code == 1
    assert (checks["tinygo"]["status"], checks["tinygo"]["fix"]["commands"]) == ("fail", ["hgw install"])
    assert str(hgw.tools / "tinygo" / "0.29.0+archive") in checks["tinygo"]["why"]
    assert checks["toolset"]["status"] == "skip"
    assert hgw("doctor", "tinygo", "--fix").code == 0


def test_a_damaged_tool_does_not_get_into_a_new_set(pinned: MakeHgw) -> None:
    hgw = pinned()
    assert hgw("install", "go").code == 0
    _file_gone(hgw.tools / "go" / "1.20.14+archive")
    ended = hgw("install")
    assert ended.code == 0, ended.err
    assert "warning: " in ended.err
    assert (hgw.tools / "go" / "1.20.14+archive" / "README").is_file()


def test_a_repair_needs_no_network_where_the_archive_is_kept(pinned: MakeHgw) -> None:
    hgw = pinned()
    assert hgw("install").code == 0
    shutil.rmtree(hgw.tools / "go" / "1.20.14+archive" / "bin")
    assert hgw("install", "--offline").code == 0


# Without a network -----------------------------------------------------------------------------------------------


def test_offline_names_what_to_carry_and_takes_it(pinned: MakeHgw, releases: Releases) -> None:
    hgw = pinned()
    ended = hgw("install", "--offline", "--output", "json")
    assert ended.code == 5
    error = json.loads(ended.out)["error"]
    assert error["code"] == "offline"
    assert releases.requests == []
    files = error["details"]["files"]
    assert {file["tool"] for file in files} == {"go", "tinygo", "binaryen"}
    for file in files:
        assert file["url"] in error["message"]
        assert file["path"] in error["message"]
        Path(file["path"]).parent.mkdir(parents=True)
        Path(file["path"]).write_bytes(releases.files[Path(file["path"]).name])
    carried = hgw("install", "--offline")
    assert carried.code == 0, carried.err
    assert hgw.installed() == DEFAULT
    assert releases.requests == []


# Said before it is done --------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_be_fetched_and_changes_nothing(pinned: MakeHgw, releases: Releases) -> None:
    hgw = pinned()
    ended = hgw("install", "--dry-run", "--output", "json")
    assert ended.code == 0, ended.err
    data = json.loads(ended.out)["data"]
    assert (data["dry_run"], data["tools"]) == (True, [])
    planned = {tool["name"]: tool for tool in data["planned"]}
    for name, version in (("go", "1.20.14"), ("tinygo", "0.29.0"), ("binaryen", "123")):
        content = releases.files[file_name(name, version)]
        tool = planned[name]
        assert (tool["version"], tool["source"], tool["bytes"]) == (version, "archive", len(content))
        (download,) = tool["downloads"]
        assert download["digest"] == hashlib.sha256(content).hexdigest()
        assert download["url"].startswith(releases.url)
        assert tool["consent"] is None
        assert tool["path"] == str(hgw.tools / name / f"{version}+archive")
    assert not hgw.home.exists()
    done = hgw("install", "--output", "json")
    assert {name: tool["path"] for name, tool in planned.items()} == {
        name: str(Path(tool["path"]).parents[1]) for name, tool in tools_of(done.out).items()
    }
    after = json.loads(hgw("install", "--dry-run", "--output", "json").out)["data"]
    assert [tool["name"] for tool in after["tools"]] == ["go", "tinygo", "binaryen"]
    assert after["planned"] == []


def test_a_dry_run_in_words(pinned: MakeHgw, releases: Releases) -> None:
    releases.add("go", "1.20.14", padding=1_200_000)
    hgw = pinned()
    ended = hgw("install", "go", "--dry-run")
    lines = ended.out.splitlines()
    assert lines[:4] == [
        "Would be fetched:",
        "  go 1.20.14 (archive, 1.20 MB)",
        f"    {releases.url}/dl/go1.20.14.tar.gz  1.20 MB",
        f"    -> {hgw.tools}/go/1.20.14+archive",
    ]
    assert lines[-1] == "1.20 MB in total. Nothing was changed."
    assert hgw("install", "go").code == 0
    assert hgw("install", "go", "--dry-run").out.splitlines()[-1] == (
        "Everything is already here; `hgw install` would fetch nothing."
    )


def test_a_dry_run_counts_what_is_kept_and_what_is_damaged(pinned: MakeHgw) -> None:
    hgw = pinned()
    assert hgw("install").code == 0
    _file_gone(hgw.tools / "go" / "1.20.14+archive")
    ended = hgw("install", "--dry-run", "--output", "json")
    data = json.loads(ended.out)["data"]
    assert [tool["name"] for tool in data["tools"]] == ["tinygo", "binaryen"]
    (go,) = data["planned"]
    assert (go["name"], go["bytes"], go["downloads"][0]["kept"]) == ("go", 0, True)
    assert not (hgw.tools / "go" / "1.20.14+archive" / "README").exists()


def test_a_dry_run_of_an_archive_that_the_user_names(pinned: MakeHgw, releases: Releases) -> None:
    content = releases.add("binaryen", "119")
    url = f"{releases.url}/anywhere/{file_name('binaryen', '119')}"
    hgw = pinned()
    named = ("--archive", url, "--sha256", hashlib.sha256(content).hexdigest())
    ended = hgw("install", "wasm-opt", *named, "--dry-run", "--output", "json")
    (planned,) = json.loads(ended.out)["data"]["planned"]
    assert (planned["name"], planned["version"], planned["bytes"]) == ("binaryen", None, len(content))
    assert not hgw.home.exists()


# An archive from anywhere ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_url", [False, True])
def test_an_archive_that_the_user_names_is_installed(pinned: MakeHgw, tmp_path: Path, as_url: bool) -> None:
    hgw = pinned()
    content = archive("tinygo", "0.31.1")
    file = hgw.work / "my tinygo.tar.gz"
    file.write_bytes(content)
    given = file.as_uri() if as_url else file.name
    digest = hashlib.sha256(content).hexdigest().upper()
    ended = hgw("install", "tinygo", "--archive", given, "--sha256", digest, "--output", "json")
    assert ended.code == 0, ended.err
    (tool,) = tools_of(ended.out).values()
    assert (tool["version"], tool["source"], tool["sha256"]) == ("0.31.1", "archive", digest.lower())
    assert hgw.installed() == ["tinygo/0.31.1+archive"]


def test_an_archive_over_http_is_installed(pinned: MakeHgw, releases: Releases) -> None:
    content = releases.add("binaryen", "119")
    digest = hashlib.sha256(content).hexdigest()
    url = f"{releases.url}/anywhere/{file_name('binaryen', '119')}"
    hgw = pinned()
    assert hgw("install", "wasm-opt", "--archive", url, "--sha256", digest).code == 0
    assert hgw.installed() == ["binaryen/119+archive"]


def test_a_named_archive_is_what_the_user_says_or_nothing(pinned: MakeHgw) -> None:
    hgw = pinned()
    content = archive("tinygo", "0.31.1")
    (hgw.work / "t.tar.gz").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()

    def outcome(*argv: str) -> tuple[int, str]:
        ended = hgw("install", *argv, "--output", "json")
        return ended.code, json.loads(ended.out)["error"]["code"]

    assert outcome("tinygo", "--archive", "t.tar.gz", "--sha256", "0" * 64) == (5, "checksum-mismatch")
    assert outcome("tinygo", "--archive", "missing.tar.gz", "--sha256", digest) == (5, "download-failed")
    assert outcome("tinygo@0.30.0", "--archive", "t.tar.gz", "--sha256", digest) == (4, "tool-unusable")
    assert outcome("go", "--archive", "t.tar.gz", "--sha256", digest) == (5, "archive-unexpected")
    (hgw.work / "u.tar.gz").write_bytes(archive("tinygo", "0.35.0"))
    refused = hashlib.sha256((hgw.work / "u.tar.gz").read_bytes()).hexdigest()
    assert outcome("tinygo", "--archive", "u.tar.gz", "--sha256", refused) == (4, "tinygo-refused")
    assert not [path for path in hgw.installed() if "+" in path]


# With tools of the system ----------------------------------------------------------------------------------------


def test_a_go_of_the_system_that_fits_saves_its_download(pinned: MakeHgw, releases: Releases, tmp_path: Path) -> None:
    hgw = pinned(path=stub_tools(tmp_path / "bin", go="1.21.5", wasm_opt="116"))
    ended = hgw("install", "--output", "json")
    assert ended.code == 0, ended.err
    sources = {name: (tool["version"], tool["source"]) for name, tool in tools_of(ended.out).items()}
    assert sources == {
        "go": ("1.21.5", "system"),
        "tinygo": ("0.29.0", "archive"),
        "binaryen": ("116", "system"),
    }
    assert hgw.installed() == ["tinygo/0.29.0+archive"]


def test_a_tool_of_the_system_that_does_not_fit_is_passed_over_with_the_reason(pinned: MakeHgw, tmp_path: Path) -> None:
    hgw = pinned(path=stub_tools(tmp_path / "bin", go="1.26.8", tinygo="0.35.0", wasm_opt="101"))
    tools = tools_of(hgw("install", "--output", "json").out)
    reasons = {name: tool["tried"][0] for name, tool in tools.items()}
    assert all(item["source"] == "system" for item in reasons.values())
    assert "1.26.8" in reasons["go"]["reason"]
    assert "1.18 - 1.21" in reasons["go"]["reason"]
    assert "0.35.0" in reasons["tinygo"]["reason"]
    assert "102" in reasons["binaryen"]["reason"]
    assert all(tool["source"] == "archive" for tool in tools.values())


def test_the_go_profile_gets_go_alone(pinned: MakeHgw, releases: Releases, tmp_path: Path) -> None:
    releases.add("go", "1.24.4")
    hgw = pinned(path=stub_tools(tmp_path / "bin", go="1.23.9"))
    ended = hgw("install", "--profile", "go", "--output", "json")
    assert ended.code == 0, ended.err
    assert {name: tool["version"] for name, tool in tools_of(ended.out).items()} == {"go": "1.24.4"}
    assert hgw.installed() == ["go/1.24.4+archive"]


def test_the_versions_of_hgw_yaml_are_got(pinned: MakeHgw, releases: Releases) -> None:
    releases.add("go", "1.21.13")
    hgw = pinned()
    (hgw.work / "hgw.yaml").write_text('toolchain: {go: 1.21, binaryen: "123"}\n', encoding="utf-8")
    ended = hgw("install", "--output", "json")
    assert ended.code == 0, ended.err
    assert {name: tool["version"] for name, tool in tools_of(ended.out).items()} == {
        "go": "1.21.13",
        "tinygo": "0.29.0",
        "binaryen": "123",
    }


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_password_in_a_mirrors_url_is_shown_nowhere(pinned: MakeHgw, releases: Releases, output: str) -> None:
    secret = {name: url.replace("://", "://author:s3cret@") for name, url in releases.mirrors.items()}
    hgw = pinned()
    releases.wrong.add(file_name("binaryen", "123"))
    told = [
        hgw("install", "--offline", "--output", output, "--debug", **secret),
        hgw("install", "go", "--output", output, "-v", "--debug", **secret),
        hgw("install", "binaryen", "--output", output, "-v", "--debug", **secret),
        hgw("doctor", "--output", output, "-v", "--debug", **secret),
    ]
    assert [ended.code for ended in told[:3]] == [5, 0, 5]
    kept = "".join(path.read_text("utf-8") for path in hgw.home.rglob("receipt.json"))
    assert "go1.20.14" in kept
    assert "s3cret" not in "".join([kept, *(ended.out + ended.err for ended in told)])
