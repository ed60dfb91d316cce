"""Variables in the words of each shell; those of shells that are here are read back by them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from higress_cli.system.host import Host
from higress_cli.system.shell_exports import Dialect, Exports, dialect_at_hand, dialect_named, export_lines

LINUX, WINDOWS = Host("linux", "amd64"), Host("windows", "amd64")
HARD = 'it\'s a "$HOME" \\ `x` %PATH% & | ;'
EXPORTS = Exports(
    values={"PATH": "/a b/bin:/usr/bin", "GOROOT": HARD}, front=(Path("/a b/bin"), Path("/c'd")), unset=("GOFLAGS",)
)


def lines(dialect: Dialect, separator: str = ":") -> tuple[str, ...]:
    return export_lines(EXPORTS, dialect, separator=separator)


@pytest.mark.parametrize("shell", ["sh", "bash", "dash", "zsh", "ksh", "fish"])
def test_a_shell_that_reads_the_lines_has_the_values(shell):
    program = shutil.which(shell)
    dialect = dialect_named(shell)
    assert dialect is not None
    if program is None:
        pytest.skip(f"{shell} is not here (apt-get install {shell})")
    script = "\n".join([*lines(dialect), 'printf "%s\\n" "$PATH" "$GOROOT"; env'])

    done = subprocess.run(
        [program, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "GOFLAGS": "-x", "HOME": os.devnull},
    )

    assert done.stdout.splitlines()[:2] == ["/a b/bin:/c'd:/usr/bin:/bin", HARD]
    assert "GOFLAGS" not in done.stdout


@pytest.mark.parametrize(
    ("dialect", "separator", "expected"),
    [
        (
            Dialect.FISH,
            ":",
            ("set -gx PATH '/a b/bin' '/c\\'d' $PATH", f"set -gx GOROOT '{_}'", "set -e GOFLAGS"),
        )
        for _ in [HARD.replace("\\", "\\\\").replace("'", "\\'")]
    ]
    + [
        (
            Dialect.POWERSHELL,
            ";",
            ("$env:PATH = '/a b/bin;/c''d;' + $env:PATH", f"$env:GOROOT = '{_}'", "$env:GOFLAGS = $null"),
        )
        for _ in [HARD.replace("'", "''")]
    ]
    + [
        (
            Dialect.CMD,
            ";",
            ('set "PATH=/a b/bin;/c\'d;%PATH%"', f'set "GOROOT={_}"', 'set "GOFLAGS="'),
        )
        for _ in [HARD.replace("%", "%%")]
    ]
    + [(Dialect.GITHUB, ":", ("PATH=/a b/bin:/usr/bin", f"GOROOT={HARD}"))],
)
def test_each_dialect_has_its_own_words(dialect, separator, expected):
    assert lines(dialect, separator) == expected


def test_without_folders_of_its_own_a_shell_keeps_its_path():
    exports = Exports(values={"PATH": "/usr/bin", "GOTOOLCHAIN": "local"})

    assert export_lines(exports, Dialect.SH, separator=":") == ("export GOTOOLCHAIN=local",)


@pytest.mark.parametrize(
    ("host", "variables", "expected"),
    [
        (LINUX, {}, "sh"),
        (LINUX, {"SHELL": "/bin/bash"}, "sh"),
        (LINUX, {"SHELL": "/usr/bin/fish"}, "fish"),
        (LINUX, {"SHELL": "/usr/bin/pwsh"}, "powershell"),
        (LINUX, {"SHELL": "/bin/tcsh"}, "sh"),
        (WINDOWS, {}, "powershell"),
        (WINDOWS, {"PROMPT": "$P$G"}, "cmd"),
        (WINDOWS, {"PROMPT": "$P$G", "MSYSTEM": "MINGW64"}, "sh"),
    ],
)
def test_the_shell_at_hand(host, variables, expected):
    assert dialect_at_hand(host, variables) == expected


@pytest.mark.parametrize(("name", "known"), [("zsh", "sh"), ("PowerShell", "powershell"), ("tcsh", None), ("", None)])
def test_shells_have_names(name, known):
    assert dialect_named(name) == known
