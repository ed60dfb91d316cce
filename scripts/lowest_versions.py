"""Print constraints for pip that hold each dependency of hgw at the lowest version that pyproject.toml allows.

Use it as `python -m scripts.lowest_versions > constraints.txt`.
"""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def lowest(project: dict[str, Any]) -> Iterator[str]:
    """`NAME==VERSION` for each dependency and each one of an extra; those that the platform does not have are left out.

    Raises:
        ValueError: a dependency has no lower bound.
    """
    extras = [line for lines in project.get("optional-dependencies", {}).values() for line in lines]
    for line in (*project["dependencies"], *extras):
        wanted = Requirement(line)
        floors = [one.version for one in wanted.specifier if one.operator in {">=", "~=", "=="}]
        if len(floors) != 1:
            raise ValueError(f"{line}: exactly one lower bound is needed")
        if wanted.marker is None or wanted.marker.evaluate():
            yield f"{wanted.name}=={floors[0]}"


def main() -> int:
    for line in lowest(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
