"""Text from outside that would act on the terminal is shown as text, whichever way it comes."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from higress_cli.system.visible_text import visible
from tests.conftest import Hgw
from tests.support.programs import basic_programs

Tree = Callable[[Mapping[str, str]], Path]
HOSTILE = "\x1b]0;renamed\x07\x9b2J\u202ebackwards"
SHOWN = "\\x1b]0;renamed\\x07\\x9b2J\\u202ebackwards"
PLUGIN = {
    "go.mod": "module demo\n\ngo 1.20\n",
    "main.go": "package main\n\nfunc main() {}\n",
}


def test_a_tools_output(hgw: Hgw, tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree(PLUGIN)
    tool = tmp_path / "tools" / "go"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\nprintf '%s\\n' '{HOSTILE}' >&2\nexit 1\n", "utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{basic_programs()}")
    outcome = hgw("toolchain", "list", "-v")
    assert visible(outcome.out + outcome.err) == outcome.out + outcome.err
    outcome = hgw("doctor", "go", "--debug")
    assert visible(outcome.out + outcome.err) == outcome.out + outcome.err


@pytest.mark.parametrize(
    "content",
    [
        f'verify: [{{name: a, "{SHOWN}": 1}}]\n',
        f'build: {{flags: [{{"{SHOWN}": 1}}], "{SHOWN}": 2}}\n',
        f'"{SHOWN}": 1\n',
    ],
)
def test_the_projects_own_file(hgw: Hgw, tree: Tree, content: str) -> None:
    tree({"hgw.yaml": content, **PLUGIN})
    outcome = hgw("verify")
    assert outcome.code != 0
    assert SHOWN in outcome.err
    assert visible(outcome.out + outcome.err) == outcome.out + outcome.err


def test_a_templates_manifest(hgw: Hgw, tree: Tree) -> None:
    manifest = f'schema = 1\ntitle = "{HOSTILE}"\ndescription = "ours"\nlayers = ["{SHOWN.replace(chr(92), "/")}"]\n'
    manifest = manifest.replace("\x1b", "\\u001b").replace("\x07", "\\u0007").replace("\x9b", "\\u009b")
    tree({"ours/template.toml": manifest, "ours/files/a.txt": ""})
    outcome = hgw("init", "made", "--template", "ours")
    assert outcome.code != 0
    assert visible(outcome.out + outcome.err) == outcome.out + outcome.err


@pytest.fixture
def rude_server() -> Iterator[str]:
    """A server that refuses everything with a reason of its own."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(f"HTTP/1.1 403 {HOSTILE}\r\ncontent-length: 0\r\n\r\n".encode())

        def log_message(self, *_words: object) -> None:
            """The test looks at what hgw says."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_servers_reason(hgw: Hgw, tree: Tree, rude_server: str) -> None:
    tree(PLUGIN)
    outcome = hgw("install", "go", "--source", "archive", "--archive", f"{rude_server}/go.tar.gz", "--sha256", "0" * 64)
    assert outcome.code == 5
    assert visible(outcome.out + outcome.err) == outcome.out + outcome.err


def test_json_means_the_same_and_acts_on_no_terminal_either(hgw: Hgw, tree: Tree) -> None:
    tree({"hgw.yaml": f'"{SHOWN}": 1\n', **PLUGIN})
    out = hgw("build", "--output", "json").out
    assert HOSTILE in json.loads(out)["error"]["message"]
    assert visible(out) == out
