"""The pins of archives follow upstream's own lists, and never lose or change a digest by themselves."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.update_pins import FILE, main, read, render
from tests.support.upstreams import Upstreams, go_file, upstreams

TINYGO, BINARYEN = "tinygo-org/tinygo", "WebAssembly/binaryen"
A, B, C = "a" * 64, "b" * 64, "c" * 64
PINNED = f"""\
# Digests.

[go."1.20.14"]
linux-amd64 = {{ file = "go1.20.14.linux-amd64.tar.gz", sha256 = "{A}", source = "hermit" }}

[tinygo."0.30.0"]
linux-amd64 = {{ file = "tinygo0.30.0.linux-amd64.tar.gz", sha256 = "{A}", source = "tap" }}

[binaryen."123"]
linux-amd64 = {{ file = "binaryen-version_123-x86_64-linux.tar.gz", sha256 = "{A}", source = "hermit" }}
"""


@pytest.fixture
def upstream() -> Iterator[Upstreams]:
    with upstreams() as served:
        yield served


@pytest.fixture
def update(tmp_path: Path, upstream: Upstreams) -> Callable[..., int]:
    file = tmp_path / "archives.toml"
    file.write_text(PINNED, encoding="utf-8")

    def run(*more: str) -> int:
        return main(["--file", str(file), "--go-index", f"{upstream.url}/dl/", "--github-api", upstream.url, *more])

    return run


def test_the_file_is_written_as_it_was_read() -> None:
    text = FILE.read_text("utf-8")
    assert render(read(text), head=text[: text.index("\n[") + 1]) == text


def test_what_upstream_does_not_know_stays_and_nothing_is_printed(
    update: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert update("--write") == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "archives.toml").read_text("utf-8") == PINNED


def test_the_difference_is_printed_and_written_only_when_asked(
    update: Callable[..., int], upstream: Upstreams, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream.add(TINYGO, "v0.43.0", {"tinygo0.43.0.linux-amd64.tar.gz": B})
    assert update() == 0
    printed = capsys.readouterr().out
    added = f'+linux-amd64 = {{ file = "tinygo0.43.0.linux-amd64.tar.gz", sha256 = "{B}", source = "github" }}'
    assert added in printed.splitlines()
    assert (tmp_path / "archives.toml").read_text("utf-8") == PINNED
    assert update("--write") == 0
    assert added[1:] in (tmp_path / "archives.toml").read_text("utf-8").splitlines()
    capsys.readouterr()
    assert update() == 0
    assert capsys.readouterr().out == ""


def test_of_go_the_newest_of_each_line_comes_in(
    update: Callable[..., int], upstream: Upstreams, tmp_path: Path
) -> None:
    upstream.add_go("1.27rc1", go_file("1.27rc1", "linux-amd64", B), stable=False)
    for version in ("1.26.8", "1.26.7", "1.17.13"):
        upstream.add_go(version, go_file(version, "linux-amd64", B))
    installer = go_file("1.26.8", "darwin-amd64", B, kind="installer")
    upstream.add_go("1.20.14", go_file("1.20.14", "linux-amd64", A), go_file("1.20.14", "linux-arm64", C), installer)
    assert update("--write") == 0
    rows = read((tmp_path / "archives.toml").read_text("utf-8"))
    assert {key[1:]: row.source for key, row in rows.items() if key[0] == "go"} == {
        ("1.20.14", "linux-amd64"): "hermit+go.dev",
        ("1.20.14", "linux-arm64"): "go.dev",
        ("1.26.8", "linux-amd64"): "go.dev",
    }


def test_of_github_all_pages_are_read_and_digests_from_the_files_beside_archives(
    update: Callable[..., int], upstream: Upstreams, tmp_path: Path
) -> None:
    name = "binaryen-version_133-aarch64-linux.tar.gz"
    upstream.add(BINARYEN, "version_133", {name: None, f"{name}.sha256": None, "binaryen-version_133-node.tar.gz": B})
    upstream.files[f"{name}.sha256"] = f"{C}  {name}\n"
    upstream.add(BINARYEN, "version_132", {"binaryen-version_132-arm64-macos.tar.gz": B})
    upstream.add(BINARYEN, "version_110", {"binaryen-version_110-x86_64-linux.tar.gz": B})
    upstream.add(TINYGO, "v0.44.0", {"tinygo0.44.0.linux-amd64.tar.gz": B}, prerelease=True)
    upstream.add(TINYGO, "v0.43.0", {"tinygo0.43.0.linux-amd64.tar.gz": None, "tinygo_0.43.0_amd64.deb": B})
    assert update("--write") == 0
    rows = read((tmp_path / "archives.toml").read_text("utf-8"))
    added = {key: (row.sha256, row.source) for key, row in rows.items() if row.source not in {"hermit", "tap"}}
    assert added == {
        ("binaryen", "132", "darwin-arm64"): (B, "github"),
        ("binaryen", "133", "linux-arm64"): (C, "upstream"),
    }


def test_a_digest_that_differs_is_an_alarm_and_nothing_is_written(
    update: Callable[..., int], upstream: Upstreams, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upstream.add_go("1.20.14", go_file("1.20.14", "linux-amd64", B))
    upstream.add(TINYGO, "v0.43.0", {"tinygo0.43.0.linux-amd64.tar.gz": B})
    assert update("--write") == 1
    ended = capsys.readouterr()
    assert f"go 1.20.14 linux-amd64: pinned {A} (hermit), go.dev has {B}" in ended.err
    assert ended.out == ""
    assert (tmp_path / "archives.toml").read_text("utf-8") == PINNED


def test_an_upstream_that_does_not_answer_is_told(
    update: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert update("--write", "--github-api", "http://127.0.0.1:9") == 1
    assert capsys.readouterr().err
    assert (tmp_path / "archives.toml").read_text("utf-8") == PINNED
