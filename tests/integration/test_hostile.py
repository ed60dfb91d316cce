"""Plugins and peers that mean no good: the gateway answers, stays up, and says what happened."""

import contextlib
import http.client
import resource
import socket
import threading
import time

import pytest

from higress_cli.gateway.engines.builtin.gateway import BuiltinGateway
from higress_cli.gateway.events import PluginLine, Trap
from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.calls import declared, names
from higress_cli.proxy_wasm.limits import Limits
from tests.support.builtin import Serve, Start, ask, connect
from tests.support.probes import NEWEST, OLD, REQUEST_HEADERS, RESPONSE_HEADERS, Probe

pytestmark = pytest.mark.extra("local")

SERVICE = "outbound|80||s.dns"
PHASES = (
    "context_create", "request_headers", "request_body", "response_headers", "response_body", "log", "done", "delete",
)  # fmt: skip
HEAVY = {"loops": "(loop $ever (br $ever))", "traps": "(unreachable)"}
_MEGABYTE = b"m" * 2**20


def trap_of(gateway: BuiltinGateway) -> Trap:
    """The first trap that the gateway tells of."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for event in gateway.events():
            if isinstance(event, Trap):
                return event
        time.sleep(0.01)
    raise AssertionError("no trap was told")


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("how", HEAVY)
def test_callback_that_loops_or_traps_costs_one_request(start: Start, phase: str, how: str) -> None:
    probe = Probe()
    # Bad only once: a new virtual machine starts the count anew, so the shared data keeps it.
    key = probe.text("met")
    met = probe.call("get_shared_data", key, 40, 44, 48)
    note = probe.do("set_shared_data", key, probe.text("x"), 0)
    condition = met if phase != "context_create" else f"(i32.and (i32.ne (local.get $p1) (i32.const 0)) {met})"
    probe.on(phase, f"(if {condition} (then {note} {HEAVY[how]}))", returns=int(phase == "done"))
    gateway = start(probe)
    gateway.events()
    with contextlib.suppress(http.client.HTTPException, OSError):
        status = ask(gateway, "POST", body=b"hello")[0]
        assert status in ({200} if phase in {"log", "done", "delete", "response_body"} else {503})
    trap = trap_of(gateway)
    assert trap.function == f"proxy_on_{phase}"
    assert ("took longer than 0.5 s" if how == "loops" else "unreachable") in trap.reason
    assert ask(gateway, "POST", body=b"hello")[0] == 200


def test_tick_that_traps_leaves_the_gateway_up(start: Start) -> None:
    probe = Probe()
    probe.on("vm_start", probe.do("set_tick_period_milliseconds", 500), returns=1).on("tick", "(unreachable)")
    gateway = start(probe)
    assert trap_of(gateway).function == "proxy_on_tick"
    assert ask(gateway)[0] == 200


def test_answer_to_a_call_that_loops_is_a_503(start: Start, serve: Serve) -> None:
    probe = Probe(marker=OLD)
    head = pairs.encode([(b":method", b"GET"), (b":path", b"/"), (b":authority", b"s")])
    probe.on("request_headers", f"(drop {probe.http_call(SERVICE, head)})", returns=1)
    probe.on("http_call_response", HEAVY["loops"])
    gateway = start(probe, services={SERVICE: serve().at})
    assert ask(gateway)[0] == 503
    assert trap_of(gateway).function == "proxy_on_http_call_response"


def test_memory_that_grows_ends_at_its_limit_and_says_so(start: Start) -> None:
    grow = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) (unreachable)"
    limits = Limits(call_seconds=5, start_seconds=5, memory_bytes=32 * 2**20)
    gateway = start(Probe().on("request_headers", grow), limits=limits)
    assert ask(gateway)[0] == 503
    assert "its memory is at its limit of 32 MiB" in trap_of(gateway).reason


def test_module_that_wants_more_memory_than_there_is_for_it_is_refused(start: Start) -> None:
    from higress_cli.gateway.refusal import PluginRefused

    with pytest.raises(PluginRefused, match="memory"):
        start(Probe(), limits=Limits(memory_bytes=65536))


def test_garbage_in_the_place_of_pointers_is_refused_by_every_function(start: Start) -> None:
    values = ("(i32.const -1)", "(i32.const 2147483640)", "(i32.const 131070)", "(i32.const 0)")
    calls = []
    for module, name in sorted(names()):
        entry = declared(module, name)
        assert entry is not None
        old = entry.markers is not None and NEWEST not in entry.markers
        if (
            module == "wasi_unstable"
            or not (name.startswith("proxy_") or module != "env")
            or name == "proc_exit"
            or old
        ):
            continue
        plain = name if module == "env" else f"wasi_{name}"
        for value in values:
            wide = value.replace("i32", "i64")
            given = " ".join(wide if letter == "l" else value for letter in entry.parameters)
            call = f"(call ${plain} {given})"
            calls.append(f"(drop {call})" if entry.returns else call)
    probe = Probe()
    gateway = start(probe.on("request_headers", *calls, probe.write("still here")), limits=Limits())
    with contextlib.suppress(http.client.HTTPException, OSError):
        ask(gateway)
    assert "still here" in gateway.facts.log.read_text("utf-8")
    assert not [event for event in gateway.events() if isinstance(event, Trap)]
    connection = connect(gateway)
    connection.close()


def test_vectors_without_end_do_not_fill_the_memory(start: Start) -> None:
    probe = Probe()
    # 1000 times the same megabyte.
    fill = """
      (local $i i32)
      (loop $next
        (i32.store (i32.add (i32.const 70000) (i32.mul (local.get $i) (i32.const 8))) (i32.const 0))
        (i32.store (i32.add (i32.const 70004) (i32.mul (local.get $i) (i32.const 8))) (i32.const 100000))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))"""
    write = "(call $wasi_fd_write (i32.const 1) (i32.const 70000) (i32.const 1000) (i32.const 48))"
    gateway = start(probe.on("request_headers", fill, probe.say(write)))
    assert ask(gateway)[0] == 200
    assert [event.text for event in gateway.events() if isinstance(event, PluginLine)] == ["21"]


def test_ten_thousand_headers_of_a_plugin_pass(start: Start, serve: Serve) -> None:
    probe = Probe()

    def many(kind: int) -> str:
        add = probe.call("add_header_map_value", kind, probe.text("x-many"), probe.text("v"))
        return f"""
          (local $i i32)
          (loop $next
            (drop {add})
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $i) (i32.const 10000))))"""

    upstream = serve()
    probe.on("request_headers", many(REQUEST_HEADERS)).on("response_headers", many(RESPONSE_HEADERS))
    gateway = start(probe, upstream=upstream.at, limits=Limits())
    with socket.create_connection(("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]))) as client:
        client.sendall(b"GET /a HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"x-many: v\r\n") == 10_000
    assert upstream.requests[0].count(b"x-many: v\r\n") == 10_000


@pytest.mark.parametrize(("count", "status"), [(98, 200), (10_000, 431)])
def test_headers_of_a_client_are_limited_as_in_envoy(start: Start, count: int, status: int) -> None:
    gateway = start(Probe())
    assert ask(gateway, headers={f"x{number}": "" for number in range(count)})[0] == status
    assert ask(gateway)[0] == 200


def test_upstream_with_ten_thousand_headers_is_a_502(start: Start, serve: Serve) -> None:
    lines = b"".join(b"x%d: y\r\n" % number for number in range(150))

    def many(_head: bytes, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + lines + b"\r\n")

    status, body, _headers = ask(start(Probe(), upstream=serve(many).at))
    assert (status, body[-14:]) == (502, b"protocol error")


def test_bodies_of_a_hundred_megabytes_pass_without_being_held(start: Start, serve: Serve) -> None:
    size = 100

    def slow_reader(head: bytes, connection: socket.socket) -> None:
        received = len(head.partition(b"\r\n\r\n")[2])
        while received < size * len(_MEGABYTE):
            received += len(connection.recv(2**20))
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (size * len(_MEGABYTE)))
        for _number in range(size):
            connection.sendall(_MEGABYTE)

    gateway = start(Probe().on("request_body").on("response_body"), upstream=serve(slow_reader).at)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connection = connect(gateway)
    connection.putrequest("POST", "/a")
    connection.putheader("content-length", str(size * len(_MEGABYTE)))
    connection.endheaders()
    for _number in range(size):
        connection.send(_MEGABYTE)
    answer = connection.getresponse()
    received = 0
    while chunk := answer.read(2**20):
        received += len(chunk)
    connection.close()
    assert received == size * len(_MEGABYTE)
    # ru_maxrss is in KiB here and in bytes on macOS, where this only checks less.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_body_of_a_hundred_megabytes_that_the_plugin_holds_is_a_413(start: Start) -> None:
    # The headers are held too: the upstream cannot answer before the limit is reached.
    gateway = start(Probe().on("request_headers", returns="(i32.eqz (local.get $p2))").on("request_body", returns=1))
    connection = connect(gateway)
    connection.putrequest("POST", "/a")
    connection.putheader("content-length", str(100 * len(_MEGABYTE)))
    connection.endheaders()
    sending = threading.Thread(target=lambda: _send(connection))
    sending.start()
    assert connection.getresponse().status == 413
    connection.close()
    sending.join()
    assert ask(gateway)[0] == 200


def _send(connection: http.client.HTTPConnection) -> None:
    with contextlib.suppress(OSError):
        for _number in range(100):
            connection.send(_MEGABYTE)
