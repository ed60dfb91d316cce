import subprocess
from pathlib import Path

import pytest

from higress_cli.system.host import Host
from higress_cli.system.shell import command_text, shell_at_hand

ARGV = ("tinygo", "build", "-o", "main.wasm", "-tags=custommalloc nottinygc_finalizer", "./")
LINUX, WINDOWS = Host("linux", "amd64"), Host("windows", "amd64")


@pytest.mark.parametrize(
    ("host", "variables", "shell"),
    [
        (LINUX, {}, "posix"),
        (Host("darwin", "arm64"), {"SHELL": "/bin/zsh"}, "posix"),
        (WINDOWS, {}, "powershell"),
        (WINDOWS, {"PROMPT": "$P$G"}, "cmd"),
        (WINDOWS, {"MSYSTEM": "MINGW64", "PROMPT": "$P$G"}, "posix"),
    ],
)
def test_the_shell_is_told_by_what_it_sets(host: Host, variables: dict[str, str], shell: str):
    assert shell_at_hand(host, variables) == shell


def test_powershell_gets_lines_that_it_understands():
    text = command_text(
        ARGV,
        shell="powershell",
        directory=Path("my 'plugin'"),
        edits={"GOROOT": "C:\\Go Lang", "GOFLAGS": None},
        search_path=[Path("tools")],
    )
    assert text.splitlines() == [
        "cd 'my ''plugin'''",
        "$env:PATH = 'tools;' + $env:PATH",
        "$env:GOROOT = 'C:\\Go Lang'",
        "$env:GOFLAGS = $null",
        "tinygo build '-o' main.wasm '-tags=custommalloc nottinygc_finalizer' ./",
    ]


def test_cmd_gets_lines_that_it_understands():
    text = command_text(
        ARGV,
        shell="cmd",
        directory=Path("my plugin"),
        edits={"GOROOT": "C:\\Go Lang", "GOFLAGS": None},
        search_path=[Path("tools")],
    )
    assert text.splitlines() == [
        'cd /d "my plugin"',
        'set "PATH=tools;%PATH%"',
        'set "GOROOT=C:\\Go Lang"',
        'set "GOFLAGS="',
        'tinygo build -o main.wasm "-tags=custommalloc nottinygc_finalizer" ./',
    ]


def test_a_posix_shell_runs_its_line_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = tmp_path / 'it\'s a $HOME "folder"'
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "show"
    program.write_text('#!/bin/sh\nprintf "%s|" "$PWD" "$VALUE" "${GONE-unset}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("GONE", "still here")
    text = command_text(
        ["show", "a b", "$c", "d'e"],
        shell="posix",
        directory=folder,
        edits={"VALUE": 'x y"z', "GONE": None},
        search_path=[folder / "bin"],
    )
    assert "\n" not in text
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True, cwd="/")
    assert done.stdout == f"{folder}|x y\"z|unset|a b|$c|d'e|"


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        ("powershell", ["cd plugin", "go build"]),
        ("cmd", ["cd /d plugin", "go build"]),
        ("posix", ["(cd plugin && go build)"]),
    ],
)
def test_a_command_that_needs_nothing_is_the_command(shell, lines):
    text = command_text(["go", "build"], shell=shell, directory=Path("plugin"), edits={})
    assert text.splitlines() == lines
