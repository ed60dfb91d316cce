"""The script that asks for every pinned archive, on hosts of this machine."""

import os

from scripts.pins_alive import Pinned, dead, pinned
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
