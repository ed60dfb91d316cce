"""The golden texts of hgw: the help of every command, and what the main commands print. `--write` renews them.

Each text is what a terminal of 80 columns shows (scenes also at 50), in each language. Without `--write` the
differences are shown, and the exit status is 1 where there are any.
"""

import contextlib
import difflib
import io
import math
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest import mock

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
sys.path.insert(0, str(ROOT))

from higress_cli.cli import ui  # noqa: E402 -- from this checkout
from higress_cli.cli.main import main as hgw  # noqa: E402
from higress_cli.i18n import LANGUAGES  # noqa: E402
from tests.support.commands import COMMANDS, GROUPS  # noqa: E402
from tests.support.tool_stubs import stub_tools  # noqa: E402

_PLACE: Final = "/home/someone/me"


@dataclass(frozen=True)
class Scene:
    """Some words typed after `hgw`, one line after the other, in an empty folder; `tools` are those on the PATH."""

    name: str
    lines: tuple[str, ...]
    tools: bool = True


SCENES: Final = (
    Scene("usage", ("bild", "toolchain lst", "build --abi", "build --tag x", "run --port many", "build --abi 0.3")),
    Scene("nothing-here", ("build", "run", "verify", "toolchain path"), tools=False),
    Scene("tools-missing", ("init demo --defaults -q", "-C demo build", "doctor go tinygo wasm-opt"), tools=False),
    Scene("install", ("install",)),
    Scene("toolchain", ("toolchain list", "toolchain path", "toolchain path go", "toolchain env --shell sh")),
    Scene("init", ("init demo --defaults", "init demo --defaults", "init other --defaults --dry-run")),
    Scene("templates", ("init --list-templates",)),
    Scene("doctor", ("doctor go tinygo wasm-opt", "init demo --defaults -q", "-C demo doctor project go-mod config")),
)


@dataclass(frozen=True)
class Shown:
    """What a golden file shows: the scene, in a language and a width of the terminal."""

    scene: Scene
    language: str
    columns: int

    @property
    def file(self) -> Path:
        if self.scene in SCENES:
            return GOLDEN / "texts" / f"{self.scene.name}-{self.language}-{self.columns}.txt"
        return GOLDEN / "help" / self.language / f"{self.scene.name}.txt"

    def text(self) -> str:
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            place = Path(folder).resolve()
            # Lines break where they would break with the path that is shown.
            assert len(str(place)) == len(_PLACE)
            with _surroundings(place, tools=self.scene.tools, columns=self.columns):
                if self.scene not in SCENES:
                    return _said(self.scene.lines[0], self.language)
                text = "\n".join(f"$ hgw {line}\n{_said(line, self.language)}" for line in self.scene.lines)
            return text.replace(str(place), _PLACE)


def all_shown() -> Iterator[Shown]:
    """What each golden file shows."""
    for path in ("", *GROUPS, *COMMANDS):
        scene = Scene("-".join(["hgw", *path.split()]), (f"{path} --help",), tools=False)
        yield from (Shown(scene, language, 80) for language in LANGUAGES)
    for scene in SCENES:
        yield from (Shown(scene, language, columns) for language in LANGUAGES for columns in (80, 50))


class _Terminal(io.TextIOWrapper):
    """What a terminal shows: hgw wraps lines for it."""

    def isatty(self) -> bool:
        return True


def _said(line: str, language: str) -> str:
    shown = io.BytesIO()
    stream = _Terminal(shown, encoding="utf-8", write_through=True)
    # On a busy machine a step may take long enough for a line that says how long.
    never = mock.patch.object(ui, "SLOW_SECONDS", math.inf)
    with never, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        hgw(["--lang", language, "--color", "never", *line.split()])
    return shown.getvalue().decode("utf-8")


@contextlib.contextmanager
def _surroundings(place: Path, *, tools: bool, columns: int) -> Iterator[None]:
    """A machine that is the same everywhere, and an empty folder to work in."""
    before: Mapping[str, str] = dict(os.environ)
    back = Path.cwd()
    for name in ("home", "work", "tools"):
        (place / name).mkdir()
    path = stub_tools(place / "tools", go="1.20.14", tinygo="0.30.0", wasm_opt="108") if tools else str(place / "home")
    home = str(place / "home")
    os.environ.clear()
    os.environ.update(PATH=path, HOME=home, HGW_HOME=home, LANG="C.UTF-8", COLUMNS=str(columns))
    os.chdir(place / "work")
    try:
        yield
    finally:
        os.chdir(back)
        os.environ.clear()
        os.environ.update(before)


def main() -> int:
    wanted = {shown.file: shown.text() for shown in all_shown()}
    old = {path for folder in ("help", "texts") for path in (GOLDEN / folder).rglob("*.txt")}
    if "--write" in sys.argv[1:]:
        for path in old - set(wanted):
            path.unlink()
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        return 0
    different = False
    for path, text in wanted.items():
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        lines = difflib.unified_diff(before.splitlines(), text.splitlines(), str(path), "now", lineterm="")
        for line in lines:
            different = True
            print(line)
    return 1 if different or old - set(wanted) else 0


if __name__ == "__main__":
    sys.exit(main())
