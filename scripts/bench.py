"""What hgw costs beside the bare tool. `make bench`.

python -m scripts.bench [start-up] [build] [many] [gateway] [push]
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from scripts.bench_build import build, many
from scripts.bench_gateway import gateway
from scripts.bench_push import push
from scripts.bench_start_up import start_up

PARTS: Final[Mapping[str, Callable[[Mapping[str, str], Path], None]]] = {
    "start-up": start_up,
    "build": build,
    "many": many,
    "gateway": gateway,
    "push": push,
}


def main() -> int:
    wanted = sys.argv[1:] or list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="hgw-bench-") as name:
        for part in wanted:
            PARTS[part](dict(os.environ), Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
