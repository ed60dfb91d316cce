"""hgw in this process among odd options and files: one call each, held to what hgw promises whatever it is given.

A call ends in time, with a documented exit code, without a traceback, and has written nothing outside its folder.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from higress_cli.cli.main import main
from higress_cli.errors import ExitCode
from higress_cli.gateway import engines
from higress_cli.i18n import activate
from higress_cli.system.visible_text import visible
from tests.support.plugins import plugin
from tests.support.stub_compilers import SDK, fill_cache, stub_compilers
from tests.support.writes import writes_only_below

_MOST_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.02
_READY_SECONDS: Final = 0.1
_DOCUMENTED: Final = frozenset(ExitCode) - {ExitCode.BUG}
PLUGIN: Final = {
    "go.mod": f"module plugin\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n",
    "go.sum": f"{SDK} v1.0.1 h1:AAAA=\n",
    "main.go": f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n',
    "hgw.yaml": "verify:\n  - {name: passes, request: {path: /get}, expect: {status: 200}}\n",
    "config.yaml": "pass: 1\n",
    "plugin.yaml": "apiVersion: extensions.higress.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: plugin}\n"
    "spec: {url: 'oci://127.0.0.1:1/plugin:1'}\n",
    "mine/template.toml": 'title = "Mine"\n',
    "mine/files/a.txt": "a\n",
}


class TooLongError(BaseException):
    """hgw was still at work after a minute. Not an Exception: no code of hgw's may take it for one of its own."""


@dataclass(frozen=True)
class Told:
    code: int
    out: str
    err: str


class OddWorld:
    """Calls of hgw, each in a plugin's folder of its own below `top`, with a home of its own."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._number = 0

    @contextlib.contextmanager
    def plugin(self, files: Mapping[str, str | bytes] | None = None) -> Iterator[Path]:
        """A new folder with a plugin and with what else there may be in one; `files` take the place of its own."""
        self._number += 1
        world = self._top / f"{self._number}"
        folder = world / "above" / "work"
        for name, content in {**PLUGIN, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        for name in ("main.wasm", "old.wasm"):
            if name not in (files or {}):
                (folder / name).write_bytes(plugin(entry="_initialize"))
        (folder / "loop").symlink_to("loop")
        os.mkfifo(folder / "pipe")
        before, cwd = dict(os.environ), Path.cwd()
        os.environ.update({
            "HOME": str(world / "home"), "HGW_HOME": str(world / "hgw-home"), "TMPDIR": str(world / "tmp"),
        })  # fmt: skip
        for name in ("home", "tmp"):
            (world / name).mkdir(exist_ok=True)
        tempfile.tempdir = None
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(before)
            tempfile.tempdir = None
            shutil.rmtree(world, onerror=_make_removable)

    def call(self, *argv: str, also_documented: Callable[[int], bool] = lambda _code: False) -> Told:
        """Run hgw in the folder of `plugin`, and hold it to its promises."""
        world = Path.cwd().parents[1]
        streams = {name: io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace") for name in _OUT}
        with contextlib.ExitStack() as stack:
            stack.enter_context(_in_time(argv))
            outside = stack.enter_context(writes_only_below(world))
            for name, stream in streams.items():
                stack.enter_context(_replaced(name, stream))
            stack.enter_context(_replaced("stdin", stack.enter_context(Path(os.devnull).open(encoding="utf-8"))))
            if "run" in argv:
                stack.enter_context(_interrupted_when_ready(streams["stdout"]))
            code = main(list(argv))
        activate("en")
        out, err = (_text_of(streams[name]) for name in _OUT)
        assert code in _DOCUMENTED or also_documented(code), f"{code}\n{err}"
        assert "--debug" in argv or "Traceback (most" not in err, err
        assert not (unasked := [path for path in outside if not _names(argv, path)]), unasked
        assert "always" in argv or visible(out + err) == out + err, repr(out + err)
        if out.startswith("{"):
            assert json.loads(out), out
        return Told(code, out, err)


def _names(argv: tuple[str, ...], path: str) -> bool:
    """Whether a word of `argv` is a folder outside the world that `path` is in."""
    words = [word.rpartition("=")[2] for word in argv]
    named = [os.path.realpath(Path(word).expanduser()) for word in words if word.startswith(("/", "..", "~"))]
    return any(os.path.commonpath([path, folder]) == folder for folder in named)


_OUT: Final = ("stdout", "stderr")


def _text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode("utf-8")


def _make_removable(function: Callable[..., Any], path: str, _error: Any) -> None:
    Path(path).parent.chmod(0o700)
    function(path)


@contextlib.contextmanager
def _replaced(name: str, stream: Any) -> Iterator[None]:
    before = getattr(sys, name)
    setattr(sys, name, stream)
    try:
        yield
    finally:
        setattr(sys, name, before)


@contextlib.contextmanager
def _in_time(argv: tuple[str, ...]) -> Iterator[None]:
    def late(*_arguments: object) -> None:
        raise TooLongError(f"hgw {argv} took longer than {_MOST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, _MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _interrupted_when_ready(stream: io.TextIOWrapper) -> Iterator[None]:
    """Press Ctrl-C soon after the first output on `stream`, which a ready gateway has; a call that ends gets none."""
    ended = threading.Event()
    caller = threading.get_ident()

    def press() -> None:
        while not stream.buffer.getvalue():  # type: ignore[attr-defined] # it is a BytesIO
            if ended.wait(_LOOK_SECONDS):
                return
        if not ended.wait(_READY_SECONDS):
            signal.pthread_kill(caller, signal.SIGINT)

    somebody = threading.Thread(target=press)
    somebody.start()
    try:
        yield
    finally:
        ended.set()
        somebody.join()


def odd_world(top: Path, monkeypatch: pytest.MonkeyPatch) -> OddWorld:
    """A world where compilers are stand-ins, gateways are in this process, no name has an address, and all ends.

    `hgw run` gets a Ctrl-C when it is ready, `hgw build --watch` ends after its first build.
    """
    monkeypatch.setenv("PATH", stub_compilers(top / "tools"))
    monkeypatch.setenv("GOMODCACHE", str(top / "modules"))
    fill_cache(top / "modules", f"{SDK}@v1.0.1")
    # A copy: an entry that is taken out and put back is the last one afterwards.
    monkeypatch.setattr(engines, "TABLE", {name: at for name, at in engines.TABLE.items() if name != "envoy"})
    monkeypatch.setattr("watchfiles.watch", _interrupted)
    monkeypatch.setattr(socket, "getaddrinfo", _only_here(socket.getaddrinfo))
    return OddWorld(top)


def _interrupted(*_arguments: object, **_more: object) -> Any:
    raise KeyboardInterrupt


def _only_here(original: Callable[..., Any]) -> Callable[..., Any]:
    def look_up(host: Any, *arguments: Any, **more: Any) -> Any:
        if host not in (None, "localhost", "127.0.0.1", b"127.0.0.1"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return original(host, *arguments, **more)

    return look_up
