"""hgw build --watch, --no-debug and --tidy."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.cli.test_build import GO_SUM, MAIN, NATIVE_MAIN, NATIVE_MOD, NATIVE_SDK, PLUGIN
from tests.cli.test_build import json_of as json_of  # noqa: PLC0414 -- a fixture
from tests.cli.test_build import tools as tools  # noqa: PLC0414 -- a fixture
from tests.support.module_proxy import module_proxy
from tests.support.programs import python_path
from tests.support.stub_compilers import SDK, stub_compilers

Tree = Callable[[Mapping[str, str]], Path]


class Watching:
    """A running `hgw build --watch`; `lines` are what it said so far."""

    def __init__(self, *argv: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "higress_cli", *argv, "build", "--watch"],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": python_path()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if not argv else subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        stream = self.process.stdout if self.process.stderr is None else self.process.stderr
        assert stream is not None
        for line in iter(stream.readline, ""):
            self.lines.append(line)

    def close(self) -> None:
        self._reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def wait_for(self, words: str, *, times: int = 1) -> None:
        deadline = time.monotonic() + 20
        while sum(words in line for line in self.lines) < times:
            assert time.monotonic() < deadline, "".join(self.lines)
            time.sleep(0.05)

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


@contextmanager
def watching(*argv: str, cwd: Path) -> Iterator[Watching]:
    hgw = Watching(*argv, cwd=cwd)
    try:
        yield hgw
    finally:
        hgw.process.kill()
        hgw.process.wait()
        hgw.close()


@pytest.mark.slow
def test_a_save_is_built_an_error_is_told_and_ctrl_c_is_a_good_end(tree: Tree):
    folder = tree(PLUGIN)
    with watching(cwd=folder) as hgw:
        hgw.wait_for("Watching for changes")
        (folder / "main.go").write_text(MAIN + "var x = undefinedThing\n")
        hgw.wait_for("undefined: undefinedThing")
        hgw.wait_for("; saving builds again")
        assert not any("then: hgw build" in line for line in hgw.lines)
        (folder / "main.go").write_text(MAIN + "// second\n")
        hgw.wait_for("main.wasm", times=2)
        deadline = time.monotonic() + 20
        while b"// second" not in (folder / "main.wasm").read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        said = len(hgw.lines)
        (folder / "README.md").write_text("nothing that counts\n")
        time.sleep(1.5)
        assert hgw.lines[said:] == []
        assert hgw.end() == 0


def built_with(words: bytes, folder: Path) -> None:
    """Wait until the module holds `words`."""
    deadline = time.monotonic() + 20
    while words not in (folder / "main.wasm").read_bytes():
        assert time.monotonic() < deadline, words
        time.sleep(0.05)


@pytest.mark.slow
def test_saves_that_replace_a_file_and_files_in_new_folders_are_seen(tree: Tree):
    folder = tree(PLUGIN)
    with watching(cwd=folder) as hgw:
        hgw.wait_for("Watching for changes")
        for number, name in enumerate((".main.go.swp", "main.go~", "4913")):
            # As editors do it: another file is written, and it takes the place of the one that was edited.
            (folder / name).write_text(MAIN + f"// renamed {number}\n")
            (folder / name).replace(folder / "main.go")
            built_with(f"// renamed {number}".encode(), folder)
        (folder / "texts").mkdir()
        (folder / "texts" / "hello.txt").write_text("hello")
        (folder / "embed.go").write_text("package main\n\n//go:embed texts/hello.txt\nvar hello string\n")
        built_with(b"go:embed", folder)
        made = len([line for line in hgw.lines if "main.wasm" in line])
        (folder / "texts" / "hello.txt").write_text("good morning")
        hgw.wait_for("main.wasm", times=made + 1)
        assert hgw.end() == 0


@pytest.mark.slow
def test_a_workspace_or_a_replacement_that_comes_later_is_watched_as_well(tree: Tree, tmp_path: Path):
    top = tmp_path / "top"
    folder = top / "plugin"
    for name, text in PLUGIN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    near = top / "near"
    with watching(cwd=folder) as hgw:
        hgw.wait_for("Watching for changes")

        def after(change: Callable[[], object]) -> None:
            made = len([line for line in hgw.lines if "main.wasm" in line])
            change()
            hgw.wait_for("main.wasm", times=made + 1)

        near.mkdir()
        (near / "go.mod").write_text("module example.com/near\n\ngo 1.19\n")
        after(lambda: (top / "go.work").write_text("go 1.19\n\nuse (\n\t./plugin\n\t./near\n)\n"))
        after(lambda: (near / "go.mod").write_text("module example.com/near\n\ngo 1.20\n"))
        after(lambda: (top / "hgw.yaml").write_text("build: {flags: [-opt=1]}\n"))
        (folder / "go.mod").write_text(PLUGIN["go.mod"] + FAR)
        hgw.wait_for("../far")
        after(partial(publish_far, top / "far"))
        assert hgw.end() == 0


FAR = "\nrequire example.com/far v0.0.0\n\nreplace example.com/far => ../far\n"


def publish_far(folder: Path) -> None:
    folder.mkdir()
    (folder / "go.mod").write_text("module example.com/far\n\ngo 1.19\n")


@pytest.mark.parametrize(
    ("files", "argv", "code"),
    [
        ({}, (), 3),
        ({"main.go": MAIN}, (), 3),
        ({"go.mod": "module x\n"}, (), 3),
        ({}, ("nosuch",), 3),
        ({}, ("nosuch", "other"), 3),
        (PLUGIN, ("--abi", "0.9.9"), 2),
        (PLUGIN, ("--gateway", "1"), 2),
    ],
)
def test_what_no_change_of_a_file_can_help_is_not_watched(tree: Tree, hgw, files, argv, code):
    tree({"hgw.yaml": "name: demo\n", **files})
    for output in ("text", "json"):
        outcome = hgw("build", "--watch", *argv, "--output", output)
        assert outcome.code == code, outcome
        assert "Watching for changes" not in outcome.err
    assert json.loads(outcome.out)["exit_code"] == code


def test_missing_tools_are_not_watched_for(tree: Tree, hgw, monkeypatch):
    tree(PLUGIN)
    monkeypatch.setenv("PATH", "")
    outcome = hgw("build", "--watch")
    assert outcome.code == 4
    assert "Watching for changes" not in outcome.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("faulty", "said"),
    [
        ({"hgw.yaml": "abi: 0.9.9\n"}, "0.9.9"),
        ({"hgw.yaml": "abi: [\n"}, "hgw.yaml"),
        ({"main.go": MAIN + "var x = undefinedThing\n"}, "undefinedThing"),
        ({"go.mod": "module\n"}, "go.mod"),
    ],
)
def test_what_a_change_of_a_file_can_help_is_watched_from_the_first_build_on(tree: Tree, faulty, said):
    folder = tree({**PLUGIN, "hgw.yaml": "name: demo\n", **faulty})
    with watching(cwd=folder) as hgw:
        hgw.wait_for("Watching for changes")
        assert any(said in line for line in hgw.lines)
        for name in faulty:
            (folder / name).write_text({**PLUGIN, "hgw.yaml": "name: demo\n"}[name])
        hgw.wait_for("main.wasm", times=1)
        assert hgw.end() == 0


@pytest.mark.slow
def test_json_is_one_document_at_the_end(tree: Tree):
    folder = tree(PLUGIN)
    with watching("--output", "json", cwd=folder) as hgw:
        hgw.wait_for("Watching for changes")
        assert hgw.end() == 0
        assert hgw.process.stdout is not None
        assert json.loads(hgw.process.stdout.read())["data"]["artifacts"]


def test_without_debugging_information(tree: Tree, tools: Path, json_of):
    folder = tree(PLUGIN)
    assert json_of("build", "--no-debug")["ok"]
    assert b"-no-debug" in (folder / "main.wasm").read_bytes()
    assert not json_of("build")["data"]["artifacts"][0]["up_to_date"]


def test_native_go_without_debugging_information(tree: Tree, tools: Path, json_of):
    stub_compilers(tools, go="1.24.4")
    go_sum = f"github.com/higress-group/wasm-go v1.1.1 h1:AAAA=\n{SDK} {NATIVE_SDK} h1:AAAA=\n"
    folder = tree({"go.mod": NATIVE_MOD, "go.sum": go_sum, "main.go": NATIVE_MAIN})
    assert json_of("build", "--no-debug")["ok"]
    assert b"-ldflags=-s -w" in (folder / "main.wasm").read_bytes()


def test_go_mod_is_left_alone_where_it_is_to_be(tree: Tree, tmp_path: Path, monkeypatch, json_of):
    folder = tree({**PLUGIN, "go.mod": "module plugin\n\ngo 1.19\n", "go.sum": ""})
    with module_proxy(tmp_path) as proxy:
        monkeypatch.setenv("GOPROXY", proxy)
        document = json_of("build", "--tidy", "never")
    assert (document["exit_code"], document["error"]["code"]) == (3, "go-mod-incomplete")
    assert SDK in document["error"]["message"]
    assert document["error"]["hint"] == "hgw build --tidy auto"
    assert (folder / "go.mod").read_text() == "module plugin\n\ngo 1.19\n"


def test_go_mod_is_tidied_before_each_build_where_it_is_to_be(tree: Tree, json_of, monkeypatch):
    folder = tree({**PLUGIN, "go.sum": GO_SUM})
    assert json_of("build")["ok"]
    assert not json_of("build", "--tidy", "always")["data"]["projects"][0]["tidied"]
    (folder / "go.mod").write_text(PLUGIN["go.mod"] + "\n\n")
    assert json_of("build", "--tidy", "always")["data"]["projects"][0]["tidied"]


@pytest.mark.parametrize(
    "options",
    [("--watch", "--print-command"), ("--watch", "--matrix", "github"), ("--print-command", "--matrix", "gitlab")],
)
def test_only_one_thing_is_done_in_place_of_a_build(hgw, options):
    outcome = hgw("build", *options)
    first, second = (word for word in options if word.startswith("--"))
    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: {first} and {second} exclude each other" in outcome.err
