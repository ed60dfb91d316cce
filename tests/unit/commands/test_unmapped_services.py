"""Services that a plugin names and nobody maps: who is warned of, with which line, and that the line ends it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from higress_cli.commands.unmapped_services import unmapped_services
from higress_cli.gateway.settings import choose
from higress_cli.project.project import open_project
from higress_cli.project.resolution import settings_of
from tests.support.sessions import bare_session

Tree = Callable[[Mapping[str, str]], Path]
HEAD = 'package main\nimport "github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"\n'
REDIS = HEAD + "var r = wrapper.NewRedisClusterClient(wrapper.FQDNCluster{FQDN: name, Port: 6380})\n"
MOD = "module demo\n\ngo 1.20\n"


def warnings(root: Path, **more: Any) -> tuple[str, ...]:
    project = open_project(root, needs_source=False)
    return unmapped_services(project, choose(settings_of(project, bare_session())), **more)


def line_of(warning: str) -> str:
    return warning.partition("under run.services in hgw.yaml: ")[2]


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"config.yaml": "host: auth.dns\nport: 8080\n"}, '"auth.dns:8080": "127.0.0.1:8080"'),
        ({"config.yaml": "host: auth.static\n"}, '"auth.static:80": "127.0.0.1:8080"'),
        ({"config.yaml": "serviceName: redis.dns\n"}, '"redis.dns:6379": "embedded"'),
        ({"config.yaml": "deep: [{name: s.G.public.nacos}]\n"}, '"s.G.public.nacos:80": "127.0.0.1:8080"'),
        ({"config.yaml": "store: kept.static\n", "main.go": REDIS, "go.mod": MOD}, '"kept.static:6380": "embedded"'),
        ({"main.go": HEAD + 'const name = "a.ns.svc.cluster.local"\n', "go.mod": MOD}, '"a.ns.svc.cluster.local:80"'),
        (
            {"main.go": HEAD + 'var c = wrapper.DnsCluster{ServiceName: "a", Port: 443}\n', "go.mod": MOD},
            '"a.dns:443": "127.0.0.1:8080"',
        ),
    ],
)
def test_the_warning_has_the_line_that_ends_it(tree: Tree, files: dict[str, str], line: str) -> None:
    root = tree(files)
    (warning,) = warnings(root)
    assert line_of(warning).startswith(line)
    (root / "hgw.yaml").write_text(f"run:\n  services:\n    {line_of(warning)}\n", "utf-8")
    assert warnings(root) == ()


@pytest.mark.parametrize(
    "config",
    [
        "_rules_: [{_match_service_: [orders.static], limit: 1}]",
        "_rules_: [{_match_domain_: [shop.dns], limit: 1}]",
        "host: example.com",
        "text: auth.dns is a service",
    ],
)
def test_what_is_not_called(tree: Tree, config: str) -> None:
    assert warnings(tree({"config.yaml": config + "\n"})) == ()


def test_a_rule_may_name_a_service_that_is_called(tree: Tree) -> None:
    root = tree({"config.yaml": "_rules_: [{_match_service_: [orders.static], auth: auth.dns}]\n"})
    (warning,) = warnings(root)
    assert "names the service auth.dns" in warning


@pytest.mark.parametrize("key", ["auth.dns", "auth.dns:80", "outbound|80||auth.dns"])
def test_a_service_that_scenarios_play(tree: Tree, key: str) -> None:
    assert warnings(tree({"config.yaml": "host: auth.dns\n"}), mapped=[key]) == ()
