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
    with tempfile.TemporaryDirectory(prefix="hgw-picture-") as folder:
        run = subprocess.run(
            [sys.executable, "-m", "higress_cli", "--color", "always", "quickstart"],
            cwd=folder,
            env={**os.environ, "COLUMNS": str(COLUMNS), "HGW_LANG": "en"},
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
