"""`hgw doctor` from its words to its exit code, with tools that answer as the real ones do."""

import json
import os
import re
import socket
import sys
from importlib import resources
from pathlib import Path

import pytest

from higress_cli.gateway.run_folder import RunFolder
from tests.conftest import Outcome
from tests.support.programs import python_path
from tests.support.schemas import validate
from tests.support.stub_compilers import SDK, fill_cache, stub_compilers
from tests.support.tool_stubs import stub_tools, write_program

GOOD = {"go": "1.20.14", "tinygo": "0.30.0", "wasm_opt": "108"}
PROJECT = {
    "go.mod": "module demo\n\ngo 1.19\n\nrequire github.com/higress-group/proxy-wasm-go-sdk v1.0.1\n",
    "main.go": "package main\n\nfunc main() {}\n",
    "config.yaml": "mockEnable: false\n",
}
WASM_PLUGIN = "kind: WasmPlugin\nspec:\n  url: oci://r/demo:1\n  defaultConfig: {mockEnable: true}\n"


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Put only these tools on the PATH; no port of the machine is looked at unless a test says so."""

    def put(**versions: str) -> None:
        monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", **versions))

    monkeypatch.setenv("HGW_PORT", "0")
    monkeypatch.setenv("HGW_UPSTREAM_PORT", "0")
    put()
    return put


@pytest.fixture
def report(hgw):
    """The JSON document of `hgw doctor`, checked against its schema, with the checks by id."""
    schema = json.loads(resources.files("higress_cli.data").joinpath("schemas", "doctor.json").read_text("utf-8"))

    def run(*argv: str):
        outcome = hgw("doctor", "--output", "json", *argv)
        document = json.loads(outcome.out)
        validate(document["data"], schema)
        assert document["exit_code"] == outcome.code
        assert document["ok"] is (outcome.code == 0)
        return outcome.code, {check["id"]: check for check in document["data"]["checks"]}, document

    return run


LOOKING = "Looking at the machine and the project ...\n"


def test_a_machine_with_fitting_tools_is_well(hgw, tools):
    tools(**GOOD)

    assert hgw("doctor", "tools").flowing() == Outcome(
        out="Tools "
        "✓ Go: 1.20.14 ([TEST]/bin/go) "
        "✓ TinyGo: 0.30.0 ([TEST]/bin/tinygo) "
        "✓ wasm-opt: 108 ([TEST]/bin/wasm-opt) "
        "✓ set for hgw build: Go 1.20.14, TinyGo 0.30.0, wasm-opt 108 (on the PATH) "
        "4 ok, 0 warnings, 0 wrong, 0 skipped",
        err=LOOKING.rstrip(),
    )


def test_with_nothing_on_the_machine_each_tool_is_wrong_and_the_fix_is_told_once(hgw, tools):
    outcome = hgw("doctor", "tools")

    assert outcome.redacted() == Outcome(
        1,
        out="Tools\n"
        "  ✗ Go: not found\n"
        "      expected: >= 1.18\n"
        "      Go brings the standard library, and fetches the modules of a plugin\n"
        "      to fix: hgw gets a set that works together into its own store; what is on\n"
        "      the machine stays as it is\n"
        "        hgw install\n"
        "  ✗ TinyGo: not found\n"
        "      expected: >= 0.28.1\n"
        "      TinyGo compiles a plugin to WebAssembly\n"
        "  ✗ wasm-opt: not found\n"
        "      expected: >= 102\n"
        "      TinyGo runs wasm-opt at the end of each build, and fails without it\n"
        "  - set for hgw build: judged once each of them is there\n"
        "\n"
        "0 ok, 0 warnings, 3 wrong, 1 skipped\n"
        "to fix what hgw can: hgw doctor --fix\n",
        err="Looking at the machine and the project ...\n",
    )


@pytest.mark.parametrize(
    ("versions", "check", "code", "found"),
    [
        ({"go": "1.17.13"}, "go", "go-too-old", "1.17.13"),
        ({"go": "1.26.8"}, "go", "go-too-new", "1.26.8"),
        ({"tinygo": "0.27.0"}, "tinygo", "tinygo-too-old", "0.27.0"),
        ({"tinygo": "0.35.0"}, "tinygo", "tinygo-refused", "0.35.0"),
        ({"wasm_opt": "101"}, "wasm-opt", "wasm-opt-too-old", "101"),
        ({"go": "1.22.12"}, "toolset", "go-too-new", "1.22.12"),
        ({"go": "1.19.13", "tinygo": "0.31.2"}, "toolset", "go-too-old", "1.19.13"),
    ],
)
def test_a_tool_that_does_not_fit_is_found(report, tools, versions, check, code, found):
    tools(**{**GOOD, **versions})

    exit_code, checks, _document = report("tools")

    assert exit_code == 1
    assert (checks[check]["status"], checks[check]["code"], checks[check]["found"]) == ("fail", code, found)
    assert checks[check]["expected"]
    assert checks[check]["why"]
    assert checks[check]["fix"]["commands"] == ["hgw install"]


def test_only_the_checks_that_were_named_run(report, tools):
    tools(**GOOD)

    _code, checks, document = report("tinygo", "go")

    assert list(checks) == ["go", "tinygo"]
    assert document["data"]["counts"] == {"ok": 2, "warn": 0, "fail": 0, "skip": 0, "crash": 0}


def test_an_unknown_check_is_wrong_usage_with_the_nearest_names(hgw, tools):
    assert hgw("doctor", "tinigo") == Outcome(2, err="error: no such check: tinigo\nhint: did you mean `tinygo`?\n")


def test_the_checks_are_listed(hgw, tools):
    outcome = hgw("doctor", "--list-checks")

    assert outcome.code == 0
    names = [line.split()[0] for line in outcome.out.splitlines()]
    assert names[:5] == ["variables", "go", "tinygo", "wasm-opt", "toolset"]
    for name in names:
        assert hgw("doctor", name).code in (0, 1)


def test_an_empty_folder_is_not_a_project_and_not_a_fault(hgw, tools):
    assert hgw("doctor", "project").flowing() == Outcome(
        out="Project "
        "- settings, go.mod, Go source, plugin configuration, other configurations, module: no plugin in [HERE] "
        "0 ok, 0 warnings, 0 wrong, 6 skipped",
        err=LOOKING.rstrip(),
    )


def test_a_sound_project_is_well(report, tools, tree):
    tools(**GOOD)
    tree(PROJECT)

    code, checks, _document = report("project")

    assert code == 0
    assert {name: check["status"] for name, check in checks.items()} == {
        "project": "ok",
        "go-mod": "ok",
        "source": "ok",
        "config": "ok",
        "gateway-files": "skip",
        "module": "skip",
    }


@pytest.mark.parametrize(
    ("files", "check", "code", "text"),
    [
        ({"hgw.yaml": "profil: go\n"}, "project", "settings-invalid", "hgw.yaml:1:1: unknown key `profil`"),
        ({"hgw.yaml": "run: [\n"}, "project", "yaml-invalid", "hgw.yaml:1:6"),
        ({"config.yaml": "a: [1\nb: 2\n"}, "config", "plugin-config-invalid", "config.yaml:2:2"),
        ({"config.yaml": "- 1\n"}, "config", "plugin-config-invalid", "config.yaml:1:1"),
        ({"go.mod": "module demo\n\ngo 1.24.1\n"}, "go-mod", "go-mod-too-new", "go 1.24.1"),
        ({"main.wasm": "not wasm"}, "module", "wasm-invalid", "main.wasm"),
    ],
)
def test_what_is_wrong_in_a_project_is_found_with_its_place(report, tools, tree, files, check, code, text):
    tools(**GOOD)
    tree({**PROJECT, **files})

    exit_code, checks, _document = report("project")

    assert exit_code == 1
    assert (checks[check]["status"], checks[check]["code"]) == ("fail", code)
    assert text in checks[check]["found"]


def test_a_broken_hgw_yaml_does_not_hide_what_else_is_wrong(report, tools, tree):
    tree({**PROJECT, "hgw.yaml": "profil: go\n", "config.yaml": "a: [\n"})

    _code, checks, _document = report("project")

    assert [name for name, check in checks.items() if check["status"] == "fail"] == ["project", "config"]


def test_another_configuration_that_differs_is_a_warning_and_strict_makes_it_an_error(report, tools, tree):
    tools(**GOOD)
    tree({**PROJECT, "wasmplugin.yaml": WASM_PLUGIN})

    code, checks, _document = report("gateway-files")
    strict, _checks, _document = report("gateway-files", "--strict")

    assert (code, strict) == (0, 1)
    assert (checks["gateway-files"]["status"], checks["gateway-files"]["code"]) == ("warn", "config-differs")
    assert "wasmplugin.yaml:4:18: mockEnable is not as in config.yaml" in checks["gateway-files"]["found"]


def test_a_finding_that_is_meant_so_is_passed_over(report, tools, tree):
    tools(**GOOD)
    here = tree({**PROJECT, "hgw.yaml": "doctor: {ignore: [config-differs]}\n", "wasmplugin.yaml": WASM_PLUGIN})

    code, checks, _document = report("gateway-files", "--strict")

    assert (code, checks["gateway-files"]["status"], checks["gateway-files"]["code"]) == (0, "skip", None)
    assert f"ignored by {here / 'hgw.yaml'}" in checks["gateway-files"]["why"]


def test_a_variable_that_no_command_would_take_is_found(report, tools, monkeypatch):
    tools(**GOOD)
    monkeypatch.setenv("HGW_MIRROR_GITHUB", "mirrors")

    code, checks, _document = report("machine")

    assert (code, checks["variables"]["status"], checks["variables"]["code"]) == (1, "fail", "mirror-invalid")


def test_a_port_that_is_taken_is_a_warning_with_a_free_one(report, tools, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("HGW_PORT", str(port))

        code, checks, _document = report("port-gateway")

    assert code == 0
    check = checks["port-gateway"]
    assert (check["status"], check["code"]) == ("warn", "port-in-use")
    assert f"127.0.0.1:{port}" in check["found"]
    assert int(check["fix"]["commands"][0].removeprefix("hgw run --port ")) != port


def test_the_command_for_ports_that_are_taken_avoids_them_all_and_is_told_once(hgw, tools, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        taken = {"HGW_PORT": one.getsockname()[1], "HGW_UPSTREAM_PORT": other.getsockname()[1]}
        for name, number in taken.items():
            monkeypatch.setenv(name, str(number))

        outcome = hgw("doctor", "ports")

    (command,) = [line.split() for line in outcome.out.splitlines() if line.strip().startswith("hgw run")]
    assert (command[:3], command[4]) == (["hgw", "run", "--port"], "--upstream-port")
    assert not {int(command[3]), int(command[5])} & set(taken.values())


def test_a_gateway_of_hgw_itself_is_named_as_that(report, tools, monkeypatch):
    runs = Path(os.environ["HGW_HOME"]) / "state" / "runs"
    folder = RunFolder.create(runs)
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        port = gateway.getsockname()[1]
        folder.record({"url": f"http://127.0.0.1:{port}", "module": "/elsewhere/demo/main.wasm", "pid": 4711})
        monkeypatch.setenv("HGW_PORT", str(port))

        _code, checks, _document = report("port-gateway")
    folder.leave()

    assert checks["port-gateway"]["found"] == f"127.0.0.1:{port} is in use by `hgw run` of /elsewhere/demo (pid 4711)"


def test_the_ports_are_the_projects(report, tools, tree, monkeypatch):
    monkeypatch.delenv("HGW_PORT")
    monkeypatch.delenv("HGW_UPSTREAM_PORT")
    tree({**PROJECT, "hgw.yaml": "run: {port: 18123, upstream_port: 18124}\n"})

    _code, checks, _document = report("ports")

    assert ":18123" in checks["port-gateway"]["found"]
    assert ":18124" in checks["port-upstream"]["found"]


@pytest.mark.slow
def test_a_docker_that_hangs_does_not_hold_the_report_up(report, tools, tmp_path):
    write_program(tmp_path / "bin" / "docker", "while :; do read -r _ </dev/null || : ; done\n")

    _code, checks, _document = report("engine-docker")

    assert checks["engine-docker"]["status"] == "skip"


@pytest.mark.parametrize(
    ("script", "status", "words"),
    [
        ("echo 'Cannot connect to the Docker daemon' >&2; exit 1", "skip", "not running"),
        (
            "echo 'client version 1.22 is too old. Minimum supported API version is 1.44' >&2; exit 1",
            "skip",
            "too old",
        ),
        (
            '[ "$1" = version ] && echo 19.03.1 && exit 0\necho "compose is not a command" >&2; exit 1',
            "skip",
            "too old",
        ),
        ('[ "$1" = version ] && echo 27.1.1 || echo "Docker Compose version v2.29"', "ok", None),
    ],
)
def test_dockers_faults_are_told_apart(report, tools, tmp_path, script, status, words):
    write_program(tmp_path / "bin" / "docker", script + "\n")

    _code, checks, _document = report("engine-docker")

    assert checks["engine-docker"]["status"] == status
    assert (words or "") in (checks["engine-docker"]["why"] or "")


@pytest.mark.parametrize(
    "nonsense", ["echo 'Usage: gopher dig'", "exit 0", "head -c 9000 /dev/zero | tr '\\0' x", "printf '\\001\\n\\n'"]
)
def test_a_go_that_answers_with_nonsense_is_a_finding(report, tools, tmp_path, tree, nonsense):
    tools(**GOOD)
    tree(PROJECT)
    program = write_program(tmp_path / "bin" / "go", nonsense + "\n")

    code, checks, _document = report()

    assert code == 1
    assert (checks["go"]["status"], checks["go"]["code"]) == ("fail", "program-broken")
    assert checks["go"]["found"].startswith(f"{program} does not say its version")
    assert not [check for check in checks.values() if check["status"] == "crash"]


def test_an_empty_folder_in_the_modules_place_is_fixed(report, tools, tree):
    tools(**GOOD)
    root = tree(PROJECT)
    (root / "main.wasm").mkdir()

    before, checks, _document = report("module")
    after, fixed, document = report("module", "--fix")

    assert (before, checks["module"]["code"], after, fixed["module"]["status"]) == (1, "out-file-is-folder", 0, "skip")
    assert document["data"]["fixed"] == ["module"]
    assert not (root / "main.wasm").exists()


TOO_NEW = PROJECT["go.mod"].replace("go 1.19", "go 1.24.1")
SOURCE = f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n'


@pytest.fixture
def fixable(tmp_path, monkeypatch, tree):
    """A plugin that builds but for the `go` line of its go.mod."""
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "compilers"))
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")
    return tree({**PROJECT, "go.mod": TOO_NEW, "go.sum": f"{SDK} v1.0.1 h1:AAAA=\n", "main.go": SOURCE})


def test_an_authors_file_is_changed_only_with_consent(report, tools, fixable):
    refused, _checks, document = report("go-mod", "--fix")
    assert refused == 9
    assert "--yes" in document["warnings"][0]
    assert (fixable / "go.mod").read_text("utf-8") == TOO_NEW

    agreed, checks, document = report("go-mod", "--fix", "--yes")
    assert (agreed, checks["go-mod"]["status"], document["data"]["fixed"]) == (0, "ok", ["go-mod"])
    assert (fixable / "go.mod").read_text("utf-8") == PROJECT["go.mod"]
    assert not (fixable / "main.wasm").exists()


def test_the_go_mod_of_a_larger_go_module_is_fixed_by_a_build_of_the_plugin(report, tools, fixable):
    (fixable / "plugins/a").mkdir(parents=True)
    (fixable / "main.go").rename(fixable / "plugins/a/main.go")

    code, checks, document = report("-C", "plugins/a", "go-mod", "--fix", "--yes")

    assert (code, checks["go-mod"]["status"], document["data"]["fixed"]) == (0, "ok", ["go-mod"])
    assert (fixable / "go.mod").read_text("utf-8") == PROJECT["go.mod"]


CHANGE = "[HERE]/go.mod:3\n--- go.mod\n+++ go.mod\n@@ -3 +3 @@\n-go 1.24.1\n+go 1.19\n"


def test_where_there_is_nothing_to_fix_it_is_said(hgw, tools, fixable):
    well = "Project\n  ✓ go.mod: proxy-wasm-go-sdk v1.0.1\n\n1 ok, 0 warnings, 0 wrong, 0 skipped\n"
    assert hgw("doctor", "go-mod", "--fix", "--yes").out == f"{well}fixed: go-mod\n"
    assert hgw("doctor", "go-mod", "--fix") == Outcome(out=f"{well}There is nothing that --fix can fix.\n", err=LOOKING)
    assert hgw("--lang", "zh", "doctor", "go-mod", "--fix").out.splitlines()[-1] == "没有 --fix 可以修复的问题。"
    assert hgw("doctor", "go-mod") == Outcome(out=well, err=LOOKING)


def test_without_consent_the_last_line_is_the_command_that_gives_it(hgw, tools, fixable):
    outcome = hgw("doctor", "go-mod", "--fix")

    assert outcome.code == 9
    assert outcome.out.splitlines()[-1] == "to fix what hgw can: hgw doctor --fix --yes"
    assert outcome.redacted().err == (
        f"{LOOKING}{CHANGE}warning: go-mod was not fixed: that needs your consent; add --yes\n"
    )


def test_a_change_of_an_authors_file_is_shown_first_and_leaves_a_copy(hgw, tools, fixable):
    (fixable / "go.mod.orig").write_text("mine", "utf-8")

    assert hgw("doctor", "go-mod", "--fix", "--yes").redacted() == Outcome(
        out="Project\n  ✓ go.mod: proxy-wasm-go-sdk v1.0.1\n\n1 ok, 0 warnings, 0 wrong, 0 skipped\nfixed: go-mod\n",
        err=f"{LOOKING}{CHANGE}"
        "Building with the new go.mod:\n"
        "Compiling demo for ABI 0.2.1 with TinyGo 0.30.0 ...\n"
        "the former go.mod is kept as go.mod.orig2\n"
        f"{LOOKING}",
    )
    assert (fixable / "go.mod.orig").read_text("utf-8") == "mine"
    assert (fixable / "go.mod.orig2").read_text("utf-8") == TOO_NEW


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (SOURCE.replace("nil", "undefinedThing"), "refused"),
        (SOURCE.replace("import (", "import (").replace(SDK, "example.com/nowhere"), "example.com/nowhere"),
    ],
)
def test_a_fix_with_which_the_build_fails_is_taken_back(report, tools, fixable, source, reason):
    (fixable / "main.go").write_text(source, "utf-8")
    before = {path.name: path.read_bytes() for path in fixable.iterdir() if path.is_file()}

    code, checks, document = report("go-mod", "--fix", "--yes")

    assert (code, checks["go-mod"]["status"]) == (1, "fail")
    assert (document["data"]["fixed"], document["data"]["taken_back"]) == ([], ["go-mod"])
    assert "go-mod: the fix was taken back, because with it the build fails: " in document["warnings"][0]
    assert reason in document["warnings"][0]
    assert {path.name: path.read_bytes() for path in fixable.iterdir() if path.is_file()} == before


def test_without_tools_a_fix_is_not_tried(report, tools, fixable, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "nothing"))
    sdk = PROJECT["go.mod"].replace("v1.0.1", "v9.9.9").replace("v9.9.9", "v1.0.9")
    (fixable / "go.mod").write_text(sdk, "utf-8")

    _code, checks, document = report("go-mod", "--fix", "--yes")

    assert (checks["go-mod"]["status"], document["data"]["fixed"]) == ("ok", ["go-mod"])
    assert (fixable / "go.mod").read_text("utf-8") == PROJECT["go.mod"]


def test_imports_that_go_mod_lacks_are_written_at_the_versions_that_fit(report, tools, fixable, monkeypatch):
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    (fixable / "go.mod").write_text("module demo\n\ngo 1.19\n", "utf-8")

    code, checks, _document = report("go-mod")
    fixed, _checks, document = report("go-mod", "--fix", "--yes")

    assert (code, checks["go-mod"]["code"]) == (0, "go-mod-import-missing")
    assert checks["go-mod"]["found"].startswith("main.go:3: ")
    assert (fixed, document["data"]["fixed"]) == (0, ["go-mod"])
    assert f"{SDK} v1.0.1" in (fixable / "go.mod").read_text("utf-8")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("color", ["never", "always"])
def test_a_narrow_terminal_loses_nothing(hgw, tools, tree, monkeypatch, lang, color):
    tools(go="1.17", tinygo="0.27.0", wasm_opt="101")
    tree({**PROJECT, "hgw.yaml": "profil: go\n"})
    monkeypatch.setenv("COLUMNS", "50")

    outcome = hgw("doctor", "go", "tinygo", "wasm-opt", "toolset", "--lang", lang, "--color", color)

    plain = outcome.out.replace("\x1b", "")
    assert outcome.code == 1
    assert "hgw install" in plain
    if color == "never":
        too_long = [line for line in plain.splitlines() if len(line) > 50]
        assert all(len(line.split()) == 1 for line in too_long), "only what must be copied whole may be longer"


@pytest.mark.slow
def test_a_terminal_that_knows_only_ascii_gets_other_signs(hgw, tools, tree):
    import subprocess

    outcome = subprocess.run(
        [sys.executable, "-m", "higress_cli", "doctor", "tools"],
        capture_output=True,
        env={
            "PATH": "/nowhere",
            "PYTHONIOENCODING": "ascii",
            "HOME": "/nowhere",
            "PYTHONPATH": python_path(),
        },
        check=False,
    )

    assert outcome.returncode == 1, outcome.stderr
    findings = re.findall(r"^  (\S .*)", outcome.stdout.decode("ascii"), re.MULTILINE)
    assert findings == [
        "x Go: not found",
        "x TinyGo: not found",
        "x wasm-opt: not found",
        "- set for hgw build: judged once each of them is there",
    ]


def test_detail_shows_with_v(hgw, tools):
    tools(**GOOD)
    found, count = "Tools ✓ Go: 1.20.14 ([TEST]/bin/go)", "1 ok, 0 warnings, 0 wrong, 0 skipped"

    assert hgw("doctor", "go").flowing().out == f"{found} {count}"
    assert hgw("doctor", "go", "-v").flowing().out == f"{found} expected: >= 1.18 [TEST]/bin/go {count}"


BOOTSTRAP = """\
static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          http_filters:
          - typed_config:
              value:
                config:
                  name: demo
                  vm_config: {code: {local: {filename: main.wasm}}}
                  configuration: {value: '{"mockEnable": true}'}
