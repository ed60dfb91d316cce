"""Every template, for real: formatted, vetted, tested, built for each ABI that it supports, verified on each engine."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from higress_cli.scaffold.templates import list_templates
from tests.e2e.conftest import HgwProcess, Made, project_of
from tests.support.programs import basic_programs

pytestmark = [pytest.mark.e2e, pytest.mark.extra("local")]

CASES = [(template, profile) for template in list_templates() for profile in template.profiles]
NAMES = [f"{template.name}-{profile}" for template, profile in CASES]
HIGRESS_ONLY = {"redis-rate-limit"}
"""Templates that upstream's Envoy cannot load."""


@pytest.fixture(scope="session", params=CASES, ids=NAMES)
def made(request: pytest.FixtureRequest, real_hgw: HgwProcess) -> Made:
    template, profile = request.param
    return project_of(template, profile, real_hgw)


@pytest.fixture(scope="session")
def newer_go(real_hgw: HgwProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Go that can vet packages with the SDK for TinyGo in them, which needs 1.21: the one of profile go."""
    folder = tmp_path_factory.mktemp("native")
    (folder / "hgw.yaml").write_text("profile: go\n", encoding="utf-8")
    installed = real_hgw("install", "--output", "json", cwd=folder)
    assert installed.code == 0, installed.err
    (go,) = [tool["path"] for tool in installed.document["data"]["tools"] if tool["name"] == "go"]
    return Path(go)


def _run(
    program: Path, *argv: str, folder: Path, variables: Mapping[str, str], **more: str
) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(program.parent), variables["PATH"]))
    environment = {**variables, "PATH": path, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", **more}
    return subprocess.run(
        [str(program), *argv], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_code_is_formatted(made: Made, newer_go: Path, real_variables: Mapping[str, str]) -> None:
    gofmt = newer_go.with_name(newer_go.name.replace("go", "gofmt"))

    done = _run(gofmt, "-l", ".", folder=made.folder, variables=real_variables)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_code_is_vetted(made: Made, newer_go: Path, real_variables: Mapping[str, str]) -> None:
    done = _run(newer_go, "vet", "./...", folder=made.folder, variables=real_variables, CGO_ENABLED="1")

    assert done.returncode == 0, done.stderr


def test_its_own_go_tests_what_needs_no_gateway(made: Made, real_variables: Mapping[str, str]) -> None:
    done = _run(made.go, "test", "-count=1", "./internal/...", folder=made.folder, variables=real_variables)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "no test files" not in done.stdout


def test_go_mod_and_go_sum_are_complete_as_written(made: Made, real_hgw: HgwProcess, tmp_path: Path) -> None:
    argv = ("init", str(tmp_path / "new"), "--name", "my-plugin")
    done = real_hgw(*argv, "--template", made.template, "--profile", made.profile, cwd=tmp_path)
    assert done.code == 0, done.err

    for name in ("go.mod", "go.sum"):
        assert (made.folder / name).read_text("utf-8") == (tmp_path / "new" / name).read_text("utf-8")


def test_go_mod_is_tidy(made: Made, newer_go: Path, real_variables: Mapping[str, str]) -> None:
    done = _run(newer_go, "mod", "tidy", "-diff", folder=made.folder, variables=real_variables, GOFLAGS="")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_it_does_what_it_promises_on_each_engine_that_carries_it(made: Made, real_hgw: HgwProcess) -> None:
    engines = {"builtin"} if made.template in HIGRESS_ONLY else {"envoy", "builtin"}
    for abi, module in made.modules.items():
        argv = ("verify", "--no-build", "--module", str(module), "--engine", "all", "--output", "json")
        # Without the machine's programs: a Docker of this machine would be asked as well.
        done = real_hgw(*argv, cwd=made.folder, PATH=basic_programs())

        assert done.code == 0, (abi, done.out)
        data, warnings = done.document["data"], done.document["warnings"]
        played = [(step["engine"], step["status"]) for step in data["steps"] if step["kind"] == "scenario"]
        assert len(played) > len(engines), abi
        assert set(played) == {(engine, "passed") for engine in engines}, abi
        assert data["disagreements"] == []
        assert any("envoy cannot run it: " in warning for warning in warnings) is ("envoy" not in engines), warnings
