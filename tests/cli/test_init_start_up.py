"""What a command must not load: it would be felt at every call."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHECK = """
import sys
sys.path.insert(0, {root!r})
from higress_cli.cli.main import main
code = main({argv!r})
loaded = [name for name in ("pydantic", "rich", "httpx", "tree_sitter") if name in sys.modules]
sys.exit(f"{{code}} {{loaded}}" if code or loaded else 0)
"""


@pytest.mark.parametrize("argv", [["init", "one", "--profile", "go"], ["init", "--list-templates"]])
def test_init_loads_nothing_heavy(argv: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(root=str(ROOT), argv=argv)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