"""


@pytest.mark.parametrize(
    ("files", "hint"),
    [({}, "hgw init --from-existing"), ({"hgw.yaml": "name: demo\n"}, "`run: {config: config.json}`")],
)
def test_an_envoy_bootstrap_is_never_taken_for_the_plugins_configuration(hgw, report, tools, tree, files, hint):
    tools(**GOOD)
    tree({**PROJECT, "config.yaml": BOOTSTRAP, **files})

    code, checks, _document = report("config", "gateway-files")
    others = {command: json.loads(hgw(command, "--output", "json").out)["error"] for command in ("run", "verify")}

    assert (code, checks["config"]["code"], checks["gateway-files"]["status"]) == (1, "config-is-bootstrap", "skip")
    assert hint in checks["config"]["fix"]["summary"]
    for error in others.values():
        assert error["code"] == "config-is-bootstrap"
        assert hint in error["hint"]


def test_the_file_that_run_config_names_is_the_plugins(report, tools, tree):
    tools(**GOOD)
    own = {"hgw.yaml": "run: {config: config.json}\n", "config.json": '{"mockEnable": true}'}
    tree({**PROJECT, "config.yaml": BOOTSTRAP, **own})

    code, checks, _document = report("config", "gateway-files")

    assert (code, checks["config"]["found"], checks["gateway-files"]["found"]) == (
        0,
        "readable; keys (hgw does not check them): mockEnable",
        "the same as config.json",
    )


def test_no_difference_is_told_where_there_is_no_config_yaml(report, tools, tree):
    tools(**GOOD)
    root = tree({**PROJECT, "envoy.yaml": BOOTSTRAP})
    (root / "config.yaml").unlink()

    code, checks, _document = report("config", "gateway-files", "--strict")

    assert (code, checks["gateway-files"]["status"]) == (0, "skip")
    assert checks["gateway-files"]["why"] == "no config.yaml to compare them with"


def test_a_missing_file_of_run_config_is_told_with_the_line_that_names_it(report, tools, tree):
    tools(**GOOD)
    here = tree({**PROJECT, "hgw.yaml": "name: demo\n\nrun:\n  config: other.yaml\n"})

    code, checks, _document = report("config")

    assert (code, checks["config"]["code"]) == (1, "plugin-config-missing")
    assert checks["config"]["found"] == (
        f"{here / 'hgw.yaml'}:4: `run.config` names {here / 'other.yaml'}, which does not exist"
    )
    assert "--config" not in checks["config"]["fix"]["summary"]


def test_all_that_a_check_finds_is_told_at_once_and_each_may_be_ignored(hgw, report, tools, tree):
    tools(**GOOD)
    envoy = BOOTSTRAP.replace("listeners", "listeners ", 1)
    resource = WASM_PLUGIN + "  matchRules: [{domains: [a.com], config: {}}]\n"
    tree({**PROJECT, "envoy.yaml": envoy, "wasmplugin.yaml": resource})

    _code, checks, _document = report("gateway-files")
    text = hgw("doctor", "gateway-files").out
    _code, fewer, _document = report("gateway-files", "--ignore", "wasmplugin-key-unknown,config-differs")
    _code, none, _document = report(
        "gateway-files", "--ignore", "wasmplugin-key-unknown,config-differs,wasmplugin-rule-empty"
    )

    assert "id: wasmplugin-key-unknown" in hgw("doctor", "gateway-files", "-v").out
    mistyped = hgw("doctor", "gateway-files", "--ignore", "config-difers")
    assert mistyped.err == (
        f"{LOOKING}warning: no finding has the id `config-difers` (from --ignore); `hgw doctor -v` shows the ids\n"
    )
    first = checks["gateway-files"]
    codes = [found["code"] for found in (first, *first["others"])]
    assert codes == ["wasmplugin-key-unknown", "wasmplugin-rule-empty", "config-differs", "config-differs"]
    assert text.count("! other configurations: ") == 4
    assert text.splitlines()[-1] == "0 ok, 4 warnings, 0 wrong, 0 skipped"
    assert "! other configurations: envoy.yaml:12:34: mockEnable is not as in config.yaml" in text
    assert text.count("`hgw run` and `hgw verify` go by config.yaml") == 1
    assert (fewer["gateway-files"]["code"], fewer["gateway-files"]["others"]) == ("wasmplugin-rule-empty", [])
    assert none["gateway-files"]["status"] == "skip"


def test_a_file_that_cannot_be_parsed_is_told_without_tools_as_what_hgw_sees(report, tools, tree):
    broken = "package main\n\nfunc main() {\n\tprintln(1\n}\n"
    tree({**PROJECT, "main.go": broken, "more.go": "pakage main\n", "main_test.go": "not Go at all"})

    _code, checks, _document = report("source")

    found = [checks["source"], *checks["source"]["others"]]
    assert [(item["status"], item["code"]) for item in found] == [("warn", "go-syntax")] * 2
    assert sorted(item["found"].partition(":")[0] for item in found) == ["main.go", "more.go"]
    assert found[0]["found"].startswith("main.go:4:")


def test_what_keeps_source_from_being_judged_is_said(report, tools, tree):
    tree({"main.go": PROJECT["main.go"]})

    _code, checks, _document = report("source")

    assert (checks["source"]["status"], checks["source"]["why"]) == ("skip", "judged once there is a go.mod")


OLD_WRAPPER = "github.com/alibaba/higress/plugins/wasm-go"
NATIVE = f"module demo\n\ngo GO\n\nrequire (\n\t{OLD_WRAPPER} v1.4.4-0.20250507122328-b62384cff88a\nSDK)\n"
NATIVE_MAIN = f"""\
package main

