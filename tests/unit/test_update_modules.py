"""The pins of Go modules and npm packages are what the go command and npm say, and the rest of the files stays."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.update_modules import DATA, main
from tests.support.tool_stubs import write_program

FILES = ("modules.toml", "go-modules.toml", "packages.toml")
# `go mod tidy` moves one module, needs another one and no longer needs a third.
GO = """\
case "$*" in
  "mod tidy")
    sed -i -e 's#gjson v[0-9.]*#gjson v9.9.9#' -e '/match v/d' -e 's#^)#\texample.com/new v1.0.0\\n)#' go.mod
    echo "example.com/new v1.0.0 h1:new=" > go.sum ;;
  "mod edit -json")
    printf '{"Require": ['
    sed -n 's#^\t\\(.*\\) \\(v.*\\)#{"Path": "\\1", "Version": "\\2"}#p' go.mod | paste -s -d,
    printf ']}' ;;
  "mod download -json golang.org/toolchain@v0.0.1-go1.99.0.linux-amd64") echo '{"Sum": "h1:toolchain="}' ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"""
Update = Callable[..., int]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(DATA / name, tmp_path)
    return tmp_path


@pytest.fixture
def update(data: Path, tmp_path: Path) -> Update:
    write_program(tmp_path / "bin" / "go", GO)
    write_program(tmp_path / "bin" / "npm", 'test "$*" = "view binaryen@199.0.0 dist.integrity" && echo sha512-new==')
    variables = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.defpath}"}
    return lambda *argv: main(["--data", str(data), *argv], variables)


def test_versions_and_sums_are_what_go_mod_tidy_says_and_comments_stay(
    update: Update, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert update("--set", "github.com/tidwall/resp@v0.2.0", "--write") == 0
    difference = capsys.readouterr().out
    text = (data / "modules.toml").read_text("utf-8")
    assert '+version = "v9.9.9"' in difference
    assert '-path = "github.com/tidwall/match"' in difference
    assert text.count('path = "example.com/new"\nversion = "v1.0.0"') == 2
    assert text.count('path = "github.com/tidwall/resp"\nversion = "v0.2.0"') == 2
    assert text.count('sum = """\nexample.com/new v1.0.0 h1:new=\n"""') == 2
    assert "# v1.0.0, which the wrapper asks for, loses the detail" in text
    assert text.index('[[tinygo.modules]]\npath = "example.com/new"') < text.index("[go]")


def test_a_second_run_changes_nothing(update: Update, capsys: pytest.CaptureFixture[str]) -> None:
    more = ("--toolchain", "1.99.0@linux-amd64", "--npm", "199", "--write")
    assert update(*more) == 0
    capsys.readouterr()
    assert update(*more) == 0
    assert capsys.readouterr().out == ""


def test_a_go_and_an_npm_package_come_in(update: Update, data: Path) -> None:
    assert update("--toolchain", "1.99.0@linux-amd64", "--npm", "199", "--write") == 0
    row = '[[toolchain]]\ngo = "1.99.0"\nplatform = "linux-amd64"\nh1 = "h1:toolchain="\n\n# TinyGo\'s main package'
    assert row in (data / "go-modules.toml").read_text("utf-8")
    assert (data / "packages.toml").read_text("utf-8").endswith('\n"199" = "sha512-new=="\n')


def test_nothing_is_written_without_being_told(update: Update, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert update("--npm", "199") == 0
    assert '+"199" = "sha512-new=="' in capsys.readouterr().out
    assert [(data / name).read_bytes() for name in FILES] == [(DATA / name).read_bytes() for name in FILES]


def test_what_the_go_command_refuses_is_said_and_nothing_is_written(
    update: Update, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert update("--toolchain", "1.98.0@linux-amd64", "--npm", "199", "--write") == 1
    assert "unexpected: mod download -json golang.org/toolchain@v0.0.1-go1.98.0.linux-amd64" in capsys.readouterr().err
    assert [(data / name).read_bytes() for name in FILES] == [(DATA / name).read_bytes() for name in FILES]
