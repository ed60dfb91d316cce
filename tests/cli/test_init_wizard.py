"""The questions of `hgw init`, at a real terminal of 80 columns."""

import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from higress_cli.project.settings import read_settings
from higress_cli.settings.project import GATEWAY, NAME, PROFILE, SERVICES
from tests.support.programs import python_path

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")]
ROOT = Path(__file__).parents[2]


class Terminal:
    """hgw with a terminal of its own, in which a person types."""

    def __init__(self, *argv: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.shown = ""
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.environ["PYTHONPATH"] = python_path()
            os.execv(sys.executable, [sys.executable, "-m", "higress_cli", *argv])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def answer(self, question: str, text: str) -> None:
        """Wait for a question and type an answer."""
        self._read_until(f"{question}")
        os.write(self._fd, f"{text}\n".encode())

    def interrupt(self, question: str) -> None:
        """Wait for a question and press Ctrl-C."""
        self._read_until(question)
        os.write(self._fd, b"\x03")

    def close_input(self, question: str) -> None:
        """Wait for a question and press Ctrl-D."""
        self._read_until(question)
        os.write(self._fd, b"\x04")

    def end(self) -> int:
        """Read to the end; the exit code."""
        self._read_until(None)
        _pid, status = os.waitpid(self.pid, 0)
        os.close(self._fd)
        return os.waitstatus_to_exitcode(status)

    def _read_until(self, text: str | None) -> None:
        start = len(self.shown)
        deadline = time.monotonic() + 30
        while text is None or text not in self.shown[start:]:
            ready, _w, _x = select.select([self._fd], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"{text!r} never came:\n{self.shown}")
            try:
                chunk = os.read(self._fd, 4096)
            except OSError:  # Linux: the other end of the terminal is closed
                chunk = b""
            if not chunk:
                assert text is None, f"{text!r} never came:\n{self.shown}"
                return
            self.shown += chunk.decode("utf-8", errors="replace").replace("\r\n", "\n")


def test_where_the_folder_has_files_another_is_asked_for() -> None:
    Path("notes.txt").write_text("mine\n")
    terminal = Terminal("init", "--color", "never", "--template", "no-config", "--name", "token")
    terminal.answer("[./token]:", "")
    terminal.answer("Go module path [token]:", "")
    terminal.answer("Compiler [tinygo]:", "")
    terminal.answer("Gateway version [v2.0.7]:", "")
    terminal.answer("Language of comments and README [en]:", "")
    terminal.answer("Make a git repository [Y/n]:", "no")

    assert terminal.end() == 0, terminal.shown
    assert Path("token/go.mod").is_file()
    assert [path.name for path in Path().iterdir() if path.is_file()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("--template", "nosuch"), 6, "there is no template `nosuch`"),
        (("--name", "A_B"), 2, "`A_B` (from --name) is not a plugin name"),
        (("--module", "v/"), 2, "`v/` (from --module) is not a Go module path"),
        (
            ("--template", "header-state", "--abi", "0.2.1"),
            2,
            "the template header-state cannot be built for ABI 0.2.1",
        ),
        (("--template", "basic", "--set", "nosuch=1"), 2, "has no variables, and so no `nosuch`"),
    ],
)
def test_what_was_typed_is_refused_before_anything_is_asked(argv, code, said) -> None:
    Path("notes.txt").write_text("mine\n")
    terminal = Terminal("init", "--color", "never", *argv)

    assert terminal.end() == code
    assert terminal.shown.startswith("error: ")
    assert said in " ".join(terminal.shown.split())


def test_a_plugin_inside_another_is_put_beside_it_by_default() -> None:
    for name, text in {"go.mod": "module a\n", "main.go": "package main\n"}.items():
        path = Path("a") / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    terminal = Terminal("-C", "a", "init", "b", "--color", "never", "--template", "no-config", "--name", "b")
    terminal.answer(f"[{Path('b').absolute()}]:", "")
    terminal.answer("Go module path [b]:", "")
    terminal.answer("Compiler [tinygo]:", "")
    terminal.answer("Gateway version [v2.0.7]:", "2.0")
    terminal.answer("Gateway version [v2.0.7]:", "")
    terminal.answer("Language of comments and README [en]:", "")
    terminal.answer("Make a git repository [Y/n]:", "no")

    assert terminal.end() == 0, terminal.shown
    assert "b is inside the plugin" in terminal.shown.replace("\n", " ")
    assert "`2.0` (from your answer)" in terminal.shown
    assert Path("b/go.mod").is_file()
    assert not Path("a/b").exists()


