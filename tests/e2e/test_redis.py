"""The template `redis-rate-limit` with a real redis-server, and hgw's own Redis beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from higress_cli.gateway.services import Endpoint
from higress_cli.profile import Profile
from higress_cli.scaffold.templates import list_templates
from tests.e2e.conftest import HgwProcess, Made, project_of
from tests.e2e.debian import redis_server
from tests.support.redis_client import redis_client
from tests.support.running import wait_for

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
