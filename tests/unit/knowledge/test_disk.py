"""A full disk is recognised in what a child prints."""

from pathlib import Path

import pytest

from higress_cli.knowledge.disk import Place, full_disk, places_of

SPACIOUS = Place(folder=Path("/"), variable="TMPDIR")
# The kernel's own file systems report no free bytes.
FULL = Place(folder=Path("/proc/self"), variable="GOCACHE")
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has a file system without space")


@needs_proc
@pytest.mark.parametrize(
    "printed",
    [
        "write $WORK/b001/_pkg_.a: no space left on device",
        "LLVM ERROR: IO failure on output stream: No space left on device",
        "pip: [Errno 122] Disk quota exceeded",
        "error: failed to link /tmp/tinygo2048331682/main: signal: bus error",
    ],
)
def test_the_place_without_space_is_named_with_its_variable(printed: str) -> None:
    error = full_disk(printed, program="TinyGo", places=[SPACIOUS, FULL])

    assert error is not None
    assert (error.code, error.details["path"]) == ("disk-full", FULL.folder)
    assert "GOCACHE" in (error.hint or "")


def test_a_quota_is_told_with_the_path_that_the_child_named() -> None:
    printed = "go: downloading x\ngo: mkdir /home/ann/go/pkg: disk quota exceeded\n"

    error = full_disk(printed, program="go", places=[SPACIOUS])

    assert error is not None
    assert error.message == "go cannot write to /home/ann/go/pkg: the disk is full"


@pytest.mark.parametrize("printed", ["main.go:4:2: undefined: space", "signal: bus error", ""])
def test_other_failures_are_not_taken_for_it(printed: str) -> None:
    assert full_disk(printed, program="TinyGo", places=[SPACIOUS]) is None


@needs_proc
def test_an_error_of_the_source_is_not_blamed_on_a_disk_that_happens_to_be_full() -> None:
    assert full_disk("main.go:4:2: undefined: space", program="TinyGo", places=[FULL]) is None


def test_places_are_where_the_variables_say() -> None:
    places = places_of({"TMPDIR": "/t", "GOCACHE": "/c", "HOME": ""}, store=Path("/s"))

    assert [(str(place.folder), place.variable) for place in places] == [
        ("/s", "HGW_HOME"),
        ("/t", "TMPDIR"),
        ("/c", "GOCACHE"),
    ]
