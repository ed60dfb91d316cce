"""Whatever is in a file that hgw reads: a documented exit code in time, no traceback, and nothing written elsewhere.

HYPOTHESIS_PROFILE=long tries a thousand of each kind of file.
"""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.odd_files import damaged, json_files, text_files
from tests.support.odd_world import PLUGIN, OddWorld, odd_world
from tests.support.plugins import plugin
from tests.support.properties import costly, yaml_like

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.slow,
    pytest.mark.extra("local"),
    # waitress leaves its socket open where another program has the upstream's port.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no alarm that ends a call which hangs"),
]

SETTINGS: Any = {
    "name": "my-plugin",
    "version": "1.0.0",
    "profile": "tinygo",
    "abi": "0.2.1",
    "gateway": "v2.0.7",
    "toolchain": {"go": "1.20.14", "tinygo": "0.30.0", "binaryen": "108"},
    "build": {"out_file": "main.wasm", "tags": ["a"], "flags": ["-x"], "size_budget": "3MB"},
    "run": {
        "engine": "builtin",
        "bind": "127.0.0.1",
        "port": 0,
        "admin_port": 0,
        "upstream": "httpbin",
        "upstream_port": 0,
        "config": "config.yaml",
        "services": {"a.dns:80": "127.0.0.1:1"},
        "env": {"A": "b"},
        "buffer_limit": 32768,
    },
    "doctor": {"ignore": ["x"]},
}
SCENARIO: Any = {
    "name": "one",
    "config": {"pass": 1},
    "env": {"A": "b"},
    "abi": ["0.2.1"],
    "route": "r",
    "cluster": "c",
    "clock": "2026-01-01T00:00:00Z",
    "properties": {"source.address": "10.0.0.9:4711"},
    "services": {
        "a.dns:80": [{"match": {"method": "POST", "path": "/c"}, "status": 403, "body": "no", "delay": 0.01}],
        "redis.static:6379": {"redis": {"GET k": "1", "*": {"error": "ERR"}}},
    },
    "request": {"method": "POST", "path": "/a", "headers": {"cookie": ["a", "b"]}, "chunks": ["x", "y"]},
    "response": {"status": 200, "headers": {"a": "b"}, "body_file": "config.yaml", "trailers": {"t": "1"}},
    "repeat": 2,
    "expect": {
        "status": 200,
        "headers": {"a": ["b"]},
        "body": {"json": {"user.name": "ann"}},
        "trailers": {"t": "1"},
        "upstream": {"method": "GET", "path": {"matches": "/a+"}, "headers": {"x": None}},
        "calls": [{"service": "a.dns:80", "method": "POST", "times": 1}],
        "log": [{"level": "warn", "contains": "x"}, {"none": {"contains": "panic"}}],
        "metrics": {"m": 1},
        "actions": {"request_headers": "HeaderStopIteration"},
        "state": {"shared": {"k": "v"}},
        "within": 0.2,
    },
}
WASM_PLUGIN: Any = {
    "apiVersion": "extensions.higress.io/v1alpha1",
    "kind": "WasmPlugin",
    "metadata": {"name": "plugin", "namespace": "n"},
    "spec": {
        "url": "oci://127.0.0.1:1/plugin:1",
        "sha256": "0" * 64,
        "phase": "AUTHN",
        "priority": 10,
        "defaultConfig": {"pass": 1},
        "matchRules": [{"ingress": ["a"], "domain": ["b"], "config": {"pass": 2}}],
        "failStrategy": "FAIL_OPEN",
        "imagePullPolicy": "Always",
    },
}
EXTENSIONS = "type.googleapis.com/envoy.extensions.filters"
CONNECTION_MANAGER = f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager"
WASM_FILTER = f"{EXTENSIONS}.http.wasm.v3.Wasm"
ENVOY: Any = {
    "admin": {"address": {"socket_address": {"address": "0.0.0.0", "port_value": 9901}}},
    "static_resources": {
        "listeners": [
            {
                "name": "l",
                "address": {"socket_address": {"address": "0.0.0.0", "port_value": 10000}},
                "filter_chains": [
                    {
                        "filters": [
                            {
                                "name": "envoy.filters.network.http_connection_manager",
                                "typed_config": {
                                    "@type": CONNECTION_MANAGER,
                                    "http_filters": [
                                        {
                                            "name": "wasmdemo",
                                            "typed_config": {
                                                "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
                                                "type_url": WASM_FILTER,
                                                "value": {
                                                    "config": {
                                                        "name": "wasmdemo",
                                                        "vm_config": {
                                                            "runtime": "envoy.wasm.runtime.v8",
                                                            "code": {"local": {"filename": "/etc/envoy/main.wasm"}},
                                                        },
                                                        "configuration": {
                                                            "@type": "type.googleapis.com/google.protobuf.StringValue",
                                                            "value": '{"pass": 1}',
                                                        },
                                                    }
                                                },
                                            },
                                        }
                                    ],
                                },
                            }
                        ]
                    }
                ],
            }
        ],
        "clusters": [{"name": "httpbin", "type": "LOGICAL_DNS"}],
    },
}
MANIFEST = """\
title = "Mine"
description = "What it is"
profiles = ["tinygo", "go"]

[[variables]]
name = "colour"
type = "choice"
choices = ["red", "blue"]
default = "red"
question = "Which?"
"""
DOCKER: Any = {
    "auths": {"127.0.0.1:1": {"auth": "dTpw", "username": "u", "password": "p", "identitytoken": "t"}},
    "credHelpers": {"127.0.0.1:1": "none"},
    "credsStore": "none",
    "HttpHeaders": {"a": "b"},
}
RECEIPT: Any = {
    "name": "go",
    "version": "1.20.14",
    "source": "archive",
    "origin": "https://127.0.0.1:1/x",
    "executable": "bin/go",
    "sha256": "0" * 64,
    "hgw": "1",
    "files": 1,
    "requires": [],
    "installed_at": "2026-01-01T00:00:00Z",
}
GO_WORK = "go 1.20\n\nuse (\n\t./\n\t./other\n)\n\nreplace example.com/a => ../a\n"
BUILDRC = "EXTRA_TAGS=proxy_wasm_version_0_2_100\n"
PUSH = ("push", "127.0.0.1:1/a/b:1", "--plain-http", "--no-build", "--force", "--yes")
INIT_MINE = ("init", "new", "--template", "./mine", "--defaults", "--dry-run")

