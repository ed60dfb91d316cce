"""The engine builtin as a gateway: connections, bodies, services, what becomes of a plugin that crashes or hangs."""

import gc
import http.client
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from higress_cli.choice import DEFAULT
from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Place
from higress_cli.gateway.engines.builtin.gateway import BuiltinGateway
from higress_cli.gateway.events import (
    AnsweredBy,
    CallbackReturned,
    CallRefused,
    HeadersSentUpstream,
    PluginLine,
    RequestSeen,
    SentUpstream,
    StreamEnded,
    Trap,
)
from higress_cli.gateway.listening import Listening
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from higress_cli.proxy_wasm import pairs
from tests.support.builtin import OK, Raw, Start, ask, change, connect, fixed, seen
from tests.support.plugins import plugin, stuck
from tests.support.probes import CALL_HEADERS, OLD, REDIS_REPLY, REQUEST_HEADERS, RESPONSE_HEADERS, Probe

pytestmark = pytest.mark.extra("local")
BUFFER = "(i32.eqz (local.get $p2))"


def test_request_and_answer_pass_with_envoys_headers(start: Start, serve: Callable[..., Raw]) -> None:
    upstream = serve()
    status, body, headers = ask(
        start(Probe(), upstream=upstream.at), headers={"X-Mine": "Yes", "Connection": "keep-alive"}
    )
    assert (status, body, headers["x-a"], headers["server"]) == (200, b"ok", "1", "envoy")
    assert "by=upstream" in headers["x-hgw-identity"]
    head = upstream.requests[0].decode()
    assert head.startswith("GET /a HTTP/1.1\r\nhost: 127.0.0.1:")
    for line in ("x-mine: Yes", "x-forwarded-proto: https", "x-request-id: "):
        assert line in head
    assert "connection" not in head


def test_connection_is_kept_for_the_next_request(start: Start) -> None:
    connection = connect(start(Probe()))
    for _number in range(3):
        connection.request("POST", "/a", body=b"x" * 1000)
        assert connection.getresponse().read() == b"ok"
    connection.close()


