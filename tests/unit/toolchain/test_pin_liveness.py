"""The script that asks for every pinned archive, on hosts of this machine."""

import os
from pathlib import Path

from higress_cli.toolchain import pins
from scripts.pin_liveness import Pinned, dead, missing_go_modules, missing_npm_packages, pinned
from tests.support.releases import Releases, serving


def test_every_tool_has_pinned_archives_and_each_is_named_once():
    archives = list(pinned({"go": "http://mirror.example/go"}))

    assert {archive.tool for archive in archives} == {"go", "tinygo", "binaryen"}
    assert len({archive.url for archive in archives}) == len(archives)
    assert all(archive.url.startswith("http://mirror.example/go/") for archive in archives if archive.tool == "go")


def test_an_archive_that_is_gone_is_found():
    releases = Releases(files={"here.tar.gz": b"x" * 10})
    with serving(releases):
        here, gone = (Pinned("go", "1", name, f"{releases.url}/dl/{name}") for name in ("here.tar.gz", "gone.tar.gz"))

        assert dead((here, gone), dict(os.environ)) == (gone,)


def test_a_go_module_that_the_proxy_does_not_know_is_found(tmp_path: Path):
    program(tmp_path / "go", 'case "$3" in *tinygo*) echo "$3: 404 Not Found" >&2; exit 1;; esac; echo "$3"')

    answer = missing_go_modules({"PATH": f"{tmp_path}:{os.defpath}"})

    assert answer.count == len(pins.go_modules()) > len(answer.problems) > 0
    assert all("tinygo" in line and "404" in line for line in answer.problems)


def test_an_npm_package_with_another_integrity_value_is_found(tmp_path: Path):
    changed, *same = pins.npm_packages()
    cases = "".join(f"{package.specifier}) echo {package.integrity};; " for package in same)
    program(tmp_path / "npm", f'case "$2" in {cases} *) echo sha512-other;; esac')

    answer = missing_npm_packages({"PATH": f"{tmp_path}:{os.defpath}"})

    assert answer.problems == (f"{changed.specifier}: sha512-other, expected {changed.integrity}",)


def test_without_npm_nothing_is_taken_for_downloadable(tmp_path: Path):
    answer = missing_npm_packages({"PATH": str(tmp_path)})

    assert len(answer.problems) == answer.count > 0


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
