"""The Redis that hgw plays: what it keeps, when that expires, and how it is talked to."""

import contextlib
import socket

import pytest

from higress_cli.gateway.redis_server import RedisServer, played
from higress_cli.gateway.redis_store import RedisError, RedisStore
from higress_cli.gateway.services import EmbeddedRedis, Endpoint
from higress_cli.proxy_wasm.redis import Reply, RespError, command, encode, end_of_value, words_of


class Clock:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def run(store: RedisStore, line: str) -> Reply:
    return store.run([word.encode() for word in line.split()])


@pytest.mark.parametrize(
    ("lines", "replies"),
    [
        (["PING", "PING hi"], ["PONG", b"hi"]),
        (["GET a", "SET a 1", "GET a", "get a"], [None, "OK", b"1", b"1"]),
        (["INCR n", "INCRBY n 4", "DECR n", "DECRBY n 2", "GET n"], [1, 5, 4, 2, b"2"]),
        (["SET a 1 NX", "SET a 2 NX", "SET b 1 XX", "SETNX a 3", "GET a"], ["OK", None, None, 0, b"1"]),
        (["MSET a 1 b 2", "MGET a b c", "EXISTS a b c", "DEL a c", "EXISTS a"], ["OK", [b"1", b"2", None], 2, 1, 0]),
        (["HSET h f 1 g 2", "HGET h f", "HGET h x", "HINCRBY h f 4", "HDEL h g x"], [2, b"1", None, 5, 1]),
        (
            ["RPUSH l a b", "LPUSH l c", "LRANGE l 0 -1", "LLEN l", "LPOP l", "RPOP l"],
            [2, 3, [b"c", b"a", b"b"], 3, b"c", b"b"],
        ),
        (
            ["HSET h f 1", "HEXISTS h f", "HLEN h", "HKEYS h", "HVALS h", "HMGET h f x"],
            [1, 1, 1, [b"f"], [b"1"], [b"1", None]],
        ),
        (["HGET h f", "LLEN l", "SMEMBERS s", "EXISTS h l s"], [None, 0, [], 0]),
        (["RPUSH l a b", "LINDEX l -1", "LPOP l 5", "EXISTS l"], [2, b"b", [b"a", b"b"], 0]),
        (["SET a 1 EX 9", "SET a 2 GET", "TTL a"], ["OK", b"1", -1]),
        (["SADD s a b a", "SADD s a", "SISMEMBER s b", "SREM s b", "SMEMBERS s"], [2, 0, 1, 1, [b"a"]]),
        (["SELECT 3", "AUTH me secret", "FLUSHALL"], ["OK", "OK", "OK"]),
        (["SET a 1 EX 9", "SET a 2 KEEPTTL", "TTL a", "SET a 3", "TTL a"], ["OK", "OK", 9, "OK", -1]),
        (["SET a 1", "PEXPIRE a 5000", "TTL a", "PEXPIRE b 1"], ["OK", 1, 5, 0]),
        (["HSET h f 1 g 2", "HGETALL h", "HGETALL x"], [2, [b"f", b"1", b"g", b"2"], []]),
        (["SADD s a b", "SCARD s", "SCARD x"], [2, 2, 0]),
        (["LPOP x 2", "RPUSH l a", "LPOP l 0"], [None, 1, []]),
    ],
)
def test_commands(lines: list[str], replies: list[Reply]) -> None:
    store = RedisStore()
    assert [run(store, line) for line in lines] == replies


def test_a_command_that_it_lacks_is_known_by_name() -> None:
    store = RedisStore()
    assert store.lacks([b"eval", b"return 1", b"0"]) == "EVAL"
    assert store.lacks([b"get", b"k"]) is None
    assert isinstance(run(store, "eval x"), RedisError)


def test_keys_expire() -> None:
    clock = Clock()
    store = RedisStore(clock)
    run(store, "SET a 1 EX 10")
    run(store, "SETEX b 10 1")
    assert [run(store, "TTL a"), run(store, "PTTL b"), run(store, "TTL none")] == [10, 10_000, -2]
    clock.time += 9.9
    assert run(store, "GET a") == b"1"
    assert run(store, "PERSIST b") == 1
    clock.time += 0.2
    assert [run(store, line) for line in ("GET a", "EXPIRE a 5", "GET b", "TTL b")] == [None, 0, b"1", -1]


def test_counter_begins_anew_when_it_expired() -> None:
    clock = Clock()
    store = RedisStore(clock)
    run(store, "INCR n")
    run(store, "EXPIRE n 60")
    run(store, "INCR n")
    clock.time += 61
    assert run(store, "INCR n") == 1
    assert run(store, "TTL n") == -1


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["FOO"], "unknown command 'FOO'"),
        (["EVAL x 0"], "a real one may"),
        (["SET a x", "INCR a"], "not an integer"),
        (["HSET h f 1", "GET h"], "WRONGTYPE"),
        (["SET a x", "HGET a f"], "WRONGTYPE"),
        (["GET"], "wrong number of arguments"),
        (["MSET a 1 b"], "wrong number of arguments"),
        (["SET a 1 FOO"], "syntax error"),
        (["SET a 1 NX XX"], "syntax error"),
        (["SET a 1 EX 9 KEEPTTL"], "syntax error"),
        (["SELECT 16"], "DB index is out of range"),
        (["RPUSH l a", "LPOP l -1"], "must be positive"),
        (["SET a 1 EX 0"], "invalid expire time"),
        (["SET a 01", "INCR a"], "not an integer"),
        (["SET a 9223372036854775807", "INCR a"], "overflow"),
    ],
)
def test_errors(lines: list[str], said: str) -> None:
    store = RedisStore()
    reply = [run(store, line) for line in lines][-1]
    assert isinstance(reply, RedisError)
    assert said in str(reply)


