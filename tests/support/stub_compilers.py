"""Programs called go, tinygo and wasm-opt that behave as those do around a build, in no time.

What they are and for what they compile, their scripts say; what reads or writes the plugin, `stub_build` does.
"""

import os
import sys
from pathlib import Path

from tests.support.programs import ROOT, basic_programs
from tests.support.stub_build import OLD_SDK, SDK
from tests.support.tool_stubs import answers, write_program

__all__ = ["OLD_SDK", "SDK", "fill_cache", "stub_compilers"]

# -I -S: Python looks for nothing else; and an imported module is compiled once, a program that it is given each time.
_RUN = "import sys; sys.path[:0] = [sys.argv[1]]; from tests.support import stub_build as stub; "
_RUN += "sys.exit(stub.main(*sys.argv[2:]))"


def stub_compilers(
    folder: Path, *, go: str = "1.20.14", tinygo: str | None = "0.30.0", wasm_opt: str | None = "108"
) -> str:
    """A PATH with these tools at these versions."""
    for name, version in (("go", go), ("tinygo", tinygo), ("wasm-opt", wasm_opt)):
        if version is not None:
            rest = f'exec "{sys.executable}" -I -S -c "{_RUN}" "{ROOT}" {name} "$@"\n'
            write_program(folder / name, answers(name, version) + rest)
    return f"{folder}{os.pathsep}{basic_programs()}"


def fill_cache(cache: Path, *modules: str) -> None:
    """Put modules (`PATH@VERSION`) into a module cache."""
    for module in modules:
        (cache / module).mkdir(parents=True, exist_ok=True)
