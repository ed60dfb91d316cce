"""What a compiler leaves behind, however it ends."""

from pathlib import Path

import pytest

from higress_cli.abi import Abi
from higress_cli.compile.compiler import RefusedError, compile_module
from higress_cli.compile.recipe import Recipe
from higress_cli.profile import Profile
from tests.support.programs import basic_programs
from tests.support.reporter import SilentReporter

RECIPE = Recipe(profile=Profile.TINYGO, abi=Abi.V0_2_1, output="main.wasm", tags=(), flags=())
# Like TinyGo, it has a folder in the place for temporary files, and does not remove it where it is ended.
TINYGO = """#!/bin/sh
mkdir "${TMPDIR:-/tmp}/tinygo1"
echo half > "$TMPDIR/tinygo1/main.o"
echo "$TMPDIR" > seen
[ -e works ] || exit 1
echo module > "$3"
"""


@pytest.mark.parametrize("works", [True, False])
def test_the_temporary_files_of_the_compiler_go_with_it(tmp_path: Path, works: bool) -> None:
    tools, here, scratch = (tmp_path / name for name in ("tools", "here", "scratch"))
    for folder in (tools, here):
        folder.mkdir()
    (tools / "tinygo").write_text(TINYGO, "utf-8")
    (tools / "tinygo").chmod(0o755)
    if works:
        (here / "works").touch()
    variables = {"PATH": f"{tools}:{basic_programs()}", "TMPDIR": str(tmp_path)}
    try:
        compiled = compile_module(
            RECIPE, directory=here, variables=variables, scratch=scratch, reporter=SilentReporter()
        )
        assert (compiled.content, works) == (b"module\n", True)
    except RefusedError:
        assert not works
    temporary = Path((here / "seen").read_text("utf-8").strip())
    assert temporary.is_relative_to(scratch)
    assert not temporary.exists()
