"""The template `redis-rate-limit` with a real redis-server, and hgw's own Redis beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from higress_cli.gateway.redis_store import RedisStore
from higress_cli.gateway.services import Endpoint
from higress_cli.profile import Profile
from higress_cli.proxy_wasm.redis import encode
from higress_cli.scaffold.templates import list_templates
from tests.e2e.conftest import HgwProcess, Made, project_of
from tests.e2e.debian import redis_server
from tests.support.hgw_process import wait_for
from tests.support.redis_client import redis_client

pytestmark = [pytest.mark.e2e, pytest.mark.extra("local")]

PASSWORD = "secret"
CONFIG = {"serviceName": "redis.dns", "servicePort": 6379, "qpm": 2, "password": PASSWORD}
MINUTE = 1767225600  # 2026-01-01T00:00:00Z


def expect(status: int, left: str | None, **headers: str) -> dict[str, object]:
    wanted = {"calltimeleft": left, "timestamp": {"matches": "^[0-9]+$"} if left else None, **headers}
    return {
        "expect": {"status": status, "headers": wanted, "upstream": "absent" if status == 429 else {"path": "/get"}}
    }


SCENARIOS = [
    {
        "name": "up to the limit",
        "clock": "2026-01-01T00:00:42Z",
        "steps": [expect(200, "1"), expect(200, "0"), expect(429, "0", **{"retry-after": "18"})],
    },
    {"name": "still in that minute", "clock": "2026-01-01T00:00:59Z", **expect(429, "0", **{"retry-after": "1"})},
    {"name": "the next minute", "clock": "2026-01-01T00:01:00Z", **expect(200, "1")},
    {"name": "nobody who may count", "config": {**CONFIG, "password": "wrong"}, **expect(200, None)},
]

CONNECTIONS = "SELECT 3, SELECT 16, SELECT x, PING, PING hi, FLUSHALL, FLUSHDB"
KEYS = """GET a, SET a 1, get a, EXISTS a a b, TTL a, TTL none, PTTL none, EXPIRE a 60, TTL a, EXPIRE a x, EXPIRE
none 5, PERSIST a, PERSIST a, EXPIRE a -1, EXISTS a, SET a 1, PEXPIRE a 100000, TTL a, UNLINK a none, DEL a, EXISTS,
DEL, EXPIRE a"""
TEXTS = """SET a 1 NX, SET a 2 NX, SET b 1 XX, SET a 2 XX, SET a 3 GET, GET a, SET a 4 EX 10, TTL a, SET a 5
KEEPTTL, TTL a, SET a 6, TTL a, SET a 1 PX 5000, TTL a, SET a 7 EX, SET a 7 EX x, SET a 7 EX 0, SET a 7 FOO, SET a 7
NX XX, SET a, GET a, SET a 7 EX 5 PX 5, SET a 7 EX 5 KEEPTTL, SETEX e 10 v, TTL e, SETEX e 0 v, SETEX e x v, SETEX e
5, SETNX e 1, SETNX q 1, MSET b 1 c 2, MSET b, MSET b 1 c, MGET b c none, MGET, GET, GET a b"""
COUNTERS = """INCR n, INCRBY n 4, DECR n, DECRBY n 9, GET n, INCRBY n x, INCRBY n, INCR n m, SET t x, INCR t, SET t
01, INCR t, SET t 1_0, INCR t, SET t 9223372036854775807, INCR t, GET t, DECR t, EXPIRE n 60, INCR n, TTL n"""
HASHES = """HGET h f, EXISTS h, GET h, HGETALL h, HLEN h, HDEL h f, HSET h f 1 g 2, HSET h f 3 i 4, HGET h f, HGET h
x, HMGET h f x g, HGETALL h, HKEYS h, HVALS h, HLEN h, HEXISTS h f, HEXISTS h x, HINCRBY h f 4, HINCRBY h new 2,
HSET h t x, HINCRBY h t 1, HINCRBY h f x, HSET h a, HSET h a 1 b, HMSET h a 1, HDEL h f g i x, EXPIRE h 60, HSET h z
1, TTL h, HDEL h t a new z, EXISTS h, GET h, HGET h"""
LISTS = """LLEN l, LRANGE l 0 -1, LPOP l, RPOP l, EXISTS l, RPUSH l a b, LPUSH l c d, LRANGE l 0 -1, LRANGE l -100
100, LRANGE l 2 1, LRANGE l 0 -9, LRANGE l 1 2, LRANGE l x 1, LINDEX l 0, LINDEX l -1, LINDEX l 9, LINDEX l x, LLEN
l, LPOP l, RPOP l, LPOP l 0, LPOP l -1, RPOP l 5, EXISTS l, LPUSH l"""
SETS = """SMEMBERS s, SISMEMBER s a, SCARD s, EXISTS s, SADD s a b a, SADD s a, SCARD s, SISMEMBER s b, SREM s b x,
SMEMBERS s, SREM s a, EXISTS s, SADD s"""
WRONG_TYPES = """SET t x, HSET h f 1, LPUSH l a, GET h, INCR h, HGET t f, HSET t f 1, LPUSH t a, LPOP t, SADD t a,
SMEMBERS l, MGET t h, SET h 1 GET, SET h 1, GET h"""


@pytest.fixture(scope="module")
def made(real_hgw: HgwProcess) -> Made:
    (template,) = (each for each in list_templates() if each.name == "redis-rate-limit")
    return project_of(template, Profile.TINYGO, real_hgw)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Endpoint]:
    with redis_server(tmp_path, password=PASSWORD) as at:
        yield at


@pytest.mark.parametrize("abi", ["0.2.1", "0.2.100"])
def test_requests_are_counted_up_to_429_and_the_count_is_reset(
    made: Made, redis: Endpoint, real_hgw: HgwProcess, tmp_path: Path, abi: str
) -> None:
    folder = tmp_path / "work"
    services = {"redis.dns:6379": f"{redis.host}:{redis.port}"}
    (folder / "hgw.yaml").write_text(yaml.safe_dump({"run": {"services": services}, "verify": SCENARIOS}), "utf-8")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG), "utf-8")
    argv = ("verify", "--module", str(made.modules[abi]), "--engine", "builtin", "--output", "json")

    verified = real_hgw(*argv, cwd=folder)

    assert verified.code == 0, verified.out
    assert verified.document["data"]["counts"]["skipped"] == 0
    counter, next_counter = (f"my-plugin:{start}" for start in (MINUTE, MINUTE + 60))
    with redis_client(redis, password=PASSWORD) as ask:
        assert [ask(f"GET {key}") for key in (counter, next_counter)] == [b"$1\r\n4\r\n", b"$1\r\n1\r\n"]
        assert ask("DBSIZE") == b":2\r\n"
        left = int(ask(f"PTTL {counter}")[1:])
        assert 0 < left <= 60_000
        # Redis itself lets the counter go; the rest of the minute is not worth waiting for.
        assert ask(f"PEXPIRE {counter} 1") == b":1\r\n"
        wait_for(lambda: ask(f"EXISTS {counter}") == b":0\r\n", lambda: ask(f"PTTL {counter}").decode())

    again = real_hgw(*argv, "--scenario", "up to the limit", cwd=folder)

    assert again.code == 0, again.out


@pytest.mark.parametrize("lines", [CONNECTIONS, KEYS, TEXTS, COUNTERS, HASHES, LISTS, SETS, WRONG_TYPES])
def test_hgws_own_redis_replies_as_the_real_one(redis: Endpoint, lines: str) -> None:
    commands = [line.strip() for line in lines.replace("\n", " ").split(",")]
    store = RedisStore()
    with redis_client(redis, password=PASSWORD) as ask:
        replies = [(line, ask(line)) for line in commands]

    assert [(line, encode(store.run(line.encode().split()))) for line in commands] == replies
