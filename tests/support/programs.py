"""What the children of tests find: a PATH without a single tool, and hgw from this checkout, guarded."""

import contextlib
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
GUARDED: Final = str(Path(__file__).parent / "guard")
"""On PYTHONPATH it puts the guard of the tests into a child."""
# What the stand-ins for tools call by name, what tests call themselves, and every shell that hgw writes for.
_NAMES: Final = (
    "sh", "bash", "dash", "fish", "ksh", "pwsh", "zsh",
    "cat", "cp", "echo", "env", "false", "git", "mv", "pgrep", "ps", "sleep", "true",
)  # fmt: skip


@cache
def basic_programs() -> str:
    """A PATH with a shell, git and a few of POSIX's programs, whatever else this machine has; Windows: its own."""
    if os.name == "nt":
        return os.environ["PATH"]
    folder = ROOT / ".cache" / "test-programs"
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        found = shutil.which(name, path=os.defpath)
        if found is not None and not (folder / name).exists():
            with contextlib.suppress(FileExistsError):  # another process of pytest-xdist
                (folder / name).symlink_to(found)
    return str(folder)


def python_path(package: Path = ROOT) -> str:
    """A PYTHONPATH for a child: hgw from `package`, below the guard of the tests."""
    return os.pathsep.join([GUARDED, str(package)])
