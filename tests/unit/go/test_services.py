"""Which services Go source names, and what only looks like one."""

from pathlib import Path

import pytest

from higress_cli.go.services import clients, is_service, named_services
from higress_cli.go.syntax import parse

HEAD = 'package main\nimport "github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"\n'


def found(code: str) -> list[tuple[str, int | None]]:
    file = parse(Path("main.go"), (HEAD + code).encode())
    return [(each.name, each.client.port if each.client else None) for each in named_services([file])]


@pytest.mark.parametrize(
    ("code", "services"),
    [
        ('var c = wrapper.FQDNCluster{FQDN: "auth.dns", Port: 8080}', [("auth.dns", 8080)]),
        ('var c = wrapper.FQDNCluster{FQDN: /* who */ "auth.dns", Port: 8080}', [("auth.dns", 8080)]),
        ('var c = wrapper.NewClusterClient(wrapper.FQDNCluster{FQDN: "a.static"})', [("a.static", None)]),
        ('var c = wrapper.DnsCluster{ServiceName: "auth", Domain: "example.com", Port: 443}', [("auth.dns", 443)]),
        ('var c = &wrapper.StaticIpCluster{ServiceName: "ip", Port: 80}', [("ip.static", 80)]),
        (
            'var c = wrapper.K8sCluster{ServiceName: "a", Namespace: "shop", Port: 80}',
            [("a.shop.svc.cluster.local", 80)],
        ),
        ('var c = wrapper.K8sCluster{ServiceName: "a", Port: 80}', [("a.default.svc.cluster.local", 80)]),
        (
            'var c = wrapper.NacosCluster{ServiceName: "s", Group: "A_B", NamespaceID: "public", Port: 80}',
            [("s.A-B.public.nacos", 80)],
        ),
        ('var c = wrapper.NacosCluster{ServiceName: "s", NamespaceID: "n"}', [("s.DEFAULT-GROUP.n.nacos", None)]),
        ('var c = wrapper.ConsulCluster{ServiceName: "s", Datacenter: "dc1", Port: 80}', [("s.dc1.consul", 80)]),
        ('const name = "httpbin.my-ns.svc.cluster.local"', [("httpbin.my-ns.svc.cluster.local", None)]),
        ("const name = `provider.DEFAULT-GROUP.public.nacos`", [("provider.DEFAULT-GROUP.public.nacos", None)]),
    ],
)
def test_services_of_source(code: str, services: list[tuple[str, int | None]]) -> None:
    assert found(code) == services


@pytest.mark.parametrize(
    "code",
    [
        'const suffix = ".static"',
        'const host = "example.com"',
        'const text = "the service auth.dns is down"',
        "// auth.dns is only spoken of\nconst x = 1",
        'var c = wrapper.DnsCluster{ServiceName: name, Port: 80}\nconst name = "auth"',
        'var c = wrapper.K8sCluster{ServiceName: "a", Namespace: n, Port: 80}',
        'var c = wrapper.K8sCluster{ServiceName: "a", Version: "v1", Port: 80}',
        'var c = wrapper.NacosCluster{ServiceName: "a", NamespaceID: "n", IsExtRegistry: true, Port: 80}',
    ],
)
def test_what_is_no_service(code: str) -> None:
    assert found(code) == []


def test_place_is_that_of_the_name() -> None:
    (named,) = named_services([parse(Path("main.go"), (HEAD + 'const n = "a.dns"').encode())])
    assert named.place == "main.go:3:11"


@pytest.mark.parametrize(
    ("code", "is_redis"),
    [
        ("var r = wrapper.NewRedisClusterClient(wrapper.FQDNCluster{FQDN: name, Port: 6379})", True),
        ("var r = wrapper.NewRedisClusterClient[wrapper.DnsCluster](wrapper.DnsCluster{ServiceName: name})", True),
        ("var c = wrapper.NewClusterClient(wrapper.FQDNCluster{FQDN: name, Port: 80})", False),
    ],
)
def test_clients_whose_service_is_not_known_here(code: str, is_redis: bool) -> None:
    (client,) = clients([parse(Path("main.go"), (HEAD + code).encode())])
    assert (client.name, client.is_redis) == (None, is_redis)


@pytest.mark.parametrize("name", ["my-svc.dns", "a.b.static", "x.default.svc.cluster.local", "s.G.public.nacos-ext"])
def test_names_of_services(name: str) -> None:
    assert is_service(name)
