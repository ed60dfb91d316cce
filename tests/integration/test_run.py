"""`hgw run` as a process: a real Envoy, a real httpbin, real signals, and a small plugin that needs no compiler."""

import hashlib
import json
import os
import signal
import socket
import sys
import threading
import urllib.request
from importlib import resources
from pathlib import Path

import pytest

from tests.support.hgw_process import answers, get, post, running, serve_once, wait_for
from tests.support.plugins import NEWEST, OLD, plugin, stuck
from tests.support.schemas import validate

pytestmark = pytest.mark.extra("local")
ANY_PORT = ("run", "--port", "0", "--upstream-port", "0", "--output", "json")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with nothing but a module, as a plugin from elsewhere comes."""
    folder = tmp_path / "work" / "一个 plugin"
    folder.mkdir()
    (folder / "main.wasm").write_bytes(plugin())
    return folder


def envoys_of(run_dir: str) -> list[str]:
    """The processes of this machine that were started for this run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if run_dir in words:
            found.append(words)
    return found


def test_a_folder_with_a_module_alone_runs_and_ctrl_c_ends_it_well(here):
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        status, body = get(f"{data['url']}/get")
        assert status == 200
        seen = json.loads(body)
        assert seen["headers"]["Hello"] == "world"
        assert seen["url"].startswith("https://")
        assert hgw.end() == 0
    assert not answers(data["url"])
    assert not answers(data["upstream_url"])
    assert not answers(data["admin_url"])


def test_the_one_document_on_stdout_keeps_its_schema(here):
    with running(*ANY_PORT, cwd=here) as hgw:
        document = hgw.document()
        hgw.end()
        assert json.loads(hgw.out) == document
    schema = json.loads(resources.files("higress_cli.data").joinpath("schemas/run.json").read_text("utf-8"))
    validate(document["data"], schema)
    data = document["data"]
    assert data["module_sha256"] == hashlib.sha256(plugin()).hexdigest()
    assert data["settings"]["port"] == {"value": 0, "source": "--port"}
    assert data["settings"]["bind"]["source"] == "default"
    assert data["config"] is None
    assert document["exit_code"] == 0


def test_the_run_folder_holds_what_the_gateway_had_and_said(here):
    (here / "config.yaml").write_text("pass: true\n")
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        get(f"{data['url']}/anything?a=1")
        hgw.end()
    folder = Path(data["run_dir"])
    assert "plugin started" in (folder / "envoy.log").read_text()
    assert data["module_sha256"] in (folder / "config_dump.json").read_text()
    assert "/anything?a=1" in (folder / "access.log").read_text()
    upstream = [json.loads(line) for line in (folder / "upstream.log").read_text().splitlines()]
    assert upstream[-1]["headers"]["hello"] == "world"
    assert json.loads((folder / "run.json").read_text())["url"] == data["url"]


@linux_only
def test_kill_9_leaves_no_gateway_behind(here):
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        assert envoys_of(data["run_dir"])
        hgw.end(signal.SIGKILL)
    wait_for(lambda: not envoys_of(data["run_dir"]), lambda: str(envoys_of(data["run_dir"])))
    assert not answers(data["url"])


@linux_only
def test_sigterm_is_as_good_as_ctrl_c(here):
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        assert hgw.end(signal.SIGTERM) == 0
    assert not envoys_of(data["run_dir"])


@linux_only
def test_a_gateway_that_dies_ends_the_run_with_8_and_its_log(here):
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        children = Path(f"/proc/{hgw.process.pid}/task/{hgw.process.pid}/children").read_text().split()
        supervisor = Path(f"/proc/{children[0]}/task/{children[0]}/children").read_text().split()
        os.kill(int(supervisor[0]), signal.SIGKILL)
        assert hgw.process.wait(20) == 8
        assert json.loads(hgw.out)["data"]["gateway_log"] in hgw.said
        assert json.loads(hgw.out)["data"] == data


