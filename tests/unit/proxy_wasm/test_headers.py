"""What a plugin may read and change of headers, in which phase."""

import pytest

from higress_cli.proxy_wasm import pairs
from higress_cli.proxy_wasm.headers import HeaderMap
from tests.support.probes import (
    NEWEST,
    NUMBER,
    OLD,
    POINTER,
    REQUEST_HEADERS,
    REQUEST_TRAILERS,
    RESPONSE_HEADERS,
    RESPONSE_TRAILERS,
    SIZE,
    Probe,
)
from tests.unit.proxy_wasm.conftest import MakeRig

STOP = 1
BAD_ARGUMENT = "!2"


def test_get_gives_the_first_value_and_not_found_for_none(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", *(probe.show(probe.get(REQUEST_HEADERS, name)) for name in ("X-Many", ":path", "none")))
    exchange = rig(probe).open()
    exchange.stream.on_request_headers([(b"x-many", b"a"), (b"x-many", b"b"), (b":path", b"/p")], end=True)
    assert exchange.rig.lines == ["a", "/p", "!1"]


def test_empty_value_is_found(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "request_headers", probe.say(probe.get(REQUEST_HEADERS, "x-empty")), probe.say(f"(i32.load (i32.const {SIZE}))")
    )
    assert rig(probe).get(**{"x-empty": ""}).rig.lines == ["0", "0"]


def test_add_joins_inline_headers_and_repeats_others(rig: MakeRig) -> None:
    probe = Probe()
    changes = [
        probe.do("add_header_map_value", REQUEST_HEADERS, probe.text(name), probe.text("2"))
        for name in ("accept", "x-own")
    ]
    exchange = rig(probe.on("request_headers", *changes)).get(accept="1", **{"x-own": "1"})
    headers = exchange.wire.upstream[0][0]
    assert (headers["accept"], headers["x-own"]) == ("1,2", "1 | 2")


def test_set_cookie_is_never_joined(rig: MakeRig) -> None:
    probe = Probe()
    add = [f"(drop {probe.add(RESPONSE_HEADERS, 'set-cookie', value)})" for value in ("a=1", "b=2")]
    exchange = rig(probe.on("response_headers", *add)).get().answer()
    assert exchange.wire.downstream[0][0]["set-cookie"] == "a=1 | b=2"


def test_replace_leaves_one_value_and_adds_a_missing_one(rig: MakeRig) -> None:
    probe = Probe()
    probe.on(
        "request_headers", *(f"(drop {probe.replace(REQUEST_HEADERS, name, 'new')})" for name in ("x-many", "x-new"))
    )
    exchange = rig(probe).open()
    exchange.stream.on_request_headers([(b"x-many", b"a"), (b"x-many", b"b")], end=True)
    assert exchange.wire.upstream[0][0] == {"x-many": "new", "x-new": "new"}


def test_remove_takes_every_value(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", *(probe.say(probe.remove(REQUEST_HEADERS, name)) for name in ("x-many", "none")))
    exchange = rig(probe).open()
    exchange.stream.on_request_headers([(b"x-many", b"a"), (b"x-many", b"b"), (b"k", b"v")], end=True)
    assert exchange.wire.upstream[0][0] == {"k": "v"}
    assert exchange.rig.lines == ["0", "0"]


def test_pairs_are_read_and_replaced_as_a_whole(rig: MakeRig) -> None:
    probe = Probe()
    new = probe.text(pairs.encode([(b"X-Upper", b"v"), (b":path", b"/new")]))
    probe.on(
        "request_headers",
        probe.show(probe.call("get_header_map_pairs", REQUEST_HEADERS, POINTER, SIZE)),
        probe.do("set_header_map_pairs", REQUEST_HEADERS, new),
    )
    exchange = rig(probe).get()
    sent = exchange.wire.upstream[0][0]
    assert sent == {":path": "/new", "x-upper": "v"}
    assert dict(pairs.decode(exchange.rig.lines[0].encode()))[b":authority"] == b"example.com"


def test_size_is_in_bytes(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.number(probe.call("get_header_map_size", REQUEST_HEADERS, NUMBER)))
    exchange = rig(probe).open()
    exchange.stream.on_request_headers([(b"abc", b"12345")], end=True)
    assert exchange.rig.lines == ["8"]


def body_phase(marker: str, *, headers: int) -> Probe:
    """Returns `headers` at the request's headers, then reads and changes one in the body phase."""
    probe = Probe(marker=marker).on("request_headers", returns=headers)
    return probe.on(
        "request_body",
        probe.show(probe.get(REQUEST_HEADERS, ":path")),
        probe.say(probe.add(REQUEST_HEADERS, "late", "1")),
        probe.say(probe.remove(REQUEST_HEADERS, "late")),
        probe.say(probe.replace(REQUEST_HEADERS, "later", "1")),
        returns="(i32.eqz (local.get $p2))",
    )


def test_request_headers_are_out_of_reach_once_they_continued(rig: MakeRig) -> None:
    exchange = rig(body_phase(NEWEST, headers=0)).open().request(body=[])
    assert exchange.rig.lines == [BAD_ARGUMENT, "2", "2", "2"]
    assert ("request_body", "proxy_get_header_map_value", 2) in exchange.rig.world.refusals


def test_request_headers_that_are_held_can_be_changed_in_the_body_phase(rig: MakeRig) -> None:
    exchange = rig(body_phase(NEWEST, headers=STOP)).open().request(body=[])
    assert exchange.rig.lines == ["/a?b=1", "0", "0", "0"]
    assert exchange.wire.upstream[0][0]["later"] == "1"


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        ("request_headers", RESPONSE_HEADERS),
        ("request_headers", REQUEST_TRAILERS),
        ("response_headers", REQUEST_HEADERS),
        ("response_headers", RESPONSE_TRAILERS),
    ],
)
def test_headers_of_the_other_direction_are_out_of_reach(rig: MakeRig, phase: str, kind: int) -> None:
    probe = Probe()
    probe.on(phase, probe.show(probe.get(kind, ":status")), probe.say(probe.add(kind, "x", "y")))
    assert rig(probe).get().answer().rig.lines == [BAD_ARGUMENT, "2"]


