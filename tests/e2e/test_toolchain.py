"""hgw toolchain with the real compilers: by hand they make what hgw makes."""

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

_BY_HAND = (
    'tinygo build -o by-hand.wasm -scheduler=none -target=wasi -gc=custom -tags="custommalloc nottinygc_finalizer" ./'
)


def test_a_shell_with_the_variables_builds_what_hgw_builds(basic_plugin: Path, real_hgw, real_variables) -> None:
    env = real_hgw("toolchain", "env", "--shell", "sh", cwd=basic_plugin)
    assert env.code == 0, env.err
    by_hand = basic_plugin / "by-hand.wasm"

    try:
        # In the same folder: a module holds the paths of its sources.
        subprocess.run(["/bin/sh", "-c", f"{env.out}\n{_BY_HAND}"], check=True, cwd=basic_plugin, env=real_variables)

        assert by_hand.read_bytes() == (basic_plugin / "main-0.2.1.wasm").read_bytes()
    finally:
        by_hand.unlink(missing_ok=True)


def test_a_program_that_hgw_starts_finds_the_compilers(basic_plugin: Path, real_hgw) -> None:
    done = real_hgw("toolchain", "exec", "--", "tinygo", "version", cwd=basic_plugin)
    assert (done.code, done.out.split()[:2]) == (0, ["tinygo", "version"])

    refused = real_hgw("toolchain", "exec", "--", "go", "vet", "./no-such-folder", cwd=basic_plugin)
    assert refused.code == 1
    assert "no-such-folder" in refused.err


def test_go_vet_and_go_test_pass_in_a_new_project_as_its_readme_says(basic_plugin: Path, real_hgw) -> None:
    flag = "-gcflags=all=-lang=go1.20"
    readme = (basic_plugin / "README.md").read_text("utf-8")
    assert f"hgw toolchain exec -- go vet {flag} ./..." in readme
    for words in (["vet", flag, "./..."], ["test", "./internal/..."]):
        done = real_hgw("toolchain", "exec", "--", "go", *words, cwd=basic_plugin)
        assert done.code == 0, done.err


def test_the_compilers_keep_what_they_can_use_again_where_they_are_told_to(
    basic_plugin: Path, real_hgw, tmp_path: Path
) -> None:
    def told(*argv: str) -> str:
        done = real_hgw("toolchain", "exec", "--", *argv, cwd=basic_plugin, HGW_COMPILER_CACHE=str(tmp_path))
        assert done.code == 0, done.err
        return done.out.strip()

    assert told("go", "env", "GOCACHE", "GOMODCACHE").split() == [str(tmp_path / "go-build"), str(tmp_path / "go-mod")]
    assert told("tinygo", "env", "GOCACHE") == str(tmp_path / "tinygo")
