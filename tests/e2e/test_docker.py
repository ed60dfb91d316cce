"""The engine docker and the scaffolded compose file on a real Docker daemon, with stand-ins for the images."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from higress_cli.system.exact_request import ask
from higress_cli.system.http import Answer, NoAnswerError
from tests.e2e.conftest import ROOT, HgwProcess
from tests.e2e.debian import unpacked
from tests.e2e.docker_daemon import PACKAGES, built_httpbin, docker_daemon

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.extra("local"),
    pytest.mark.skipif(
        sys.platform != "linux" or os.geteuid() != 0 or shutil.which("apt-get") is None,
        reason="a Docker daemon of Debian's packages needs root",
    ),
]
GATEWAY = "v2.0.7"


def patient(url: str, *, seconds: float = 60.0) -> Answer:
    """The answer of a server that is about to start."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = ask(url, timeout=5.0)
            if answer.status == 200:
                return answer
            problem: object = answer
        except NoAnswerError as error:
            problem = error
        assert time.monotonic() < deadline, problem
        time.sleep(0.2)


def test_the_scaffolded_compose_file_does_what_the_guide_says(
    real_hgw: HgwProcess, basic_plugin: Path, tmp_path: Path
) -> None:
    here = tmp_path / "demo"
    here.mkdir()
    for name in ("docker-compose.yaml", "envoy.yaml"):
        shutil.copy(basic_plugin / name, here)
    shutil.copy(basic_plugin / "main-0.2.1.wasm", here / "main.wasm")
    with docker_daemon(gateway=GATEWAY, httpbin=built_httpbin(real_hgw)) as daemon:
        daemon.run("docker-compose", "up", "--detach", cwd=here)
        try:
            direct = json.loads(patient("http://127.0.0.1:12345/get").text)
            assert "Hello" not in direct["headers"]
            through = json.loads(patient("http://127.0.0.1:10000/get").text)
            assert through["headers"]["Hello"] == "world"
            assert through["url"].startswith("https://")

            envoy = here / "envoy.yaml"
            before = envoy.read_text("utf-8")
            envoy.write_text(before.replace('"mockEnable": false', '"mockEnable": true'), "utf-8")
            assert envoy.read_text("utf-8") != before
            daemon.run("docker-compose", "restart", "gateway", cwd=here)
            assert patient("http://127.0.0.1:10000/get").text == "hello world"
        finally:
            daemon.run("docker-compose", "down", cwd=here)
        assert daemon.left() == ("", "")


def test_the_engine_runs_verifies_and_leaves_nothing(
    real_hgw: HgwProcess, real_variables: Mapping[str, str], basic_plugin: Path
) -> None:
    module = ("--module", "main-0.2.1.wasm", "--engine", "docker")
    with docker_daemon(gateway=GATEWAY) as daemon:
        done = real_hgw("verify", *module, "--output", "json", cwd=basic_plugin, **daemon.variables)
        assert done.code == 0, done.out + done.err
        steps = done.document["data"]["steps"]
        assert {step["engine"] for step in steps} == {"docker"}
        assert {step["status"] for step in steps} == {"passed"}
        assert daemon.left() == ("", "")

        argv = ["run", *module, "--port", "0", "--upstream-port", "0", "--output", "json"]
        hgw = subprocess.Popen(
            [sys.executable, "-m", "higress_cli", *argv],
            cwd=basic_plugin,
            env={**real_variables, **daemon.variables, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert hgw.stdout is not None
        text = ""
        while not text.endswith("}\n") or text.count("{") != text.count("}"):
            line = hgw.stdout.readline()
            assert line, text
            text += line
        document = json.loads(text)
        assert document["ok"], document["error"]
        url = document["data"]["url"]
        assert json.loads(patient(f"{url}/get").text)["headers"]["Hello"] == "world"
        hgw.send_signal(signal.SIGKILL)
        hgw.wait()
        hgw.stdout.close()
        deadline = time.monotonic() + 60
        while daemon.left() != ("", "") and time.monotonic() < deadline:
            time.sleep(0.3)
        assert daemon.left() == ("", "")


def test_a_real_client_without_a_daemon(real_hgw: HgwProcess, basic_plugin: Path, tmp_path: Path) -> None:
    client = unpacked("e2e-docker", *PACKAGES) / "usr" / "bin"
    variables = {"PATH": f"{client}:{os.environ['PATH']}", "DOCKER_HOST": f"unix://{tmp_path}/nobody.sock"}
    module = ("--module", "main-0.2.1.wasm", "--engine", "docker")
    done = real_hgw("verify", *module, "--output", "json", cwd=basic_plugin, **variables)
    assert (done.code, done.document["error"]["code"]) == (4, "docker-not-running")


def test_an_image_that_cannot_be_pulled(real_hgw: HgwProcess, basic_plugin: Path) -> None:
    with docker_daemon() as daemon:
        module = ("--module", "main-0.2.1.wasm", "--engine", "docker")
        done = real_hgw("verify", *module, "--output", "json", cwd=basic_plugin, **daemon.variables)
    assert (done.code, done.document["error"]["code"]) == (5, "image-unavailable")
    assert done.document["error"]["hint"] == f"docker pull {done.document['error']['details']['image']}"