@linux_only
def test_a_gateway_whose_supervisor_dies_is_stopped_too(here):
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        children = Path(f"/proc/{hgw.process.pid}/task/{hgw.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        assert hgw.process.wait(20) == 8
    wait_for(lambda: not envoys_of(data["run_dir"]), lambda: str(envoys_of(data["run_dir"])))


@linux_only
def test_ctrl_c_before_it_is_ready_is_an_interruption_and_leaves_nothing(here, tmp_path):
    (here / "main.wasm").write_bytes(stuck())
    runs = tmp_path / "hgw-home" / "state" / "runs"
    with running(*ANY_PORT, cwd=here) as hgw:
        wait_for(lambda: list(runs.glob("*/admin-address.txt")), lambda: hgw.said)
        run_dir = str(next(runs.iterdir()))
        assert envoys_of(run_dir)
        # Python ends itself with the signal where it arrived within an exec(); a shell shows 130 for both.
        assert hgw.end() in {130, -signal.SIGINT}
        assert not envoys_of(run_dir)
        assert json.loads(hgw.out)["error"]["code"] == "interrupted"


def test_an_edited_configuration_takes_effect(here):
    config = here / "config.yaml"
    config.write_text("pass: true\n")
    with running(*ANY_PORT, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        assert "Hello" in get(f"{url}/get")[1]
        config.write_text("answer: changed\n")
        wait_for(lambda: "changed" in get(f"{url}/get")[1], lambda: hgw.said)
        config.unlink()
        wait_for(lambda: "Hello" in get(f"{url}/get")[1], lambda: hgw.said)
        assert hgw.end() == 0


def test_a_broken_edit_is_told_with_its_place_and_the_old_one_goes_on(here):
    config = here / "config.yaml"
    config.write_text("answer: first\n")
    with running(*ANY_PORT, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        config.write_text("answer: first\n  oops: [\n")
        hgw.wait_for_text(f"{config}:2:")
        assert "first" in get(f"{url}/get")[1]
        config.write_text("refuse: true\n")
        hgw.wait_for_text("this configuration is no good")
        assert "first" in get(f"{url}/get")[1]
        config.write_text("answer: second\n")
        wait_for(lambda: "second" in get(f"{url}/get")[1], lambda: hgw.said)
        assert hgw.end() == 0


def test_a_rebuilt_module_takes_effect_and_a_broken_one_does_not(here):
    module = here / "main.wasm"
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        module.write_bytes(b"half a mod")
        hgw.wait_for_text("not a valid WebAssembly module")
        assert "Hello" in get(f"{data['url']}/get")[1]
        module.write_bytes(plugin(marker=OLD))
        hgw.wait_for_text(hashlib.sha256(plugin(marker=OLD)).hexdigest())
        assert "Hello" in get(f"{data['url']}/get")[1]
        assert hgw.end() == 0


def test_a_module_for_0_2_100_stops_at_the_headers_and_its_file_stays_as_it_is(here):
    content = plugin(marker=NEWEST)
    (here / "main.wasm").write_bytes(content)
    (here / "config.yaml").write_text("stop: true\n")
    with running(*ANY_PORT, cwd=here) as hgw:
        data = hgw.document()["data"]
        body = _post(f"{data['url']}/post", b"hi")
        assert json.loads(body)["headers"]["Hello"] == "world"
        hgw.end()
    assert data["abi"] == "0.2.100"
    assert data["renamed_export"] == NEWEST
    assert data["module_sha256"] == hashlib.sha256(content).hexdigest()
    assert (here / "main.wasm").read_bytes() == content


def test_of_all_abis_the_first_runs_and_whoever_typed_that_is_told(here):
    for abi, marker in (("0.2.1", OLD), ("0.2.100", NEWEST)):
        (here / f"main-{abi}.wasm").write_bytes(plugin(marker=marker))
    warned = {}
    for argv in (("--abi", "all"), ()):
        with running(*ANY_PORT, *argv, "--no-build", cwd=here) as hgw:
            document = hgw.document()
            hgw.end()
        warned[argv] = document["warnings"]
        assert document["data"]["module"] == str(here / "main-0.2.1.wasm")
        (here / "hgw.yaml").write_text("abi: all\n")
    assert warned["--abi", "all"] == [
        "a gateway runs one module: of `all` (from --abi) that for ABI 0.2.1; for another: hgw run --abi 0.2.100"
    ]
    assert warned[()] == []


def test_a_request_and_the_plugins_words_are_shown_as_they_come(here):
    with running("run", "--port", "0", "--upstream-port", "0", cwd=here) as hgw:
        url = wait_for(lambda: _line(hgw.out, "gateway"), lambda: hgw.said).split()[1]
        get(f"{url}/status/418")
        hgw.wait_for_text("GET /status/418 -> 418")
        hgw.wait_for_text("[info] plugin started")
        assert hgw.end() == 0
        assert "curl http" in hgw.out


def test_a_crash_is_a_503_and_told_in_two_lines(here):
    (here / "config.yaml").write_text("crash: true\n")
    with running(*ANY_PORT, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        assert get(f"{url}/get")[0] == 503
        hgw.wait_for_text("GET /get -> 503")
        # Each line begins with its time.
        lines = [line.partition(" ")[2] for line in hgw.said.splitlines()]
        first = lines.index("[error] the plugin crashed in proxy_on_request_headers: unreachable")
        assert lines[first + 1].strip() == "at refuse_to_live"
        assert lines[first + 2].endswith("the plugin crashed")
        assert hgw.end() == 0


def test_twenty_traps_in_a_row_leave_the_gateway_alive(here):
    (here / "config.yaml").write_text("crash: true\n")
    with running(*ANY_PORT, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        assert {get(f"{url}/get")[0] for _number in range(20)} == {503}
        (here / "config.yaml").write_text("answer: fine\n")
        wait_for(lambda: get(f"{url}/get")[0] == 200, lambda: hgw.said)
        assert hgw.end() == 0


def test_a_service_of_this_machine_is_reached_under_higresss_name(here):
    (here / "config.yaml").write_text("dispatch: true\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with running(*ANY_PORT, "--service", f"svc.dns:80=127.0.0.1:{port}", cwd=here) as hgw:
            url = hgw.document()["data"]["url"]
            threading.Thread(target=serve_once, args=(server,), daemon=True).start()
            assert get(f"{url}/get") == (200, "202")
            hgw.end()


def test_an_upstream_of_ones_own_is_behind_the_gateway(here):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        arguments = ("run", "--port", "0", "--output", "json", "--upstream", f"http://127.0.0.1:{port}/base")
        with running(*arguments, cwd=here) as hgw:
            data = hgw.document()["data"]
            seen: list[bytes] = []
            threading.Thread(target=serve_once, args=(server, seen), daemon=True).start()
            assert get(f"{data['url']}/x?y=1")[0] == 202
            hgw.end()
    assert data["upstream_url"] == f"http://127.0.0.1:{port}/base"
    assert seen[0].startswith(b"GET /base/x?y=1 HTTP/1.1\r\n")


def test_an_edit_of_hgw_yaml_takes_effect_and_what_needs_a_restart_is_said(here):
    (here / "config.yaml").write_text("dispatch: true\n")
    (here / "hgw.yaml").write_text("run: {port: 0, upstream_port: 0}\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with running("run", "--output", "json", cwd=here) as hgw:
            url = hgw.document()["data"]["url"]
            assert "no such service" in get(f"{url}/get")[1]
            settings = f'run: {{port: 1, upstream_port: 0, services: {{"svc.dns:80": "127.0.0.1:{port}"}}}}\n'
            (here / "hgw.yaml").write_text(settings)
            hgw.wait_for_text("in effect now: hgw.yaml")
            assert "run.port takes effect when `hgw run` is started again" in hgw.said
            threading.Thread(target=serve_once, args=(server,), daemon=True).start()
            assert get(f"{url}/get") == (200, "202")
            (here / "hgw.yaml").write_text("run: {prot: 1}\n")
            hgw.wait_for_text("unknown key `prot`")
            assert hgw.end() == 0


def test_a_module_that_was_built_under_its_other_name_is_taken(here):
    with running(*ANY_PORT, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        other = plugin(empty="answer")
        (here / "main-0.2.1.wasm").write_bytes(other)
        hgw.wait_for_text(f"main-0.2.1.wasm, sha256 {hashlib.sha256(other).hexdigest()}")
        assert get(f"{url}/get") == (200, "")
        assert hgw.end() == 0


def test_a_build_without_all_replaces_what_build_all_left(here):
    (here / "go.mod").write_text("module demo\n\ngo 1.20\n")
    (here / "main.go").write_text("package main\n\nfunc main() {}\n")
    (here / "main.wasm").rename(here / "main-0.2.1.wasm")
    with running(*ANY_PORT, "--no-build", cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        other = plugin(empty="answer")
        (here / "main.wasm").write_bytes(other)
        hgw.wait_for_text(f"main.wasm, sha256 {hashlib.sha256(other).hexdigest()}")
        assert get(f"{url}/get") == (200, "")
        assert hgw.end() == 0


def test_an_edited_source_is_mentioned_once(here):
    (here / "go.mod").write_text("module demo\n\ngo 1.20\n")
    (here / "main.go").write_text("package main\n\nfunc main() {}\n")
    with running(*ANY_PORT, "--no-build", cwd=here) as hgw:
        hgw.document()
        (here / "main.go").write_text("package main\n\nfunc main() { println() }\n")
        hgw.wait_for_text("the source no longer matches main.wasm: type `hgw build`")
        assert hgw.end() == 0
        assert hgw.said.count("the source no longer matches") == 1


def test_the_port_of_another_run_is_known_by_its_project(here, tmp_path):
    with running(*ANY_PORT, cwd=here) as first:
        data = first.document()["data"]
        port = data["url"].rpartition(":")[2]
        with running("run", "--port", port, "--upstream-port", "0", "--output", "json", cwd=here) as second:
            message = second.document()["error"]["message"]
        assert first.end() == 0
    assert f"in use by `hgw run` of {here} (pid {data['pid']})" in message


def test_the_services_are_listed_when_it_is_ready(here):
    arguments = ("run", "--port", "0", "--upstream-port", "0", "--service", "svc.dns:80=127.0.0.1:9")
    with running(*arguments, cwd=here) as hgw:
        wait_for(lambda: "svc.dns:80 -> 127.0.0.1:9" in hgw.out, lambda: hgw.out + hgw.said)
        assert hgw.end() == 0


def test_a_client_that_goes_away_is_told_as_such(here):
    (here / "config.yaml").write_text("dispatch: true\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = f"svc.dns:80=127.0.0.1:{silent.getsockname()[1]}"
        with running(*ANY_PORT, "--service", service, cwd=here) as hgw:
            assert post(f"{hgw.document()['data']['url']}/post", b"", seconds=0.3) is None
            hgw.wait_for_text("POST /post: the client went away after")
            assert hgw.end() == 0


def test_the_last_twenty_runs_are_kept(here, tmp_path):
    runs = tmp_path / "hgw-home" / "state" / "runs"
    for number in range(25):
        (runs / f"20200101-0000{number:02}-aaaaaa").mkdir(parents=True)
    with running(*ANY_PORT, cwd=here) as hgw:
        hgw.document()
        hgw.end()
    names = sorted(path.name for path in runs.iterdir())
    assert len(names) == 20
    assert names[0] == "20200101-000006-aaaaaa"


def _post(url: str, body: bytes) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data=body), timeout=10) as answer:
        return answer.read().decode()


def _line(text: str, start: str) -> str:
    return next((line for line in text.splitlines() if line.startswith(start)), "")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["envoy", "builtin"])
def test_a_request_that_hangs_is_shown_with_what_holds_it(here, engine):
    (here / "config.yaml").write_text("dispatch: true\n")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = f"svc.dns:80=127.0.0.1:{silent.getsockname()[1]}"
        with running(*ANY_PORT, "--engine", engine, "--service", service, cwd=here) as hgw:
            url = hgw.document()["data"]["url"]
            threading.Thread(target=post, args=(f"{url}/slow", b""), kwargs={"seconds": 9.0}, daemon=True).start()
            hgw.wait_for_text("[warn] POST /slow: no end after")
            line = next(line for line in hgw.said.splitlines() if "no end after" in line)
            assert "HeaderStopAllIterationAndWatermark in request_headers, and nothing has resumed it" in line
            assert hgw.end() == 0
