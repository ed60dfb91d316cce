"""Edits and rebuilds under load: `python -m scripts.live_edits [--engine envoy] [--seconds 120] [--every 2]`.

Requests of 10 ms, 3 s and 30 s go through `hgw run` while its configuration is edited and its module replaced in turn.
No request may fail, and none that begins after "in effect now" may meet an older plugin. Printed are the failures, and
how memory, open files and processes of hgw and its gateway grew between the first minute and the end.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.versions import versioned

CLIENTS: Final[Mapping[float, int]] = {0.01: 4, 3.0: 8, 30.0: 8}
"""How many connections ask for an answer that takes so many seconds, one after another."""
_BUILDS: Final = "ab"


@dataclass(frozen=True)
class Size:
    """What hgw and its children hold: resident memory in bytes, open files, processes."""

    memory: int
    files: int
    processes: int


@dataclass
class Figures:
    """What came of a campaign: requests by their duration, what was wrong, and the sizes after warming up and last."""

    asked: Counter[float] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    edits: int = 0
    early: Size | None = None
    late: Size | None = None


@dataclass
class _Campaign:
    """`known` is the newest version that hgw has said to be in effect."""

    url: str
    ends: float
    known: int
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Load:
    """How long the load lasts and how often there is an edit, in seconds; `clients` are how many ask for a duration.

    The first size is taken after `warm_up` seconds.
    """

    seconds: float = 180.0
    every: float = 2.0
    warm_up: float = 60.0
    clients: Mapping[float, int] = field(default_factory=lambda: CLIENTS)


async def campaign(folder: Path, load: Load, *, engine: str) -> Figures:
    """Run the load in `folder`, an empty one."""
    (folder / "main.wasm").write_bytes(versioned(_BUILDS[0]))
    (folder / "config.yaml").write_text("version: 1\n")
    async with _upstream() as upstream, _gateway(folder, engine=engine, upstream=upstream) as (hgw, document):
        figures = Figures()
        run = _Campaign(url=document["data"]["url"], ends=time.monotonic() + load.seconds, known=1, figures=figures)
        tasks = [
            asyncio.create_task(_ask(run, duration, streams=bool(number % 2)))
            for duration, count in load.clients.items()
            for number in range(count)
        ]
        sizes = asyncio.create_task(_sizes(run, hgw.pid, after=load.warm_up))
        await _edit(run, folder, hgw, every=load.every)
        await asyncio.gather(*tasks, sizes)
    return figures


async def _ask(run: _Campaign, duration: float, *, streams: bool) -> None:
    """Ask again and again, on one connection as long as it lasts."""
    host, port = run.url.removeprefix("http://").split(":")
    reader = writer = None
    while time.monotonic() < run.ends:
        if writer is None:
            reader, writer = await asyncio.open_connection(host, int(port))
        known = run.known
        path = f"/{'stream' if streams else 'wait'}/{duration}"
        run.figures.asked[duration] += 1
        try:
            assert reader is not None
            writer.write(f"GET {path} HTTP/1.1\r\nhost: load\r\n\r\n".encode())
            headers, body = await asyncio.wait_for(_answer(reader), duration + 20)
            met = json.loads(body)
            problem = _problem(headers, met, known)
        except (OSError, EOFError, ValueError, asyncio.IncompleteReadError, TimeoutError) as error:
            headers, problem = {"connection": "close"}, f"{type(error).__name__}: {error}"
        if problem:
            run.figures.wrong.append(f"{path}: {problem}")
        if headers.get("connection") == "close":
            writer.close()
            reader = writer = None
    if writer is not None:
        writer.close()


def _problem(headers: Mapping[str, str], met: Mapping[str, str], known: int) -> str | None:
    """What is wrong with an answer to a request that began when version `known` was said to be in effect."""
    if headers[":status"] != "200":
        return f"status {headers[':status']}"
    shown = int(headers.get("x-hgw-identity", "").partition("config=")[2].partition(";")[0] or 0)
    if shown < known:
        return f"the identity says version {shown}, in effect was {known}"
    # Version N is the Nth change: configurations and modules in turn, beginning with both.
    if int(met["version"]) < (known + 1) // 2:
        return f"met configuration {met['version']}, in effect was {(known + 1) // 2}"
    return None


async def _answer(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines)}
    headers[":status"] = first.split()[1]
    if headers.get("transfer-encoding") != "chunked":
        return headers, await reader.readexactly(int(headers["content-length"]))
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return headers, body


async def _edit(run: _Campaign, folder: Path, hgw: asyncio.subprocess.Process, *, every: float) -> None:
    """Edit the configuration and replace the module in turn; wait each time until hgw says that it is in effect."""
    assert hgw.stderr is not None
    number = 1
    while time.monotonic() < run.ends:
        number += 1
        started = time.monotonic()
        if number % 2:
            _replace(folder / "config.yaml", f"version: {(number + 1) // 2}\n".encode())
        else:
            _replace(folder / "main.wasm", versioned(_BUILDS[number // 2 % 2]))
        while b"in effect now" not in (line := await asyncio.wait_for(hgw.stderr.readline(), 60)):
            if not line:
                raise RuntimeError("hgw has ended")
        run.known, run.figures.edits = number, number - 1
        await asyncio.sleep(max(0.0, every - (time.monotonic() - started)))


def _replace(path: Path, content: bytes) -> None:
    other = path.with_name(f".{path.name}.new")
    other.write_bytes(content)
    other.replace(path)


async def _sizes(run: _Campaign, pid: int, *, after: float) -> None:
    await asyncio.sleep(after)
    run.figures.early = size_of(pid)
    await asyncio.sleep(max(0.0, run.ends - time.monotonic()))
    run.figures.late = size_of(pid)


def size_of(pid: int) -> Size:
    """The size of a process and all its descendants (Linux)."""
    total = Size(0, 0, 0)
    for each in (pid, *_descendants(pid)):
        pages = int(Path(f"/proc/{each}/statm").read_text().split()[1])
        files = len(os.listdir(f"/proc/{each}/fd"))  # noqa: PTH208 -- a count
        total = Size(total.memory + pages * os.sysconf("SC_PAGE_SIZE"), total.files + files, total.processes + 1)
    return total


def _descendants(pid: int) -> Sequence[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *_descendants(child)]
    return found


@asynccontextmanager
async def _gateway(
    folder: Path, *, engine: str, upstream: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    words = ("run", "--port", "0", "--upstream", upstream, "--engine", engine, "--output", "json")
    hgw = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "higress_cli", *words),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=1 << 24,
    )
    assert hgw.stdout is not None
    try:
        text = b""
        while not text.endswith(b"\n}\n"):
            line = await asyncio.wait_for(hgw.stdout.readline(), 60)
            assert line, hgw.stderr and await hgw.stderr.read()
            text += line
        yield hgw, json.loads(text)
    finally:
        if hgw.returncode is None:
            hgw.terminate()
        await hgw.communicate()


@asynccontextmanager
async def _upstream() -> AsyncIterator[str]:
    """A server that answers `/wait/SECONDS` after so long, and `/stream/SECONDS` with a body that takes so long."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                _empty, kind, seconds = lines[0].split()[1].split("/")
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                body = json.dumps({"version": headers.get("x-version"), "build": headers.get("x-build")}).encode()
                start = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode()
                if kind == "stream":
                    writer.write(start + body[:5])
                    start, body = b"", body[5:]
                await asyncio.sleep(float(seconds))
                writer.write(start + body)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def main() -> None:
    """Run the campaign and print what came of it; 1 where a request failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", default="envoy")
    parser.add_argument("--seconds", type=float, default=Load.seconds)
    parser.add_argument("--every", type=float, default=Load.every)
    parser.add_argument("--warm-up", type=float, default=Load.warm_up)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "plugin"
        folder.mkdir()
        figures = asyncio.run(
            campaign(folder, Load(seconds=given.seconds, every=given.every, warm_up=given.warm_up), engine=given.engine)
        )
    for duration, count in sorted(figures.asked.items()):
        print(f"{duration:5g} s: {count} requests")
    print(f"{figures.edits} edits and rebuilds, {len(figures.wrong)} requests went wrong")
    for problem, count in Counter(figures.wrong).most_common(10):
        print(f"  {count} x {problem}")
    for title, size in (("after warming up", figures.early), ("at the end", figures.late)):
        if size is not None:
            print(f"{title}: {size.memory / 1e6:.0f} MB, {size.files} open files, {size.processes} processes")
    sys.exit(bool(figures.wrong))


if __name__ == "__main__":
    main()