def test_answer_comes_as_the_upstream_sends_it(start: Start, serve: Callable[..., Raw]) -> None:
    go_on = threading.Event()

    def slow(_head: bytes, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        go_on.wait(5)
        connection.sendall(b"6\r\nsecond\r\n0\r\nt: 1\r\n\r\n")

    connection = connect(start(Probe(), upstream=serve(slow).at))
    connection.request("GET", "/a")
    answer = connection.getresponse()
    assert answer.read(5) == b"first"
    go_on.set()
    assert answer.read() == b"second"
    connection.close()


def test_large_bodies_pass_in_both_directions(start: Start, serve: Callable[..., Raw]) -> None:
    size = 3_000_000

    def count(head: bytes, connection: socket.socket) -> None:
        received = len(head.partition(b"\r\n\r\n")[2])
        while received < size:
            received += len(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"y" * size)

    status, body, _headers = ask(start(Probe(), upstream=serve(count).at), "POST", body=b"x" * size)
    assert (status, len(body)) == (200, size)


def test_events_tell_a_request_from_its_headers_to_its_log_phase(start: Start) -> None:
    gateway = start(Probe().on("request_headers").on("request_body").on("log"))
    gateway.events()
    ask(gateway, "POST", body=b"hello")
    kinds = [type(event) for event in seen(gateway, object)]
    for first, second in (
        (RequestSeen, HeadersSentUpstream),
        (HeadersSentUpstream, SentUpstream),
        (SentUpstream, StreamEnded),
    ):
        assert kinds.index(first) < kinds.index(second)
    assert kinds[-1] is StreamEnded
    assert CallbackReturned in kinds


def test_end_of_a_stream_says_who_answered_and_how_much(start: Start) -> None:
    probe = Probe()
    (end,) = seen(_asked(start(probe.on("request_headers", f"(drop {probe.reply(403, 'denied')})"))), StreamEnded)
    assert (end.status, end.answered_by, end.content_length, end.body_bytes) == (403, AnsweredBy.PLUGIN, 6, 6)


def _asked(gateway: BuiltinGateway, **more: Any) -> BuiltinGateway:
    ask(gateway, **more)
    return gateway


def test_a_grpc_call_is_told(start: Start) -> None:
    probe = Probe()
    gateway = start(probe.on("request_headers", f"(drop {probe.call('grpc_cancel', 1)})"))
    (refused,) = seen(_asked(gateway), CallRefused)
    assert (refused.function, refused.call, refused.status) == ("proxy_on_request_headers", "proxy_grpc_cancel", 12)


def test_call_in_the_wrong_phase_is_told(start: Start) -> None:
    probe = Probe()
    gateway = start(probe.on("response_headers", f"(drop {probe.add(REQUEST_HEADERS, 'late', '1')})"))
    (refused,) = seen(_asked(gateway), CallRefused)
    assert (refused.function, refused.call, refused.status) == (
        "proxy_on_response_headers",
        "proxy_add_header_map_value",
        2,
    )


def test_upstream_that_is_down_is_a_503_that_the_plugin_sees(start: Start) -> None:
    probe = Probe()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        upstream = Endpoint(host="127.0.0.1", port=holder.getsockname()[1])
        probe.on("response_headers", f"(drop {probe.add(RESPONSE_HEADERS, 'seen', '1')})")
        status, body, headers = ask(start(probe, upstream=upstream))
    assert (status, headers["seen"]) == (503, "1")
    assert b"upstream connect error" in body
    assert "by=gateway" in headers["x-hgw-identity"]


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_upstream_that_hangs_up_is_a_503(start: Start, serve: Callable[..., Raw], sent: bytes) -> None:
    status, body, _headers = ask(start(Probe(), upstream=serve(fixed(sent)).at))
    assert status == 503
    assert b"connection termination" in body


def test_upstream_that_does_not_speak_http_is_a_502(start: Start, serve: Callable[..., Raw]) -> None:
    status, body, _headers = ask(start(Probe(), upstream=serve(fixed(b"garbage\r\n\r\n")).at))
    assert status == 502
    assert b"protocol error" in body


def test_answer_that_is_cut_off_is_not_a_whole_one(start: Start, serve: Callable[..., Raw]) -> None:
    cut = fixed(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        ask(start(Probe(), upstream=serve(cut).at))


def test_upstream_may_answer_before_it_has_the_body(start: Start, serve: Callable[..., Raw]) -> None:
    probe = Probe().on("request_body", returns=1)
    gateway = start(probe, upstream=serve().at)
    connection = connect(gateway)
    connection.putrequest("POST", "/a")
    connection.putheader("content-length", "5")
    connection.endheaders()
    # The plugin let the headers go: what it decides about the body comes too late.
    assert connection.getresponse().read() == b"ok"
    connection.close()


def test_longer_body_is_cut_at_the_length_that_was_announced(start: Start, serve: Callable[..., Raw]) -> None:
    probe = Probe()
    longer = f"(if (local.get $p2) (then (drop {probe.set_body(0, 'LONGER')})))"
    upstream = serve(
        lambda head, connection: connection.sendall(
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
            + (head + (b"" if len(head.partition(b"\r\n\r\n")[2]) >= 5 else connection.recv(99)))[-5:]
        )
    )
    gateway = start(probe.on("request_body", longer, returns=BUFFER), upstream=upstream.at)
    assert ask(gateway, "POST", body=b"hello")[1] == b"LONGE"
    (sent,) = seen(gateway, SentUpstream)
    assert (sent.content_length, sent.body_bytes) == (5, 11)


def test_body_beyond_the_limit_is_a_413(start: Start) -> None:
    status, body, headers = ask(start(Probe().on("request_body", returns=1)), "POST", body=b"x" * 40_000)
    assert (status, body) == (413, b"Payload Too Large")
    assert "by=gateway" in headers["x-hgw-identity"]


def test_crash_is_a_503_and_a_trap_with_its_stack(start: Start) -> None:
    probe = Probe(extra="(func $inner (unreachable))").on("request_headers", "(call $inner)")
    gateway = start(probe)
    status, body, headers = ask(gateway)
    assert (status, body) == (503, b"")
    assert "by=crashed" in headers["x-hgw-identity"]
    trap, end = seen(gateway, Trap, StreamEnded)
    assert (trap.function, trap.reason, trap.frames[0]) == ("proxy_on_request_headers", "unreachable", "inner")
    assert end.answered_by is AnsweredBy.CRASHED
    assert ask(gateway)[0] == 503
    assert "at inner" in gateway.facts.log.read_text("utf-8")


def test_crash_while_others_wait_answers_them_at_once(start: Start, serve: Callable[..., Raw]) -> None:
    probe = Probe(marker=OLD)
    head = pairs.encode([(b":method", b"GET"), (b":path", b"/"), (b":authority", b"s")])
    probe.on("request_headers", f"(drop {probe.http_call('outbound|80||s.dns', head)})", returns=1)
    probe.on("http_call_response", "(unreachable)")
    begin = time.monotonic()
    gateway = start(probe, services={"outbound|80||s.dns": serve().at})
    assert ask(gateway)[0] == 503
    assert time.monotonic() - begin < 5


def test_loop_in_a_callback_is_ended_and_the_gateway_goes_on(start: Start) -> None:
    probe = Probe()
    loop = f"(if (i32.eqz {probe.get(REQUEST_HEADERS, 'x-loop')}) (then (loop $ever (br $ever))))"
    gateway = start(probe.on("request_headers", loop))
    begin = time.monotonic()
    assert ask(gateway, headers={"x-loop": "1"})[0] == 503
    assert time.monotonic() - begin < 8
    assert ask(gateway)[0] == 200
    assert any("took longer" in event.reason for event in seen(gateway, Trap))


def test_plugin_that_loops_while_it_starts_is_refused_in_bounded_time(start: Start) -> None:
    begin = time.monotonic()
    with pytest.raises(GatewayError) as caught:
        start(stuck())
    assert time.monotonic() - begin < 8
    assert caught.value.code == "plugin-trapped"
    assert "proxy_on_vm_start" in caught.value.message
    assert "took longer than 0.5 s" in caught.value.message


def test_refused_change_leaves_what_was_there_and_its_words_in_the_error(start: Start) -> None:
    gateway = start(Probe())
    gateway.events()
    bad = Probe()
    bad.on("configure", bad.write("my reason"), returns=0)
    with pytest.raises(GatewayError) as caught:
        gateway.apply(change(start.folder, bad))  # type: ignore[attr-defined] # set by the fixture
    assert "my reason" in caught.value.message
    assert caught.value.details["said"] == ["[info] my reason"]
    assert not [event for event in gateway.events() if isinstance(event, PluginLine)]
    assert ask(gateway)[0] == 200


def test_change_takes_effect_for_the_next_request_on_an_open_connection(start: Start) -> None:
    gateway = start(Probe())
    connection = connect(gateway)
    connection.request("GET", "/a")
    assert connection.getresponse().read() == b"ok"
    other = Probe()
    gateway.apply(change(start.folder, other.on("request_headers", f"(drop {other.reply(200, 'other')})")))  # type: ignore[attr-defined] # set by the fixture
    connection.request("GET", "/a")
    assert connection.getresponse().read() == b"other"
    connection.close()


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (OK, "200"),
        (fixed(b""), "503"),
        (lambda _head, _connection: time.sleep(2), "504"),
        (None, "503"),
    ],
    ids=["answers", "hangs up", "is slow", "is down"],
)
def test_service_that_the_plugin_calls(start: Start, serve: Callable[..., Raw], answer: Any, status: str) -> None:
    probe = Probe(marker=OLD)
    head = pairs.encode([(b":method", b"GET"), (b":path", b"/check"), (b":authority", b"s")])
    call = f"(global.set $stream (local.get $p0)) (drop {probe.http_call('outbound|80||s.dns', head, timeout=400)})"
    probe.on("request_headers", call, returns=1)
    probe.on(
        "http_call_response",
        probe.show(probe.get(CALL_HEADERS, ":status")),
        probe.do("set_effective_context", "(global.get $stream)"),
        probe.do("continue_stream", 0),
    )
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        down = Endpoint(host="127.0.0.1", port=holder.getsockname()[1])
        gateway = start(probe, services={"outbound|80||s.dns": serve(answer).at if answer else down})
        assert ask(gateway)[0] == 200
    assert [event.text for event in seen(gateway, PluginLine)] == [status]


