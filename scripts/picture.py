"""Draw docs/quickstart.svg from a real run of `hgw quickstart`. `make picture`."""

import io
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COLUMNS = 92


def main() -> None:
    programs = Path(sys.executable).parent
    # hgw is on the PATH, as it is for a reader who installed it: the commands that it prints are then the short ones.
    path = os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])
    with tempfile.TemporaryDirectory(prefix="hgw-picture-") as folder:
        run = subprocess.run(
            [str(programs / "hgw"), "--color", "always", "quickstart"],
            cwd=folder,
            env={**os.environ, "PATH": path, "COLUMNS": str(COLUMNS), "HGW_LANG": "en"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=True,
        )
        # The folder of this run means nothing to the reader.
        shown = run.stdout.decode("utf-8").replace(str(Path(folder).resolve()), "~").replace(str(Path.home()), "~")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ hgw quickstart", "bold"))
    console.print(Text.from_ansi(shown))
    target = ROOT / "docs" / "quickstart.svg"
    console.save_svg(str(target), title="hgw quickstart")
    print(f"wrote {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
