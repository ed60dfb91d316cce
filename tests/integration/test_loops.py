"""A plugin that does not return, from its start or from a callback: told while it lasts, ended, and survived."""

import json
import time
from functools import cache
from pathlib import Path

import pytest

from tests.support.hgw_process import get, post, running, wait_for
from tests.support.plugins import CALLBACKS, HEAP, plugin

pytestmark = pytest.mark.extra("local")
ENGINES = pytest.mark.parametrize("engine", ["envoy", "builtin"])


@cache
def looping(callback: str) -> bytes:
    """A plugin that never returns from `callback`."""
    from wasmtime import wat2wasm

    functions = "".join(
        f'(func (export "{name}") {parameters} '
        + ("" if result is None else "(result i32) ")
        + ("(loop $ever (br $ever)) " if name == callback else "")
        + (")" if result is None else f"(i32.const {result}))")
        for name, (parameters, result) in CALLBACKS.items()
    )
    text = f"""
    (module
      (memory (export "memory") 4)
      (func (export "proxy_abi_version_0_2_1"))
      {HEAP}
      {functions})
    """
    return bytes(wat2wasm(text))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(plugin())
    return folder


def arguments(engine: str) -> tuple[str, ...]:
    return ("run", "--port", "0", "--upstream-port", "0", "--output", "json", "--engine", engine)


@pytest.mark.slow
@ENGINES
def test_in_a_callback(here: Path, engine: str) -> None:
    (here / "main.wasm").write_bytes(looping("proxy_on_request_headers"))
    with running(*arguments(engine), cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        post(f"{url}/post", b"", seconds=0.5)
        hgw.wait_for_text("[warn] the plugin has not returned from proxy_on_request_headers for 3 s")
        hgw.wait_for_text("[error] the plugin crashed in proxy_on_request_headers: took longer than 10 s")
        (here / "main.wasm").write_bytes(plugin())
        hgw.wait_for_text("in effect now")
        assert "Hello" in get(f"{url}/get")[1]
        assert hgw.end() == 0


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "seconds"), [("envoy", 30), ("builtin", 10)])
def test_in_the_start_of_a_new_module(here: Path, engine: str, seconds: int) -> None:
    with running(*arguments(engine), cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        (here / "main.wasm").write_bytes(looping("proxy_on_configure"))
        hgw.wait_for_text("the plugin starts, and has not returned from proxy_on_configure; 5 s have passed")
        wait_for(
            lambda: f"the plugin crashed in proxy_on_configure: took longer than {seconds} s" in hgw.said,
            lambda: hgw.said,
            seconds=40,
        )
        assert "the gateway continues with what it had before" in hgw.said
        assert "Hello" in get(f"{url}/get")[1]
        (here / "main.wasm").write_bytes(plugin(empty="answer"))
        hgw.wait_for_text("in effect now")
        assert get(f"{url}/get") == (200, "")
        assert hgw.end() == 0


@pytest.mark.slow
@ENGINES
def test_in_a_scenario_of_verify(hgw, here: Path, engine: str) -> None:
    (here / "main.wasm").write_bytes(looping("proxy_on_request_body"))
    (here / "hgw.yaml").write_text(
        "verify:\n"
        "  - {name: loops, request: {method: POST, path: /post, body: x}, expect: {}}\n"
        "  - {name: goes on, config: {a: 1}, request: {path: /get}, expect: {status: 200}}\n"
    )
    started = time.monotonic()
    steps = json.loads(hgw("verify", "--engine", engine, "--output", "json").out)["data"]["steps"]
    assert [step["status"] for step in steps][-2:] == ["failed", "passed"]
    assert "the plugin crashed in proxy_on_request_body: took longer than 10 s" in steps[-2]["got"]
    assert time.monotonic() - started < 40