def test_redis_that_the_plugin_calls(start: Start, serve: Callable[..., Raw]) -> None:
    probe = Probe(marker=OLD)
    name = probe.text("outbound|6379||redis.static?db=3")
    probe.on("configure", probe.do("redis_init", name, probe.text(""), probe.text("secret"), 900), returns=1)
    plain = probe.text("outbound|6379||redis.static")
    call = probe.do("redis_call", plain, probe.text(b"*1\r\n$4\r\nPING\r\n"), 48)
    probe.on("request_headers", "(global.set $stream (local.get $p0))", call, returns=1)
    probe.on(
        "redis_call_response",
        probe.show(probe.body(REDIS_REPLY)),
        probe.do("set_effective_context", "(global.get $stream)"),
        probe.do("continue_stream", 0),
    )
    commands: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def redis() -> None:
        connection, _address = server.accept()
        with connection:
            for reply in (b"+OK\r\n", b"+OK\r\n", b"$3\r\nabc\r\n", b"$3\r\nabc\r\n"):
                commands.append(connection.recv(9999))
                connection.sendall(reply)

    threading.Thread(target=redis, daemon=True).start()
    at = Endpoint(host="127.0.0.1", port=server.getsockname()[1])
    gateway = start(probe, services={"outbound|6379||redis.static": at})
    for _number in range(2):
        assert ask(gateway)[0] == 200
    assert [event.text for event in gateway.events() if isinstance(event, PluginLine)] == ["$3\r\nabc\r\n"] * 2
    assert [command.split(b"\r\n")[2] for command in commands] == [b"AUTH", b"SELECT", b"PING", b"PING"]
    server.close()