def test_enter_takes_the_defaults() -> None:
    terminal = Terminal("init", "my-plugin", "--color", "never")
    terminal.answer("Template [basic]:", "")
    terminal.answer("Plugin name [my-plugin]:", "")
    terminal.answer("Go module path [my-plugin]:", "")
    terminal.answer("Compiler [tinygo]:", "")
    terminal.answer("Gateway version [v2.0.7]:", "")
    terminal.answer("Language of comments and README [en]:", "")
    terminal.answer("Make a git repository [Y/n]:", "")

    assert terminal.end() == 0, terminal.shown
    assert read_settings(Path("my-plugin/hgw.yaml")).get(PROFILE) == "tinygo"
    assert Path("my-plugin/.git").is_dir()
    here = str(Path.cwd())
    assert [line for line in terminal.shown.splitlines() if len(line) > 80 and here not in line] == []


def test_every_answer_counts_and_wrong_ones_are_asked_again() -> None:
    terminal = Terminal("init", "one", "--color", "never")
    terminal.answer("Template [basic]:", "9")
    terminal.answer("Template [basic]:", "basik")
    terminal.answer("Template [basic]:", "3")
    terminal.answer("Plugin name [one]:", "Not A Name")
    terminal.answer("Plugin name [one]:", "token-plugin")
    terminal.answer("Go module path [token-plugin]:", "example.com//x")
    terminal.answer("Go module path [token-plugin]:", "example.com/token")
    terminal.answer("Compiler [tinygo]:", "2")
    terminal.answer("Gateway version [v2.1.5]:", "v2.0.7")
    terminal.answer("Gateway version [v2.1.5]:", "v2.1.9")
    terminal.answer("Language of comments and README [en]:", "zh")
    terminal.answer("[my-svc.dns]:", "tokens.dns")
    terminal.answer("Make a git repository [Y/n]:", "no")

    assert terminal.end() == 0, terminal.shown
    assert "did you mean `basic`?" in " ".join(terminal.shown.split())
    settings = read_settings(Path("one/hgw.yaml"))
    assert (settings.get(NAME), settings.get(PROFILE), settings.get(GATEWAY)) == ("token-plugin", "go", "v2.1.9")
    assert settings.get(SERVICES) == {"tokens.dns:80": "127.0.0.1:12345"}
    assert "module example.com/token\n" in Path("one/go.mod").read_text("utf-8")
    assert "插件配置" in Path("one/config.yaml").read_text("utf-8")
    assert not Path("one/.git").exists()


def test_options_answer_beforehand() -> None:
    terminal = Terminal(
        "init", "one", "--color", "never", "--template", "basic", "--name", "a", "--module", "b",
        "--profile", "go", "--lang", "en", "--no-git",
    )  # fmt: skip
    terminal.answer("Gateway version [v2.1.5]:", "")

    assert terminal.end() == 0, terminal.shown
    assert "[a]" not in terminal.shown


@pytest.mark.parametrize("option", ["--defaults", "--yes"])
def test_nothing_is_asked_of_who_wants_the_defaults(option: str) -> None:
    terminal = Terminal("init", "one", option)

    assert terminal.end() == 0, terminal.shown
    assert "]:" not in terminal.shown


def test_ctrl_c_at_a_question_writes_nothing() -> None:
    terminal = Terminal("init", "one", "--color", "never")
    terminal.answer("Template [basic]:", "")
    terminal.interrupt("Plugin name [one]:")

    assert terminal.end() == 130, terminal.shown
    assert terminal.shown.splitlines()[-1] == "interrupted"
    assert list(Path().iterdir()) == []


def test_in_chinese() -> None:
    terminal = Terminal("--lang", "zh", "init", "one", "--color", "never")
    terminal.answer("[basic]", "")

    terminal.interrupt("[one]")

    assert terminal.end() == 130
    assert "官方指南中的插件" in terminal.shown


def test_the_word_after_ctrl_d_has_a_line_of_its_own() -> None:
    terminal = Terminal("init", "my-plugin", "--color", "never")
    terminal.close_input("Template [basic]: ")

    assert terminal.end() == 130
    assert terminal.shown.endswith("Template [basic]: \ninterrupted\n")
    assert not Path("my-plugin").exists()