@pytest.mark.parametrize("name", [name[3:] for name in dir(RedisStore) if name.startswith("do_")])
def test_every_command_knows_how_many_arguments_it_takes(name: str) -> None:
    reply = run(RedisStore(), f"{name}{' 1' * 9}")
    assert not isinstance(reply, RedisError) or "unknown" not in str(reply)


@pytest.mark.parametrize(
    ("reply", "written"),
    [
        (None, b"$-1\r\n"),
        (7, b":7\r\n"),
        ("OK", b"+OK\r\n"),
        (b"a\r\nb", b"$4\r\na\r\nb\r\n"),
        (RedisError("ERR no"), b"-ERR no\r\n"),
        ([1, None, [b"x"]], b"*3\r\n:1\r\n$-1\r\n*1\r\n$1\r\nx\r\n"),
    ],
)
def test_replies_are_written_and_their_end_is_found(reply: Reply, written: bytes) -> None:
    assert encode(reply) == written
    assert end_of_value(written) == len(written)
    assert all(end_of_value(written[:cut]) is None for cut in range(len(written)))


def test_command_and_its_words() -> None:
    assert words_of(command("SET", "k", b"v\r\nw")) == [b"SET", b"k", b"v\r\nw"]


@pytest.mark.parametrize("content", [b"+OK\r\n", b"*1\r\n:1\r\n", b"*2\r\n$1\r\na\r\n"])
def test_what_is_not_a_command(content: bytes) -> None:
    with pytest.raises(RespError):
        words_of(content)


@pytest.mark.parametrize("content", [b"?\r\n", b"$x\r\n", b"*x\r\n"])
def test_what_is_not_resp(content: bytes) -> None:
    with pytest.raises(RespError):
        end_of_value(content)


def ask(connection: socket.socket, *words: str) -> bytes:
    connection.sendall(command(*words))
    return received(connection, replies=1)


def received(connection: socket.socket, *, replies: int) -> bytes:
    """As many whole replies; they come in as many pieces as the machine has time for."""
    so_far, end = b"", 0
    for _reply in range(replies):
        while (length := end_of_value(so_far[end:])) is None:
            chunk = connection.recv(100)
            assert chunk, so_far
            so_far += chunk
        end += length
    assert end == len(so_far)
    return so_far


def test_server_keeps_what_it_is_told_until_it_forgets() -> None:
    with RedisServer() as server, socket.create_connection((server.at.host, server.at.port)) as connection:
        connection.sendall(command("INCR", "a") + command("INCR", "a") + command("GET", "a"))
        assert received(connection, replies=3) == b":1\r\n:2\r\n$1\r\n2\r\n"
        server.forget()
        assert ask(connection, "GET", "a") == b"$-1\r\n"
    with pytest.raises(ConnectionRefusedError), contextlib.closing(socket.socket()) as again:
        again.connect((server.at.host, server.at.port))


def test_server_with_rules_answers_by_them() -> None:
    rules: dict[str, Reply] = {"GET k": b"1", "get missing": None, "*": RedisError("ERR down")}
    with RedisServer(rules) as server, socket.create_connection((server.at.host, server.at.port)) as connection:
        assert ask(connection, "get", "k") == b"$1\r\n1\r\n"
        assert ask(connection, "GET", "missing") == b"$-1\r\n"
        assert ask(connection, "INCR", "k") == b"-ERR down\r\n"


def test_rules_without_one_for_everything_name_the_command() -> None:
    with RedisServer({}) as server, socket.create_connection((server.at.host, server.at.port)) as connection:
        assert ask(connection, "INCR", "k") == b"-ERR no rule for: INCR k\r\n"


def test_embedded_redis_gets_an_address_and_others_keep_theirs() -> None:
    there = Endpoint(host="127.0.0.1", port=1)
    with played() as redis:
        services = redis.places({"a": EmbeddedRedis(), "b": there})
        assert redis.places({"a": EmbeddedRedis()})["a"] == services["a"]
        assert services["b"] == there
        at = services["a"]
        with socket.create_connection((at.host, at.port)) as connection:
            assert ask(connection, "SET", "k", "v") == b"+OK\r\n"
            redis.forget()
            assert ask(connection, "EXISTS", "k") == b":0\r\n"


def test_a_value_of_an_unknown_kind_is_refused():
    with pytest.raises(RespError, match="no value begins with b'!'"):
        end_of_value(b"!3\r\nabc\r\n")
