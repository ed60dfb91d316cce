"""Whatever other programs print, answer or log: what hgw reads out of it is a value or an error that it raises."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from higress_cli.compile.module_failure import failed_requests
from higress_cli.errors import HgwError
from higress_cli.gateway.engines.envoy.log_lines import read_start, reasons
from higress_cli.gateway.engines.envoy.streams import stream_event
from higress_cli.gateway.event_log import WrittenEvents
from higress_cli.gateway.watch import Tail
from higress_cli.gateway.wrapper_lines import called_cluster
from higress_cli.go.validity import parser_faults
from higress_cli.knowledge.catalogue import recognise
from higress_cli.knowledge.disk import full_disk as disk_that_is_full
from higress_cli.knowledge.disk import places_of
from higress_cli.oci.challenge import challenges
from higress_cli.oci.formats import MalformedImageError
from higress_cli.oci.manifest import diff_ids, parse_manifest
from higress_cli.oci.reference import parse_reference
from higress_cli.oci.registry_errors import Shown, refused
from higress_cli.origin import install_command_of, requirement_of
from higress_cli.proxy_wasm.pairs import decode
from higress_cli.proxy_wasm.redis import RespError, end_of_value, words_of
from higress_cli.system.transfer import retry_after
from higress_cli.system.urls import shown
from higress_cli.system.visible_text import visible, visible_json
from higress_cli.toolchain.sources.apt import read_uris
from tests.support.odd_files import changed, damaged

LINES = (
    "[2026-11-26 00:00:00.123][12][info][wasm] [source/extensions/common/wasm/context.cc:1] wasm log hgw-1: hello\n",
    "[2026-11-26T00:00:00.123Z][12][trace][wasm] [host->vm] proxy_on_request_headers(2, 3, 1)\n",
    "[2026-11-26T00:00:00.123Z][12][trace][wasm] [host<-vm] proxy_on_request_headers return: 1\n",
    "[2026-11-26T00:00:00.123Z][12][trace][wasm] [vm<-host] env.proxy_get_property return: 2\n",
    "[2026-11-26T00:00:00.123Z][12][error][wasm] Function: proxy_on_configure failed: Uncaught RuntimeError: x\n",
    "panic: runtime error\\n\n",
    "main.go:3:5: undefined: x\n",
    "# plugin\n",
    "go: downloading a v1.0.0\n",
    "go: example.com/a@v1.2.3: reading https://h/example.com/a/@v/v1.2.3.zip: 404 Not Found\n\tserver response: no\n",
    "plugin imports\n\texample.com/a: cannot find module providing package example.com/a\n",
    "write /tmp/x: no space left on device\n",
    "http call start, id: 1, cluster: outbound|80||a.dns, method: GET\n",
    "'https://a/b_1%3a2-3_amd64.deb' b_1%3a2-3_amd64.deb 12 SHA256:ab\n",
    "LLVM ERROR: x\n",
    "tinygo: ",
    "ld.lld: error: x\n",
    "Traceback (most recent call last):\n",
    'Bearer realm="http://a",service="b",scope="c"',
    'Basic realm="x\\"y", ',
    "oci://",
    "127.0.0.1:1/a/b:1@sha256:",
    "https://u:p@h/x",
    "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    "Wed, 21 Oct 2015 07:28:00 -0000",
    "120",
    "\u00b2",
    "9" * 5000,
    "-1",
    "1e9",
    "inf",
    "Mon, 01 Jan 99999 00:00:00 GMT",
)
PIECES = (
    st.sampled_from(LINES)
    | st.text(max_size=12)
    | st.sampled_from(["\0", "\x1b[2J", "\r", "\u2028", "\ud800", ":", "@"])
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=8).map("".join),
    st.sampled_from(LINES).flatmap(lambda line: damaged(line.encode())).map(lambda raw: raw.decode("utf-8", "replace")),
    st.sampled_from(LINES).flatmap(lambda line: damaged(line.encode())).map(lambda raw: raw.decode("latin-1")),
)


def full_disk(text: str) -> object:
    places = places_of({"HOME": "/nonexistent"}, store=Path("/nonexistent"))
    return disk_that_is_full(text, program="go", places=places)


def refusal(text: str) -> object:
    return refused("host", 400, raw(text), what="x", shown=Shown())


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


READERS: dict[str, Callable[[str], object]] = {
    "compiler output": recognise,
    "requests of the go command": lambda text: list(failed_requests(text)),
    "gofmt": lambda text: parser_faults(text.splitlines()),
    "a full disk": full_disk,
    "apt-get --print-uris": read_uris,
    "Envoy's log of a start": lambda text: read_start(text.split("\n")),
    "Envoy's log of a refusal": lambda text: reasons(text.split("\n")),
    "lines of the wrapper": called_cluster,
    "WWW-Authenticate": challenges,
    "Retry-After": retry_after,
    "a registry's errors": refusal,
    "an image's name": parse_reference,
    "a manifest": lambda text: parse_manifest(raw(text), content_type=text),
    "an image's configuration": lambda text: diff_ids(raw(text)),
    "a query of Redis": lambda text: (words_of(raw(text)), end_of_value(raw(text))),
    "pairs of headers": lambda text: decode(raw(text)),
    "an address": shown,
    "what is shown": visible,
    "what JSON shows": visible_json,
    "pip's record": lambda text: (
        requirement_of(text, version="1"),
        install_command_of(text, version="1", python="python"),
    ),
}


@pytest.mark.parametrize("kind", READERS)
@given(text=TEXTS)
@example(text="[" * 100_000)
@example(text="")
def test_any_text(kind: str, text: str) -> None:
    try:
        READERS[kind](text)
    except HgwError as error:
        assert error.code
    except (MalformedImageError, RespError, UnicodeEncodeError) as error:
        assert not isinstance(error, UnicodeEncodeError) or "\ud800" in text


@pytest.mark.parametrize("unit", ["[", "a", " ", "\n", "a@v1: ", "://u:p@", 'a="', "\x1b"])
@pytest.mark.parametrize("kind", READERS)
def test_a_long_text_is_read_in_time(kind: str, unit: str) -> None:
    started = time.process_time()
    with contextlib.suppress(HgwError, MalformedImageError, RespError):
        READERS[kind](unit * (60_000 // len(unit)))
    assert time.process_time() - started < 2


@given(text=TEXTS)
def test_a_wait_is_a_number_of_seconds(text: str) -> None:
    assert retry_after(text) >= 0


STREAM = {
    "type": "DownstreamEnd", "time": "2026-11-26T00:00:00.123Z", "method": "GET", "path": "/", "status": 200,
    "details": "via_upstream", "milliseconds": 3, "response_length": "12", "request_length": "1", "sent": 4,
}  # fmt: skip


@given(entry=changed(STREAM))
def test_any_line_about_a_stream(entry: object) -> None:
    if isinstance(entry, dict):
        stream_event(entry)


EVENT = {"event": "plugin_line", "at": "2026-11-26T00:00:00+00:00", "level": "info", "text": "x"}


@given(
    content=st.one_of(changed(EVENT).map(lambda entry: json.dumps(entry).encode()), damaged(json.dumps(EVENT).encode()))
)
@example(content=b"[" * 100_000)
def test_any_log_of_events(content: bytes, tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"")
    events = WrittenEvents(log)
    log.write_bytes(content + b"\n")
    assert isinstance(list(events.take()), list)
    assert all(isinstance(entry, dict) for entry in Tail(log).objects())
