"""A service that the configuration or the source names and nobody maps is warned of, with the line to add."""

import json

import pytest

from tests.support.plugins import plugin

pytestmark = pytest.mark.extra("local")
CONFIG = "serviceName: auth.dns\nservicePort: 8080\nnested: [{redis: my-redis.dns}]\n"


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "work"
    (folder / "main.wasm").write_bytes(plugin())
    (folder / "config.yaml").write_text(CONFIG)
    return folder


def warnings(hgw) -> list[str]:
    document = json.loads(hgw("verify", "--engine", "builtin", "--output", "json").out)
    return [text for text in document["warnings"] if "run.services" in text]


def test_the_line_to_add_is_named(hgw, here):
    auth, redis = warnings(hgw)
    assert '"auth.dns:8080": "127.0.0.1:8080"' in auth
    assert str(here / "config.yaml") in auth
    assert '"my-redis.dns:6379": "embedded"' in redis


def test_what_is_mapped_anywhere_is_not_warned_of(hgw, here):
    (here / "hgw.yaml").write_text(
        'run: {services: {"auth.dns:8080": "127.0.0.1:9"}}\n'
        'verify: [{name: a, services: {"my-redis.dns:6379": {redis: embedded}}, expect: {status: 200}}]\n'
    )
    assert warnings(hgw) == []