# The kind of file: where it is (below the plugin's folder), what is in it, and the commands that read it.
READERS: dict[str, tuple[str, st.SearchStrategy[bytes], list[tuple[str, ...]]]] = {
    "settings": (
        "hgw.yaml",
        json_files(SETTINGS),
        [("doctor",), ("build",), ("package", "--no-build"), ("help", "settings")],
    ),
    "settings of a parent": ("../hgw.yaml", json_files(SETTINGS), [("doctor",), ("build", "--print-command")]),
    "scenarios": ("hgw.yaml", json_files({"verify": [SCENARIO]}), [("verify", "--no-build"), ("doctor",)]),
    "scenario files": ("more.yaml", json_files([SCENARIO]), [("verify", "--no-build")]),
    "configuration": (
        "config.yaml",
        json_files({"pass": 1, "a": [{"b": 1.5}]}),
        [("doctor",), ("run", "--no-build", "--port", "0")],
    ),
    "configuration as JSON": (
        "config.json",
        json_files({"pass": 1}),
        [("run", "--no-build", "--port", "0", "--config", "config.json")],
    ),
    ".buildrc": (".buildrc", text_files(BUILDRC), [("build",), ("doctor",)]),
    "go.mod": (
        "go.mod",
        text_files(PLUGIN["go.mod"]),
        [("build",), ("doctor",), ("doctor", "--fix", "--yes"), ("init", "--from-existing", "--dry-run")],
    ),
    "go.sum": ("go.sum", text_files(PLUGIN["go.sum"]), [("build",), ("doctor",)]),
    "go.work": ("go.work", text_files(GO_WORK), [("build",), ("doctor",)]),
    "go.work above": ("../go.work", text_files(GO_WORK), [("build",), ("doctor",)]),
    "Go source": (
        "main.go",
        text_files(PLUGIN["main.go"]),
        [("build",), ("doctor",), ("init", "--from-existing", "--dry-run")],
    ),
    "envoy.yaml": ("envoy.yaml", json_files(ENVOY), [("doctor",), ("init", "--from-existing", "--dry-run")]),
    "envoy.yaml as configuration": ("config.yaml", json_files(ENVOY), [("doctor",), ("verify", "--no-build")]),
    "docker-compose.yaml": (
        "docker-compose.yaml",
        json_files(
            {"services": {"envoy": {"image": "a:1", "ports": ["1:1"], "volumes": ["./main.wasm:/etc/envoy/main.wasm"]}}}
        ),
        [("doctor",)],
    ),
    "WasmPlugin": (
        "plugin.yaml",
        json_files(WASM_PLUGIN),
        [("doctor",), (*PUSH, "--update", "plugin.yaml", "--dry-run")],
    ),
    "template manifest": ("mine/template.toml", text_files(MANIFEST), [INIT_MINE, ("init", "--list-templates")]),
    "template file": ("mine/files/a.txt", text_files("name: {{{ name }}}\n"), [INIT_MINE]),
    "docker's configuration": (
        "../../home/.docker/config.json",
        json_files(DOCKER),
        [PUSH, ("inspect", "oci://127.0.0.1:1/a:1", "--plain-http")],
    ),
    "receipt": (
        "../../hgw-home/data/tools/go/1.20.14+archive/receipt.json",
        json_files(RECEIPT),
        [("toolchain", "list"), ("doctor",), ("install", "--offline")],
    ),
    "contents of a tool": (
        "../../hgw-home/data/tools/go/1.20.14+archive/contents.json",
        json_files({"files": {"bin/go": {"bytes": 1, "sha256": "0" * 64}}}),
        [("toolchain", "list"), ("doctor",), ("install", "--offline")],
    ),
    "module": (
        "main.wasm",
        damaged(plugin(entry="_initialize")),
        [("inspect", "main.wasm"), ("verify", "--no-build"), ("package", "--no-build", "--force"), ("doctor",)],
    ),
    "baseline": (
        "old.wasm",
        damaged(plugin(entry="_initialize")),
        [("verify", "--no-build", "--baseline", "old.wasm"), ("inspect", "main.wasm", "--diff", "old.wasm")],
    ),
    "report's place": (
        "r.xml",
        damaged(b'<?xml version="1.0"?>\n<testsuites></testsuites>\n'),
        [("verify", "--no-build", "--report", "junit=r.xml")],
    ),
    "metadata of an image": ("extra", damaged(b"# README\n"), [("package", "--no-build", "--also", "extra")]),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OddWorld:
    return odd_world(tmp_path, monkeypatch)


@pytest.mark.parametrize("kind", READERS)
@costly()
@given(data=st.data())
def test_any_file(kind: str, data: st.DataObject, world: OddWorld) -> None:
    name, contents, commands = READERS[kind]
    content = data.draw(contents | yaml_like().map(lambda text: text.encode("utf-8", "surrogatepass")), label=kind)
    argv = data.draw(st.sampled_from(commands), label="argv")
    files: dict[str, str | bytes] = {name: content}
    if kind == "scenario files":
        files["hgw.yaml"] = "verify:\n  - file: more.yaml\n"
    with world.plugin(files):
        world.call(*argv, *data.draw(st.sampled_from([(), ("--output", "json")]), label="output"))


STATE: list[tuple[str, ...]] = [
    ("build",),
    ("verify", "--no-build"),
    ("run", "--no-build", "--port", "0"),
    ("package", "--no-build", "--out", "layout"),
]
READ_AGAIN: list[tuple[str, ...]] = [
    *STATE,
    ("doctor",),
    ("clean", "--dry-run"),
    ("clean", "--all"),
    ("toolchain", "list"),
    ("inspect", "main.wasm"),
]


@costly()
@given(data=st.data())
def test_any_file_that_hgw_wrote_itself(data: st.DataObject, world: OddWorld) -> None:
    """Records, caches, run folders, locks, images: all that is below hgw's home and the plugin's folder."""
    with world.plugin() as folder:
        for argv in data.draw(st.sampled_from([STATE[:1], STATE[:2], STATE[:3], STATE]), label="before"):
            world.call(*argv)
        top = folder.parents[1]
        written = sorted(
            path
            for path in [*(top / "hgw-home").rglob("*"), *folder.rglob("*")]
            if path.is_file() and path.stat().st_size < 1 << 20
        )
        # By number, and not by name: names and how many there are differ from run to run.
        path = written[data.draw(st.integers(0, 999), label="path") % len(written)]
        data.draw(st.just(str(path.relative_to(top))), label="that is")
        _damage(path, data)
        world.call(*data.draw(st.sampled_from(READ_AGAIN), label="argv"))


def _damage(path: Path, data: st.DataObject) -> None:
    def folder() -> None:
        path.unlink()
        path.mkdir()

    def link() -> None:
        path.unlink()
        path.symlink_to(path.name)

    def pipe() -> None:
        path.unlink()
        os.mkfifo(path)

    kinds: dict[str, Callable[[], object]] = {"gone": path.unlink, "folder": folder, "link": link, "pipe": pipe}
    content = path.read_bytes()
    kind = data.draw(st.sampled_from(["content", "content", "content", *kinds]), label="kind")
    if kind != "content":
        kinds[kind]()
        return
    path.write_bytes(data.draw(damaged(content), label="content"))
