"""What holds for hgw as a whole: the one boundary for errors, streams that are full or gone, colours, languages."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import Outcome
from tests.support.programs import basic_programs, python_path
from tests.support.tool_stubs import stub_tools, write_program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A machine with fitting tools and free ports."""
    monkeypatch.setenv("PATH", stub_tools(tmp_path / "bin", go="1.20.14", tinygo="0.30.0", wasm_opt="108"))
    monkeypatch.setenv("HGW_PORT", "0")
    monkeypatch.setenv("HGW_UPSTREAM_PORT", "0")


def start(*argv: str, package: Path = ROOT, **options) -> subprocess.Popen:
    """hgw in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": python_path(package), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen([sys.executable, "-m", "higress_cli", *argv], env=environment, text=True, **options)


def run(*argv: str, **options) -> tuple[int, str, str]:
    process = start(*argv, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})
    out, err = process.communicate(timeout=60)
    return process.returncode, out or "", err or ""


# Wrong usage --------------------------------------------------------------------------------------------------------


def test_a_folder_of_the_option_that_is_a_file_is_told_as_that(hgw, tmp_path):
    file = tmp_path / "work" / "main.wasm"
    file.write_bytes(b"")
    outcome = hgw("-C", "main.wasm", "build")
    assert outcome.code == 3
    assert f"{file} (from --directory) is a file, not a folder" in outcome.err


def test_without_arguments_help_is_told_and_it_is_wrong_usage(hgw):
    outcome = hgw()

    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("Usage: hgw [OPTIONS] COMMAND [ARGS]...")
    assert "hgw quickstart" in outcome.err


@pytest.mark.parametrize(
    ("argv", "err"),
    [
        (["bild"], "error: no such command: bild\nhint: did you mean `hgw build`?\n"),
        (["xyzzy"], "error: no such command: xyzzy\nhint: hgw --help\n"),
        (["toolchain", "lst"], "error: no such command: toolchain lst\nhint: did you mean `hgw toolchain list`?\n"),
        (
            ["help", "verify.expect.calls"],
            "error: no such command: verify.expect.calls\nhint: hgw help hgw.yaml verify.expect.calls\n",
        ),
        (["help", "xyzzy"], "error: no such command: xyzzy\nhint: hgw --help\n"),
        (["toolchain", "xyzzy"], "error: no such command: toolchain xyzzy\nhint: hgw toolchain --help\n"),
        (["toolchain", "--quite"], "error: no such option: --quite\nhint: did you mean `--quiet`?\n"),
        (["toolchain", "env", "--shel"], "error: no such option: --shel\nhint: did you mean `--shell`?\n"),
        (["--frobnicate"], "error: no such option: --frobnicate\nhint: hgw --help\n"),
        (["doctor", "--colour", "never"], "error: no such option: --colour\nhint: did you mean `--color`?\n"),
        (["build", "--abi"], "error: the option --abi needs a value\nhint: hgw build --help\n"),
        (["build", "--all=yes"], "error: the option --all takes no value\nhint: hgw build --help\n"),
        (["init", "one", "two", "three"], "error: too many arguments: two three\nhint: hgw init --help\n"),
        (["build", "--abl", "all"], "error: no such option: --abl\nhint: did you mean `--abi`?\n"),
    ],
)
def test_wrong_words_get_the_nearest_right_ones(hgw, argv, err):
    outcome = hgw(*argv)

    assert (outcome.code, outcome.out, outcome.err) == (2, "", err)


@pytest.mark.parametrize(
    ("variable", "value", "choices"),
    [
        ("HGW_OUTPUT", "yaml", "text, json"),
        ("HGW_COLOR", "sometimes", "auto, always, never"),
        ("HGW_LANG", "de", "en, zh"),
    ],
)
def test_a_variable_with_a_value_that_its_option_refuses_is_wrong_usage(hgw, monkeypatch, variable, value, choices):
    monkeypatch.setenv(variable, value)

    outcome = hgw("doctor", "engines")

    assert (outcome.code, outcome.out) == (2, "")
    key = variable.removeprefix("HGW_").lower()
    assert outcome.err == f"error: `{value}` (from {variable}) is none of: {choices}\nhint: hgw help settings {key}\n"
    explained = hgw("help", "settings", key)
    assert explained.code == 0
    assert f"`{value}` (from {variable}) is none of: {choices}" in explained.out.replace("\n    ", " ")


def test_an_option_wins_over_its_variable(hgw, tools, monkeypatch):
    monkeypatch.setenv("HGW_OUTPUT", "json")
    assert json.loads(hgw("doctor", "go").out)["ok"] is True

    assert hgw("doctor", "go", "--output", "text").out.startswith("Tools\n")


# Places -------------------------------------------------------------------------------------------------------------


def test_a_folder_is_named_by_the_option_and_by_the_variable(hgw, tools, tree, monkeypatch):
    tree({"there/hgw.yaml": "name: found\n", "there/go.mod": "module x\n", "there/main.go": "package main\n"})

    assert "found" in hgw("-C", "there", "doctor", "project").out
    monkeypatch.setenv("HGW_DIRECTORY", "there")
    assert "found" in hgw("doctor", "project").out


def test_a_working_folder_that_is_gone_is_told(hgw, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    outcome = hgw("doctor", "go")
    monkeypatch.chdir(tmp_path)

    assert outcome.redacted() == Outcome(
        3,
        err="error: the folder that hgw was started in no longer exists\n"
        "hint: go to another folder, or name one with -C\n",
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="HOME is not how the other systems know the user's folder")
def test_without_a_home_hgw_works(tools, tmp_path):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": python_path(), "HGW_PORT": "0", "HGW_UPSTREAM_PORT": "0"}

    done = subprocess.run(
        [sys.executable, "-m", "higress_cli", "doctor", "go"], env=environment, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr


# Colours and languages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "variables", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "never"], {}, False),
        ([], {"HGW_COLOR": "always"}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"HGW_COLOR": "always"}, False),
    ],
)
def test_colour_is_for_terminals_and_for_who_asks(hgw, tools, monkeypatch, argv, variables, colored):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    outcome = hgw("doctor", "go", *argv)

    assert ("\x1b[" in outcome.out) is colored


def test_only_the_mark_of_a_line_is_coloured(hgw, tools):
    line = hgw("doctor", "go", "--color", "always").out.splitlines()[1]

    assert line.startswith("\x1b[32m  ✓\x1b[0m Go")


@pytest.mark.parametrize(
    ("argv", "variables", "word"),
    [
        ([], {"LANG": "zh_CN.UTF-8"}, "工具"),
        ([], {"LANG": "en_US.UTF-8"}, "Tools"),
        ([], {"LANG": "de_DE.UTF-8"}, "Tools"),
        ([], {"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "工具"),
        (["--lang", "en"], {"LANG": "zh_CN.UTF-8"}, "Tools"),
        ([], {"LANG": "zh_CN.UTF-8", "HGW_LANG": "en"}, "Tools"),
        (["--lang", "zh"], {"HGW_LANG": "en"}, "工具"),
    ],
)
def test_the_language_is_the_users(hgw, tools, monkeypatch, argv, variables, word):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert hgw("doctor", "go", *argv).out.splitlines()[0] == word


@pytest.mark.slow
def test_without_its_catalogue_hgw_says_so_and_speaks_english(tmp_path):
    shutil.copytree(ROOT / "higress_cli", tmp_path / "copy" / "higress_cli", ignore=shutil.ignore_patterns("*.mo"))

    code, out, err = run("--lang", "zh", "doctor", "--help", package=tmp_path / "copy")

    assert (code, out.splitlines()[0]) == (0, "Usage: hgw doctor [OPTIONS] [CHECK]...")
    missing = tmp_path / "copy/higress_cli/locale/zh/LC_MESSAGES/hgw.mo"
    assert err == f"warning: this hgw speaks English only, {missing} is missing: install it again\n"
    assert run("doctor", "--help", package=tmp_path / "copy")[2] == ""


def test_quiet_leaves_the_result_and_silences_the_conversation(hgw, tools):
    outcome = hgw("doctor", "go", "-q")

    assert outcome.err == ""
    assert outcome.out == "1 ok, 0 warnings, 0 wrong, 0 skipped\n"


# The boundary -------------------------------------------------------------------------------------------------------


@pytest.fixture
def broken_installation(tmp_path) -> Path:
    """hgw with one of its own files missing: nothing that a user could have done."""
    shutil.copytree(
        ROOT / "higress_cli", tmp_path / "broken" / "higress_cli", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "broken" / "higress_cli" / "data" / "archives.toml").unlink()
    return tmp_path / "broken"


@pytest.mark.slow
def test_a_bug_keeps_its_traceback_and_says_where_to_report_it(broken_installation):
    code, out, err = run("install", "--dry-run", package=broken_installation)

    assert (code, out) == (70, "")
    assert "Traceback (most recent call last):" in err
    assert "error: this is a bug in hgw: FileNotFoundError" in err
    assert err.splitlines()[-1].startswith("hint: please report it, with the lines above, at https://")


@pytest.mark.slow
def test_a_bug_is_one_document_too(broken_installation):
    code, out, err = run("install", "--dry-run", "--output", "json", package=broken_installation)

    document = json.loads(out)
    assert (code, document["exit_code"], document["error"]["code"]) == (70, 70, "bug")
    assert "Traceback" in err


def test_an_expected_error_shows_no_traceback_unless_asked(hgw):
    plain, debug = hgw("-C", "nowhere", "doctor"), hgw("--debug", "-C", "nowhere", "doctor")

    assert plain.redacted() == Outcome(
        3,
        err="error: the folder [HERE]/nowhere (from --directory) does not exist\nhint: name another folder with -C\n",
    )
    assert debug.err.startswith("Traceback (most recent call last):\n")
    assert debug.err.endswith(plain.err)


# Streams and signals ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_reader_that_has_enough_is_not_an_error(tools):
    process = start("doctor", "go", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()

    assert process.wait(30) == 0
    assert "Traceback" not in err
    assert "Exception" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["doctor", "go"], 1),
        (["doctor", "go", "--output", "json"], 1),
        (["build", "--output", "json", "nowhere"], 3),
        (["doctor", "--nonsense", "--output", "json"], 2),
    ],
)
def test_a_failure_stays_one_if_its_reader_has_enough(tmp_path, monkeypatch, argv, code):
    monkeypatch.setenv("PATH", basic_programs())
    process = start(*argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()

    assert process.wait(30) == code
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize(
    "argv",
    [["doctor", "go"], ["doctor", "go", "--output", "json"], ["doctor", "--nonsense", "--output", "json"], ["--help"]],
)
def test_a_full_disk_behind_stdout_is_told_and_is_not_a_bug(tools, argv):
    with Path("/dev/full").open("w") as full:
        code, _out, err = run(*argv, stdout=full)

    assert code == 6
    assert "cannot be written" in err
    assert "the disk is full" in err
    assert "Traceback" not in err
    assert "Exception" not in err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="the shell's >&- is POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_not_a_bug(tools, closed):
    command = f'"{sys.executable}" -m higress_cli doctor go {closed}'
    environment = {**os.environ, "PYTHONPATH": python_path()}

    done = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def interrupted(tmp_path: Path, wanted: signal.Signals, words: Sequence[str] = ()) -> tuple[int, str, str]:
    """hgw, given a signal while a program that it runs does not answer."""
    marker = tmp_path / "asked"
    write_program(tmp_path / "bin" / "go", f"echo $$ > {marker}.tmp; mv {marker}.tmp {marker}; sleep 20\n")
    os.environ["PATH"] = f"{tmp_path / 'bin'}{os.pathsep}{basic_programs()}"
    process = start("doctor", "go", *words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for _attempt in range(500):
        if marker.exists():
            break
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(wanted)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_ends_with_130_and_no_traceback(tmp_path, monkeypatch, wanted):
    monkeypatch.setenv("PATH", os.environ["PATH"])

    code, out, err = interrupted(tmp_path, wanted)

    assert (code, out) == (130, "")
    assert err.splitlines()[-1] == "interrupted"
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals between processes are POSIX")
def test_an_interrupt_is_one_document_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])

    code, out, _err = interrupted(tmp_path, signal.SIGINT, ["--output", "json"])

    document = json.loads(out)
    assert (code, document["exit_code"], document["error"]["code"]) == (130, 130, "interrupted")


@pytest.mark.slow
def test_a_name_that_the_terminal_cannot_show_does_not_end_hgw(tools, tmp_path):
    folder = tmp_path / "work" / "插件"
    folder.mkdir()
    environment = {**os.environ, "PYTHONPATH": python_path(), "PYTHONIOENCODING": "ascii"}

    done = subprocess.run(
        [sys.executable, "-m", "higress_cli", "-C", str(folder), "doctor", "project"],
        env=environment,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0
    assert b"\\u63d2\\u4ef6" in done.stdout
