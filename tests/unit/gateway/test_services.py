from collections.abc import Mapping

import pytest

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.gateway.services import Endpoint, cluster_name, clusters_of, endpoint

_FILE = Source(SourceKind.FILE, "/p/hgw.yaml")
_FLAG = Source(SourceKind.FLAG, "--upstream")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("my-svc.dns:80", "outbound|80||my-svc.dns"),
        ("redis.static", "outbound|80||redis.static"),
        ("redis.static:6379", "outbound|6379||redis.static"),
        ("foo.default.svc.cluster.local:8080", "outbound|8080||foo.default.svc.cluster.local"),
        ("outbound|8080|v1|foo.ns.svc.cluster.local", "outbound|8080|v1|foo.ns.svc.cluster.local"),
    ],
)
def test_clusters_have_the_names_that_higress_gives(key, name):
    assert cluster_name(key, source=_FILE) == name


@pytest.mark.parametrize(
    "key", ["", "my-svc.dns", ":80", "a:0", "a:70000", "a:b", "outbound|80|x", "outbound|a||b", "a|b:80"]
)
def test_a_name_that_cannot_be_meant_is_refused(key):
    with pytest.raises(InvalidInput) as failure:
        cluster_name(key, source=_FILE)
    assert failure.value.code == "settings-invalid"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("127.0.0.1:8080", Endpoint(host="127.0.0.1", port=8080)),
        ("[::1]:8080", Endpoint(host="::1", port=8080)),
        ("http://example.com", Endpoint(host="example.com", port=80)),
        ("https://example.com/base/", Endpoint(host="example.com", port=443, tls=True, path="/base")),
    ],
)
def test_addresses_and_urls_are_read(text, at):
    assert endpoint(text, source=_FLAG) == at


@pytest.mark.parametrize(
    "text", ["", "localhost", "ftp://a:1", "a:b", "http://", "1.2.3.4:99999", "http://u@h/", "h:1/path", "http://h?q"]
)
def test_what_is_not_an_address_is_refused(text):
    with pytest.raises(UsageError) as failure:
        endpoint(text, source=_FLAG)
    assert failure.value.code == "service-invalid"


def test_an_endpoint_is_a_url_again():
    assert Endpoint(host="::1", port=1).url == "http://[::1]:1"
    assert Endpoint(host="h", port=443, tls=True, path="/p").url == "https://h:443/p"


def test_a_map_of_services_becomes_clusters():
    services = Choice[Mapping[str, str]]({"a.dns:80": "127.0.0.1:1"}, _FILE)
    assert clusters_of(services) == {"outbound|80||a.dns": Endpoint(host="127.0.0.1", port=1)}