def test_tick_comes_by_itself(start: Start) -> None:
    probe = Probe()
    gateway = start(
        probe.on("vm_start", probe.do("set_tick_period_milliseconds", 20), returns=1).on("tick", probe.write("tick"))
    )
    time.sleep(0.3)
    assert len([event for event in gateway.events() if isinstance(event, PluginLine)]) >= 3


def test_client_that_goes_away_ends_its_stream(start: Start) -> None:
    gateway = start(Probe(marker=OLD).on("request_headers", returns=1).on("log"))
    connection = connect(gateway)
    connection.request("GET", "/a")
    time.sleep(0.2)
    connection.close()
    (end,) = seen(gateway, StreamEnded)
    assert (end.status, end.answered_by) == (None, None)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no http\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\nhost: a\r\n\r\n", b"426"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
    ],
)
def test_request_that_is_not_taken(start: Start, sent: bytes, status: bytes) -> None:
    gateway = start(Probe())
    with socket.create_connection(("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]))) as client:
        client.sendall(sent)
        assert client.recv(999).split()[1] == status
    assert ask(gateway)[0] == 200


def test_expected_continue_is_given(start: Start) -> None:
    gateway = start(Probe())
    with socket.create_connection(("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]))) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert client.recv(999).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"hi")
        assert client.recv(999).startswith(b"HTTP/1.1 200 ")


def test_port_that_is_taken(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder, pytest.raises(GatewayError) as caught:
        start(Probe(), port=holder.getsockname()[1])
    assert caught.value.code == "port-in-use"


def test_nothing_listens_and_no_thread_remains_after_the_end(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    folder = RunFolder.create(tmp_path / "runs")
    listening = Listening(bind="127.0.0.1", port=0, option="--port", source=DEFAULT)
    upstream = Endpoint(host="127.0.0.1", port=1)
    place = Place(listening=listening, admin=listening, upstream=upstream, plugin_name="p", cache=tmp_path / "cache")
    with BuiltinGateway(place, folder) as gateway:
        gateway.apply(change(folder, plugin()))
        port = int(gateway.url.rsplit(":", 1)[1])
        assert all(check.ok for check in gateway.evidence())
        waiting = socket.create_connection(("127.0.0.1", port))
        waiting.sendall(b"GET / HT")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    waiting.close()
    folder.leave()
    assert set(threading.enumerate()) <= before


def test_many_connections_at_once(start: Start) -> None:
    gateway = start(plugin())
    failures: list[object] = []

    def client() -> None:
        try:
            connection = connect(gateway)
            for _number in range(10):
                connection.request("GET", "/a")
                answer = connection.getresponse()
                if (answer.status, answer.read()) != (200, b"ok"):
                    failures.append(answer.status)
            connection.close()
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=client) for _number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_variables_of_the_plugin(start: Start) -> None:
    probe = Probe()
    text = "(call $wasi_environ_sizes_get (i32.const 200) (i32.const 204))"
    gateway = start(
        probe.on("request_headers", f"(drop {text})", probe.say("(i32.load (i32.const 200))")), env={"A": "1", "B": "2"}
    )
    ask(gateway)
    assert [event.text for event in seen(gateway, PluginLine)] == ["2"]
    assert json.dumps(gateway.facts.engine) == '"builtin"'


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_plugins_that_were_replaced_or_have_crashed_are_freed(start: Start) -> None:
    gc.collect()
    before = _memory_images()
    crashing = Probe().on("request_headers", "(unreachable)")
    gateway = start(crashing)
    for _number in range(5):
        assert ask(gateway)[0] == 503
        gateway.apply(change(start.folder, crashing))  # type: ignore[attr-defined] # set by the fixture
    gc.collect()
    assert _memory_images() - before <= 2


def _memory_images() -> int:
    """How many open files of this process are the initial memory of a plugin that has been loaded."""
    links = [path.readlink().name for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum("wasm-memory-image" in name for name in links)
