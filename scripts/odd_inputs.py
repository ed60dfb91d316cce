"""Try odd options, files, variables, texts, archives and modules on hgw; print how many were tried and how many failed.

    python -m scripts.odd_inputs                   a thousand calls of hgw and 2,000 texts for each reader: an hour
    python -m scripts.odd_inputs --profile quick   a few of each: minutes
    python -m scripts.odd_inputs -k options        those whose names fit, as in pytest

A failed example is printed as the smallest one that fails, with the call of hgw that it is.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
TESTS: Final = (
    "tests/cli/test_any_option.py",
    "tests/cli/test_any_file.py",
    "tests/cli/test_any_input.py",
    "tests/cli/test_unreadable.py",
    "tests/unit/test_any_text.py",
    "tests/unit/go/test_any_go_mod.py",
    "tests/unit/project/test_any_yaml.py",
    "tests/unit/wasm/test_any_module.py",
    "tests/unit/wasm/test_inspection.py",
    "tests/unit/oci/test_image.py",
    "tests/unit/oci/test_readers.py",
    "tests/unit/system/test_archive.py",
    "tests/unit/system/test_visible_text.py",
    "tests/unit/system/test_download.py",
)
_NAME: Final = re.compile(r"^(tests/\S+\.py::.+?):$")
_COUNTS: Final = re.compile(r"(\d+) passing, (\d+) failing")
_SUMMARY: Final = re.compile(r"^(?:=+ )?((?:\d+ (?:failed|passed|skipped|error|deselected)s?,? ?)+)in ")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.odd_inputs", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--profile", choices=["quick", "default", "long"], default="long")
    wanted, pytest_words = parser.parse_known_args(argv)
    command = [sys.executable, "-m", "pytest", "-q", "--hypothesis-show-statistics", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [*command, *pytest_words, *TESTS],
        cwd=ROOT,
        env={**os.environ, "HYPOTHESIS_PROFILE": wanted.profile},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ended.returncode != 0:
        print(ended.stdout)
    total = failed = 0
    for name, passing, failing in _rows(ended.stdout.splitlines()):
        print(f"{passing + failing:7} tried {failing:5} failed  {name}")
        total, failed = total + passing + failing, failed + failing
    print(f"{total:7} tried {failed:5} failed  in all")
    print("\n".join(f"the tests: {found[1]}" for found in map(_SUMMARY.match, ended.stdout.splitlines()) if found))
    return ended.returncode


def _rows(lines: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Each property with the numbers of its examples that held and that did not, from Hypothesis's statistics."""
    name, counts = "", [0, 0]
    for line in [*lines, "tests/end.py::end:"]:
        if found := _NAME.match(line.strip()):
            if any(counts):
                yield name, counts[0], counts[1]
            name, counts = found[1], [0, 0]
        elif found := _COUNTS.search(line):
            counts = [counts[0] + int(found[1]), counts[1] + int(found[2])]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
