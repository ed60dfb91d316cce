"""Draw docs/quickstart.svg and docs/quickstart.zh.svg from real runs of `hgw quickstart`. `make picture`.

python -m scripts.picture [LANGUAGE...]
"""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from higress_cli.i18n import LANGUAGES

ROOT = Path(__file__).parents[1]
COLUMNS = 92


def draw(language: str) -> None:
    programs = Path(sys.executable).parent
    # hgw is on the PATH, as it is for a reader who installed it: the commands that it prints are then the short ones.
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    with tempfile.TemporaryDirectory(prefix="hgw-picture-") as folder:
        run = subprocess.run(
            [str(programs / "hgw"), "--color", "always", "quickstart"],
            cwd=folder,
            env={**os.environ, "PATH": path, "COLUMNS": str(COLUMNS), "HGW_LANG": language},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
        # The folder of this run means nothing to the reader.
        shown = run.stdout.decode("utf-8").replace(str(Path(folder).resolve()), "~").replace(str(Path.home()), "~")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ hgw quickstart", "bold"))
    console.print(Text.from_ansi(shown))
    target = ROOT / "docs" / ("quickstart.svg" if language == "en" else f"quickstart.{language}.svg")
    console.save_svg(str(target), title="hgw quickstart")
    print(f"wrote {target.relative_to(ROOT)}")


def main(languages: list[str]) -> None:
    for language in languages or LANGUAGES:
        draw(language)


if __name__ == "__main__":
    main(sys.argv[1:])
