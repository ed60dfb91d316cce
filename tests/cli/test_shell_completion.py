"""Completion of words in a shell: the script, its installation, and shells that there is none for."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import python_path


@pytest.fixture
def shell(monkeypatch):
    """Start hgw from a shell with this name, or from none that can be told."""
    shellingham = pytest.importorskip("shellingham", reason="comes with Typer")

    def detect(name: str | None):
        if name is None:
            raise shellingham.ShellDetectionFailure
        return name, f"/bin/{name}"

    return lambda name: monkeypatch.setattr(shellingham, "detect_shell", lambda: detect(name))


@pytest.mark.parametrize(
    ("words", "completed"), [("hgw bu", "build"), ("hgw build --pri", "--print-command"), ("hgw toolchain ex", "exec")]
)
def test_the_shell_gets_the_words_that_fit(words, completed):
    asked = {"_HGW_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from higress_cli.cli.main import main; sys.exit(main([]))"],
        env={**os.environ, "PYTHONPATH": python_path(), **asked},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.split(), done.stderr) == (0, [completed], "")


def test_the_script_is_that_of_the_shell(hgw, shell):
    shell("fish")
    outcome = hgw("--show-completion")

    assert outcome.code == 0
    assert outcome.out.startswith("complete --command hgw ")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash_takes_the_script(tmp_path):
    hgw = tmp_path / "hgw"
    hgw.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m higress_cli "$@"\n', "utf-8")
    hgw.chmod(0o755)
    done = subprocess.run(
        [str(shutil.which("bash")), "-c", 'eval "$(hgw --show-completion)"; complete -p hgw'],
        env={**os.environ, "PYTHONPATH": python_path(), "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "complete -o default -F _hgw_completion hgw\n"


@pytest.mark.parametrize("option", ["--show-completion", "--install-completion"])
@pytest.mark.parametrize(("name", "reason"), [("dash", "the shell dash"), (None, "cannot tell which shell")])
def test_a_shell_without_completion_is_named_with_those_that_have_it(hgw, shell, option, name, reason):
    shell(name)
    outcome = hgw(option)

    assert (outcome.code, outcome.out) == (2, "")
    assert reason in outcome.err
    assert f"(bash, zsh, fish, powershell, pwsh), then: hgw {option}" in outcome.err


def test_a_shell_without_completion_is_told_in_chinese_and_as_json(hgw, shell):
    shell("dash")

    assert "启动 hgw 的 shell 是 dash" in hgw("--lang", "zh", "--show-completion").err
    document = json.loads(hgw("--output", "json", "--show-completion").out)
    assert (document["error"]["code"], document["error"]["details"]["shell"]) == ("shell-unsupported", "dash")


def test_completion_is_installed_where_the_shell_looks(hgw, shell, tmp_path):
    shell("bash")
    outcome = hgw("--install-completion")

    script = tmp_path / "home" / ".bash_completions" / "hgw.sh"
    assert outcome.code == 0
    assert str(script) in outcome.out
    assert "_hgw_completion" in script.read_text("utf-8")
    assert str(script) in (tmp_path / "home" / ".bashrc").read_text("utf-8")


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [(b"# \xb0\xa1\n", 3, "it is not text in UTF-8"), (None, 6, "cannot be written")],
)
def test_a_start_file_that_cannot_be_changed_is_named(hgw, shell, tmp_path, content, code, said):
    shell("bash")
    start = tmp_path / "home" / ".bashrc"
    if content is None:
        Path(start.parent, ".bash_completions").write_text("a file", "utf-8")
    else:
        start.write_bytes(content)
    outcome = hgw("--install-completion")

    assert outcome.code == code
    assert said in outcome.err
