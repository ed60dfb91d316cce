"""Whatever is wrong with an edit while `hgw run` runs: it is told, and what was there before goes on."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.hgw_process import Hgw, get, running, wait_for
from tests.support.plugins import plugin

pytestmark = pytest.mark.extra("local")
RUN = ("run", "--port", "0", "--upstream-port", "0", "--output", "json", "--engine", "builtin")


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content, "utf-8")


def raw(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


NEXT = tuple(zip("abcdefgh", "bcdefghi", strict=True))
CONFIGS = {
    "a tag that its value does not fit": (text("a: !!bool maybe\n"), "config.yaml"),
    "half a character": (text('a: "\\ud800"\n'), "config.yaml"),
    "half a character in JSON": (text('{"a": "\\ud800"}'), "config.yaml"),
    "half a document": (text("answer: {first: [1, 2"), "config.yaml"),
    "not text": (raw(b"\xff\xfe\x00a"), "config.yaml"),
    "50 MB": (raw(b"a: " + b"x" * 50_000_000), "more than"),
    "a bomb of aliases": (
        text("a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(f"{y}: &{y} [{','.join(['*' + x] * 9)}]\n" for x, y in NEXT)),
        "config.yaml",
    ),
    "nested deeply": (text("[" * 5000 + "]" * 5000), "config.yaml"),
    "infinity": (text("a: .inf\n"), "config.yaml"),
    "a pipe": (pipe, "it is a pipe or a device"),
    "a folder": (folder, "it is a folder"),
    "an Envoy's configuration": (text("static_resources: {listeners: []}\n"), "configures Envoy itself"),
}


def refused(hgw: Hgw, before: int) -> str:
    """What hgw says of an edit that it refuses, after the first `before` characters."""
    wait_for(lambda: "continues with what it had before" in hgw.said[before:], lambda: hgw.said)
    return hgw.said[before:]


def replaced(path: Path, content: bytes) -> None:
    """Write `path` again, whatever is there now."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    place = tmp_path / "work"
    (place / "main.wasm").write_bytes(plugin())
    (place / "config.yaml").write_text("answer: first\n")
    return place


def test_edits_of_the_plugins_configuration(here: Path) -> None:
    config = here / "config.yaml"
    with running(*RUN, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        for number, (name, (edit, told)) in enumerate(CONFIGS.items()):
            before = len(hgw.said)
            edit(config)
            said = refused(hgw, before)
            assert told in said, name
            assert "bug" not in said, name
            expected = f"number {number - 1}" if number else "first"
            assert expected in get(f"{url}/get")[1], name
            replaced(config, f"answer: number {number}\n".encode())
            hgw.wait_for_count("in effect now", number + 1)
        assert hgw.end() == 0


def test_a_configuration_that_is_deleted_is_said_to_be_gone(here: Path) -> None:
    with running(*RUN, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        (here / "config.yaml").unlink()
        hgw.wait_for_text(f"{here / 'config.yaml'} is gone: from now on the plugin runs without a configuration")
        assert "Hello" in get(f"{url}/get")[1]
        assert "in effect now" not in hgw.said
        (here / "config.yaml").write_text("answer: again\n")
        hgw.wait_for_text("in effect now")
        assert hgw.end() == 0


def test_a_configuration_that_is_not_there_at_the_start_is_said_to_be_missing(here: Path) -> None:
    (here / "config.yaml").unlink()
    with running("run", "--port", "0", "--upstream-port", "0", "--engine", "builtin", cwd=here) as hgw:
        wait_for(lambda: "none: config.yaml does not exist" in hgw.out, lambda: hgw.out + hgw.said)
        assert hgw.end() == 0


MODULES = {
    "deleted": (Path.unlink, "does not exist"),
    "cut": (raw(plugin()[:300]), "not a valid WebAssembly module"),
    "empty": (raw(b""), "not a valid WebAssembly module"),
    "a pipe": (pipe, "it is a pipe or a device"),
    "a folder": (folder, "it is a folder"),
    "a link to nothing": (dangling, "does not exist"),
    "of 300 MB": (lambda path: os.truncate(path, 300_000_000), "more than"),
}


def test_a_module_that_cannot_be_loaded(here: Path) -> None:
    module = here / "main.wasm"
    with running(*RUN, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        for name, (edit, told) in MODULES.items():
            before = len(hgw.said)
            edit(module)
            said = refused(hgw, before)
            assert told in said, name
            assert "first" in get(f"{url}/get")[1], name
            replaced(module, plugin())
        assert hgw.end() == 0


def test_edits_of_the_projects_settings(here: Path) -> None:
    settings = here / "hgw.yaml"
    with running(*RUN, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        for edit in (
            text("run: {port: !!bool maybe}\n"),
            text("run: ["),
            raw(b"\xff"),
        ):
            before = len(hgw.said)
            edit(settings)
            assert "hgw.yaml" in refused(hgw, before)
            assert "first" in get(f"{url}/get")[1]
        assert hgw.end() == 0
