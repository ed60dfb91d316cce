"""hgw toolchain: the tools as they are, for people, for shells and for programs that they start."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from higress_cli.toolchain.store import RECEIPT, Receipt
from tests.support.terminal import at_terminal
from tests.support.tool_stubs import stub_tools, write_program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def fitting(tmp_path, monkeypatch) -> Path:
    """A machine with a set that fits; the folder that its programs are in."""
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.30.0", wasm_opt="108"))
    return tmp_path / "bin"


@pytest.fixture
def stored(tmp_path, monkeypatch) -> Path:
    """A machine whose tools are all in hgw's store; the store's folder."""
    tools = tmp_path / "hgw-home" / "data" / "tools"
    for name, version, program in (
        ("go", "1.20.14", "go"),
        ("tinygo", "0.30.0", "tinygo"),
        ("binaryen", "108", "wasm-opt"),
    ):
        folder = tools / name / f"{version}+archive"
        stub_tools(folder / "bin", **{program.replace("-", "_"): version})
        home = "bin/goroot" if name == "go" else "." if name == "tinygo" else None
        receipt = Receipt(
            name=name,
            version=version,
            source="archive",
            origin=f"https://example.org/{name}.tar.gz",
            executable=f"bin/{program}",
            home=home,
            files=1,
            installed="2026-01-02T03:04:05+00:00",
        )
        (folder / RECEIPT).write_text(json.dumps(asdict(receipt)), encoding="utf-8")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return tools


def data_of(outcome) -> dict:
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)["data"]


# list ---------------------------------------------------------------------------------------------------------------


def test_nothing_at_all_is_an_empty_list_with_the_way_to_tools(hgw, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")

    outcome = hgw("toolchain", "list", "--output", "json")

    assert data_of(outcome)["tools"] == []
    assert json.loads(outcome.out)["warnings"] == ["not on this machine: Go, TinyGo, wasm-opt"]
    assert hgw("toolchain", "list").code == 0


def test_tools_of_the_machine_and_of_the_store_are_listed_with_what_is_used(hgw, stored, tmp_path, monkeypatch):
    own = stub_tools(tmp_path / "bin", go="1.26.8")
    monkeypatch.setenv("PATH", f"{own}:/usr/bin:/bin")

    tools = data_of(hgw("toolchain", "list", "--output", "json"))["tools"]

    assert [(tool["name"], tool["version"], tool["source"], tool["state"], tool["used"]) for tool in tools] == [
        ("go", "1.26.8", "system", "whole", False),
        ("binaryen", "108", "archive", "whole", True),
        ("go", "1.20.14", "archive", "whole", True),
        ("tinygo", "0.30.0", "archive", "whole", True),
    ]
    assert tools[2]["origin"] == "https://example.org/go.tar.gz"
    assert tools[2]["bytes"] == sum(path.stat().st_size for path in (stored / "go").rglob("*") if path.is_file())
    assert tools[2]["installed"] == "2026-01-02T03:04:05+00:00"
    assert (tools[0]["bytes"], tools[0]["installed"]) == (None, None)


def test_what_is_damaged_says_why(hgw, stored):
    receipt = stored / "go" / "1.20.14+archive" / RECEIPT
    receipt.write_text(receipt.read_text("utf-8").replace('"files": 1', '"files": 2'), "utf-8")
    (stored / "tinygo" / "0.30.0+archive" / RECEIPT).unlink()
    (stored / "binaryen" / "108+archive" / "bin" / "wasm-opt").unlink()

    outcome = hgw("toolchain", "list", "--output", "json")

    problems = {tool["name"]: (tool["state"], tool["problem"]) for tool in data_of(outcome)["tools"]}
    assert problems["go"] == ("damaged", f"{stored}/go/1.20.14+archive has 1 files instead of 2")
    assert problems["tinygo"] == ("damaged", "its receipt is missing or cannot be read")
    assert problems["binaryen"] == ("damaged", f"{stored}/binaryen/108+archive/bin/wasm-opt is missing")
    text = hgw("toolchain", "list").out
    assert "has 1 files instead of 2" in text
    assert "hgw install" in text


def test_a_program_of_the_machine_that_reports_no_version_is_damaged(hgw, tmp_path, monkeypatch):
    write_program(tmp_path / "bin" / "tinygo", "echo illegal instruction >&2; exit 132\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    (tool,) = data_of(hgw("toolchain", "list", "--output", "json"))["tools"]

    assert (tool["state"], tool["version"]) == ("damaged", None)
    assert tool["problem"] == "it does not report a version: illegal instruction"


def test_the_list_marks_what_is_used_and_breaks_no_path(hgw, stored):
    lines = hgw("toolchain", "list").out.splitlines()

    go = next(line for line in lines if "1.20.14" in line)
    assert go.startswith("*  go")
    assert go.endswith(f"{stored}/go/1.20.14+archive/bin/go")


@pytest.mark.slow
def test_on_a_narrow_terminal_each_path_has_a_line_of_its_own(stored):
    screen = at_terminal("toolchain", "list", COLUMNS="50").screen

    assert f"    {stored}/go/1.20.14+archive/bin/go\r\n" in screen


# path ---------------------------------------------------------------------------------------------------------------


def test_the_path_of_one_tool_is_all_that_is_printed(hgw, fitting):
    assert hgw("toolchain", "path", "tinygo").out == f"{fitting}/tinygo\n"
    assert hgw("toolchain", "path", "wasm-opt").out == hgw("toolchain", "path", "binaryen").out
    for command in (("toolchain", "path"), ("install",)):
        assert "there is no tool `rust`; there are: go, tinygo, wasm-opt\n" in hgw(*command, "rust").err


def test_without_a_tool_the_whole_set_is_shown(hgw, fitting):
    lines = [line.split() for line in hgw("toolchain", "path").out.splitlines()]

    assert lines == [
        ["go", "1.20.14", f"{fitting}/go"],
        ["tinygo", "0.30.0", f"{fitting}/tinygo"],
        ["wasm-opt", "108", f"{fitting}/wasm-opt"],
    ]


def test_the_set_is_that_of_the_project(hgw, tree, fitting, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "newer", go="1.24.4"))
    tree({"hgw.yaml": "profile: go\n"})

    data = data_of(hgw("toolchain", "path", "--output", "json"))

    assert (data["profile"], data["profile_source"]) == ("go", str(tmp_path / "work" / "hgw.yaml"))
    assert [tool["version"] for tool in data["tools"]] == ["1.24.4"]
    refused = hgw("toolchain", "path", "tinygo")
    assert refused.code == 2
    assert refused.err.startswith("error: profile go (from ")


@pytest.mark.parametrize("argv", [["path"], ["env"], ["exec", "--", "true"]])
def test_without_a_set_the_hint_is_the_command_that_gets_one(hgw, monkeypatch, argv):
    monkeypatch.setenv("PATH", "/nowhere")

    outcome = hgw("toolchain", *argv)

    assert outcome.code == 4
    assert outcome.err.splitlines()[-1] == "hint: hgw install"


# env ----------------------------------------------------------------------------------------------------------------


def test_a_shell_that_reads_the_variables_has_the_tools(hgw, stored):
    outcome = hgw("toolchain", "env", "--shell", "sh")

    asked = (
        "for name in go tinygo wasm-opt; do command -v $name; done",
        'echo "$GOROOT $GOTOOLCHAIN $TINYGOROOT"',
        'echo "$PATH"',
    )
    script = "\n".join([outcome.out, *asked])
    shell = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    go, tinygo, wasm_opt, variables, path = shell.stdout.splitlines()
    assert go == f"{stored}/go/1.20.14+archive/bin/go"
    assert tinygo == f"{stored}/tinygo/0.30.0+archive/bin/tinygo"
    assert wasm_opt == f"{stored}/binaryen/108+archive/bin/wasm-opt"
    assert variables == f"{stored}/go/1.20.14+archive/bin/goroot local {stored}/tinygo/0.30.0+archive"
    assert path.endswith(":/usr/bin:/bin")


def test_the_variables_are_data_too(hgw, stored):
    data = data_of(hgw("toolchain", "env", "--output", "json"))

    assert data["shell"] == "sh"
    assert data["unset"] == []
    assert data["variables"]["WASMOPT"] == f"{stored}/binaryen/108+archive/bin/wasm-opt"
    assert data["variables"]["PATH"].endswith(":/usr/bin:/bin")
    assert data["variables"]["PATH"].startswith(str(stored))


def test_a_file_for_github_holds_whole_values(hgw, stored):
    lines = hgw("toolchain", "env", "--shell", "github").out.splitlines()

    assert (
        dict(line.split("=", 1) for line in lines) == data_of(hgw("toolchain", "env", "--output", "json"))["variables"]
    )


@pytest.mark.parametrize(
    ("shell", "word"), [("/usr/bin/fish", "set -gx GOTOOLCHAIN 'local'"), ("/bin/zsh", "export GOTOOLCHAIN=local")]
)
def test_the_shell_at_hand_is_the_default(hgw, stored, monkeypatch, shell, word):
    monkeypatch.setenv("SHELL", shell)

    assert word in hgw("toolchain", "env").out.splitlines()


# exec ---------------------------------------------------------------------------------------------------------------


def test_a_program_runs_with_the_set_on_its_path(hgw, stored):
    outcome = hgw("toolchain", "exec", "--", "tinygo", "version")

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("tinygo version 0.30.0")


@pytest.mark.parametrize("code", [0, 1, 2, 70, 130, 255])
def test_the_exit_code_is_that_of_the_program(hgw, fitting, code):
    outcome = hgw("toolchain", "exec", "/bin/sh", "-c", f"exit {code}")

    assert (outcome.code, outcome.out, outcome.err) == (code, "", "")


def test_the_options_of_the_program_are_its_own(hgw, fitting):
    outcome = hgw("toolchain", "exec", "/bin/echo", "--output", "json", "--help", "-q")

    assert outcome.out == "--output json --help -q\n"


def test_with_json_the_document_is_alone_on_stdout(hgw, fitting):
    outcome = hgw("toolchain", "--output", "json", "exec", "/bin/sh", "-c", "echo said; exit 3")

    document = json.loads(outcome.out)
    assert (outcome.code, document["exit_code"], document["ok"]) == (3, 3, False)
    assert document["data"]["argv"] == ["/bin/sh", "-c", "echo said; exit 3"]
    assert outcome.err == "said\n"


def test_the_name_of_a_tool_that_was_misspelled_is_suggested(hgw, fitting):
    outcome = hgw("toolchain", "exec", "--", "tinyg", "version")

    assert outcome.code == 4
    assert "did you mean `hgw toolchain exec -- tinygo version`?" in outcome.err


@pytest.mark.parametrize(
    ("program", "code"),
    [("no-such-program", "program-missing"), ("./not-a-program", "program-broken")],
)
def test_a_program_that_cannot_be_run_is_told(hgw, fitting, tmp_path, program, code):
    broken = tmp_path / "work" / "not-a-program"
    broken.write_text("text\n")
    broken.chmod(0o755)

    outcome = hgw("--output", "json", "toolchain", "exec", program)

    assert outcome.code == 4
    error = json.loads(outcome.out)["error"]
    assert error["code"] == code
    if code == "program-missing":
        assert error["hint"].startswith("name one of the tools (go, gofmt, tinygo, wasm-opt), or a program")


def test_the_program_starts_in_the_folder_of_the_option(hgw, fitting, tmp_path):
    there = tmp_path / "work" / "there"
    there.mkdir()

    assert hgw("-C", "there", "toolchain", "exec", "/bin/pwd").out == f"{there}\n"


@pytest.mark.slow
def test_a_program_reads_from_the_terminal_and_sees_it(fitting):
    script = 'test -t 0 && test -t 1 && read line && echo "got $line"'

    spoken = at_terminal("toolchain", "exec", "/bin/sh", "-c", f"echo ready; {script}", answers={"ready": "word\n"})

    assert spoken.code == 0
    assert "got word" in spoken.screen


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_the_programs_to_answer(fitting, tmp_path, wanted, monkeypatch):
    monkeypatch.setenv("PATH", f"{fitting}:/usr/bin:/bin")
    ready = tmp_path / "ready"
    name = wanted.name.removeprefix("SIG")
    # `wait` ends when a trapped signal comes, which a program in the foreground would delay.
    script = f"trap 'kill $!; exit 33' {name}; sleep 20 & touch {ready}; wait"
    process = subprocess.Popen(
        [sys.executable, "-m", "higress_cli", "toolchain", "exec", "/bin/sh", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(wanted)
    _out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (33, b"")


@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
def test_a_program_that_a_signal_ended_has_the_code_of_a_shell(hgw, fitting):
    assert hgw("toolchain", "exec", "/bin/sh", "-c", "kill -9 $$").code == 137
