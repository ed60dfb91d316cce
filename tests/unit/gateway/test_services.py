from collections.abc import Mapping

import pytest

from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.gateway.services import Endpoint, cluster_name, clusters_of, endpoint, mapping_line, service_key

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


@pytest.mark.parametrize(
    ("bind", "host"), [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("127.0.0.1", "127.0.0.1"), ("10.0.0.9", "10.0.0.9")]
)
def test_what_listens_on_every_address_is_reached_on_one(bind, host):
    assert Endpoint.listening(bind, 80) == Endpoint(host=host, port=80)


FORM = "write HOST:PORT or a URL, as in 127.0.0.1:8080 or https://example.com"


@pytest.mark.parametrize(
    ("text", "word", "hint"),
    [
        ("nowhere", "", FORM),
        ("nowhere", "httpbin", f"{FORM}; or the word httpbin, for hgw's own"),
        ("nowhere", "embedded", f"{FORM}; or the word embedded, for hgw's own Redis"),
        ("embeded", "embedded", "did you mean `embedded`?"),
    ],
)
def test_the_hint_names_the_word_that_may_stand_there(text, word, hint):
    with pytest.raises(UsageError) as failure:
        endpoint(text, source=_FLAG, word=word or None)
    assert failure.value.hint == hint


def test_a_line_for_hgw_yaml_names_the_service_as_its_author_does():
    assert service_key("outbound|80|v1|a.dns") == "outbound|80|v1|a.dns"
    assert mapping_line(service_key("outbound|80||a.dns"), is_redis=False) == '"a.dns:80": "127.0.0.1:8080"'
    assert mapping_line(service_key("outbound|6379||r.dns"), is_redis=True) == '"r.dns:6379": "embedded"'


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ({"redis": "localhost:6379"}, "`redis` (from /p/hgw.yaml:4) is not the name of a service"),
        ({"redis.dns:6379": "localhost"}, "`localhost` (from /p/hgw.yaml:4) is not an address"),
    ],
)
def test_a_service_of_a_file_is_refused_with_its_line(services: Mapping[str, str], message: str):
    with pytest.raises(InvalidInput) as failure:
        clusters_of(Choice(services, Source(SourceKind.FILE, "/p/hgw.yaml", line=4)))
    assert failure.value.message == message