def test_map_out_of_reach_reads_as_empty_pairs(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("request_headers", probe.show(probe.call("get_header_map_pairs", RESPONSE_HEADERS, POINTER, SIZE)))
    assert rig(probe).get().rig.lines == [""]


def test_headers_are_readable_again_while_logging(rig: MakeRig) -> None:
    probe = Probe(marker=OLD)
    probe.on("log", probe.show(probe.get(REQUEST_HEADERS, ":path")), probe.show(probe.get(RESPONSE_HEADERS, ":status")))
    assert rig(probe).get().answer().close().rig.lines == ["/a?b=1", "200"]


@pytest.mark.parametrize("kind", [8, 99, 0xFFFFFFFF])
def test_unknown_map(rig: MakeRig, kind: int) -> None:
    probe = Probe()
    operand = f"(i32.const {kind if kind < 1 << 31 else kind - (1 << 32)})"
    probe.on("request_headers", probe.show(probe.call("get_header_map_value", operand, probe.text("a"), POINTER, SIZE)))
    assert rig(probe).get().rig.lines == [BAD_ARGUMENT]


def test_trailers_are_changed_in_their_phase(rig: MakeRig) -> None:
    probe = Probe()
    probe.on("response_trailers", f"(drop {probe.replace(RESPONSE_TRAILERS, 't', '2')})")
    exchange = rig(probe).get()
    exchange.stream.on_response_headers([(b":status", b"200")], end=False)
    exchange.stream.on_response_data(b"x", end=False)
    exchange.stream.on_response_trailers([(b"t", b"1")])
    assert exchange.wire.downstream[-1] == {"trailers": {"t": "2"}}


def test_pseudo_headers_stay_in_front() -> None:
    headers = HeaderMap("request", [(b"a", b"1")])
    headers.add(b":path", b"/")
    assert list(headers) == [(b":path", b"/"), (b"a", b"1")]


@pytest.mark.parametrize(
    "found", [[], [(b"a", b"")], [(b"", b"b")], [(b"a", b"1"), (b"a", b"2")], [(b"k\0", b"\xff\0v")]]
)
def test_pairs_come_back_as_they_went(found: list[tuple[bytes, bytes]]) -> None:
    assert pairs.decode(pairs.encode(found)) == found


@pytest.mark.parametrize(
    "change", [lambda raw: raw + b"x", lambda raw: raw[:-1], lambda raw: b"\xff\xff\xff\xff" + raw[4:]]
)
def test_pairs_of_another_size_than_they_say_are_none(change: object) -> None:
    assert callable(change)
    assert pairs.decode(change(pairs.encode([(b"a", b"1")]))) == []
