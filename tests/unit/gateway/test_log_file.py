"""Logs of a run: bounded, followed across a new beginning, and not the end of anything when they cannot be written."""

from pathlib import Path

import pytest

from higress_cli.gateway.log_file import LogFile, bound
from higress_cli.gateway.watch import Tail


def test_a_log_begins_anew_beyond_its_bound_and_keeps_what_was_before_once(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    failures: list[OSError] = []
    log, tail, seen = LogFile(path, on_failure=failures.append, most_bytes=100), Tail(path), []
    for number in range(50):
        log.add(f"line {number:02}")
        seen += tail.lines()
    assert seen == [f"line {number:02}" for number in range(50)]
    assert failures == []
    assert sum(each.stat().st_size for each in tmp_path.glob("a.log*")) < 250
    assert (tmp_path / "a.log.1").read_text().splitlines()[-1] < path.read_text().splitlines()[0]


def test_another_program_goes_on_at_the_end_of_a_file_that_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    with path.open("ab", buffering=0) as other:
        other.write(b"x" * 1000)
        bound(path, most_bytes=100)
        other.write(b"y\n")
    assert path.read_bytes() == b"y\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.log").symlink_to("/dev/full")
    failures: list[OSError] = []
    LogFile(tmp_path / "a.log", on_failure=failures.append).add("text")
    assert [failure.strerror for failure in failures] == ["No space left on device"]