import "{OLD_WRAPPER}/pkg/wrapper"

func main() {{}}

func init() {{ wrapper.SetCtx("demo") }}
"""


@pytest.mark.parametrize(
    "go_mod",
    [
        NATIVE.replace("GO", "1.24.1").replace("SDK", f"\t{SDK} v0.0.0-20250402062734-d50d98c305f0\n"),
        NATIVE.replace("GO", "1.24.1").replace("SDK", ""),
        NATIVE.replace("GO", "1.19").replace("SDK", ""),
    ],
)
@pytest.mark.parametrize("profile", [None, "go", "tinygo"])
def test_the_go_mod_of_a_plugin_that_bare_go_builds_is_never_rewritten(
    report, tools, tree, monkeypatch, go_mod, profile
):
    root = tree({"go.mod": go_mod, "main.go": NATIVE_MAIN})
    if profile is not None:
        monkeypatch.setenv("HGW_PROFILE", profile)

    _code, checks, document = report("project", "--fix", "--yes")

    assert (root / "go.mod").read_text("utf-8") == go_mod
    assert document["data"]["fixed"] == []
    if profile == "tinygo":
        assert "`profile: go`" in checks["go-mod"]["fix"]["summary"]
    else:
        assert "profile go, from " in checks["project"]["note"]
        assert checks["go-mod"]["status"] in {"ok", "warn"}


def test_what_another_module_of_a_go_work_provides_is_no_fault_of_go_mod(report, tools, tree):
    main = 'package main\n\nimport _ "example.com/beside"\n\nfunc main() {}\n'
    tree({**PROJECT, "main.go": main, "go.work": "go 1.20\n\nuse (\n\t.\n\t./beside\n)\n"})

    _code, checks, _document = report("go-mod")

    assert checks["go-mod"]["status"] == "ok"


@pytest.mark.parametrize("profile", ["tinygo", "go"])
def test_nothing_is_wrong_in_a_new_project(hgw, tools, tmp_path, profile):
    for template in ("basic", "no-config", "redis-rate-limit", "header-state"):
        folder = str(tmp_path / template)
        assert hgw("init", folder, "--template", template, "--profile", profile).code == 0

        outcome = hgw("-C", folder, "doctor", "project", "--strict")

        assert outcome.code == 0, outcome.out


def test_quiet_shows_only_what_is_wrong(hgw, tree):
    tree({"hgw.yaml": "name: x\n"})
    loud, quiet = hgw("doctor"), hgw("-q", "doctor")
    assert quiet.code == loud.code
    assert "✓" in loud.out
    assert "✓" not in quiet.out
    assert quiet.out.splitlines()[-1] in loud.out
