"""Build every template in every profile with the tools that hgw finds, verify it, and print a table. Takes minutes.

    python scripts/template_table.py [TEMPLATE...]

Times are those of the compiler; `derived` is a module that was made from the one of the other ABI.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli.profile import Profile  # noqa: E402
from higress_cli.scaffold.manifest import Template  # noqa: E402
from higress_cli.scaffold.templates import list_templates  # noqa: E402 -- from this checkout


@dataclass(frozen=True)
class Row:
    template: str
    profile: str
    abi: str
    size: str
    time: str
    verify: str
    tools: str


def hgw(*argv: str, cwd: Path) -> tuple[int, dict[str, Any]]:
    """Call hgw and read its document."""
    done = subprocess.run(
        [sys.executable, "-m", "higress_cli", *argv, "--output", "json"],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def rows_of(template: Template, profile: Profile, folder: Path) -> Iterator[Row]:
    """One row for each ABI that the template supports in the profile."""
    project = folder / f"{template.name}-{profile}"
    code, made = hgw(
        "init", str(project), "--template", template.name, "--profile", profile, "--name", template.name, cwd=folder
    )
    if code:
        raise SystemExit(made["error"]["message"])
    abis = template.abis_for(profile)
    code, built = hgw("build", "--abi", "all" if len(abis) > 1 else abis[0], cwd=project)
    if code:
        raise SystemExit(f"{project.name}: {built['error']['message']}")
    for artifact in built["data"]["artifacts"]:
        yield Row(
            template=template.name,
            profile=profile,
            abi=artifact["abi"],
            size=f"{artifact['bytes'] / 1e6:.2f} MB",
            time="derived" if artifact["derived"] else f"{artifact['seconds']:.1f} s",
            verify=verified(project, artifact["path"]),
            tools=", ".join(
                f"{tool} {artifact[key]}"
                for tool, key in (("Go", "go"), ("TinyGo", "tinygo"), ("wasm-opt", "wasm_opt"))
                if artifact[key]
            ),
        )


def verified(project: Path, module: str) -> str:
    code, document = hgw("verify", "--no-build", "--module", module, cwd=project)
    if document["error"]:
        return f"exit {code}: {document['error']['code']}"
    steps = document["data"]["steps"]
    return f"{sum(step['ok'] for step in steps)} of {len(steps)}"


def main(argv: Sequence[str]) -> int:
    wanted = [template for template in list_templates() if not argv or template.name in argv]
    print("| template | profile | ABI | size | compiled in | verify | tools |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for template in wanted:
            for profile in template.profiles:
                for row in rows_of(template, profile, Path(folder)):
                    cells = (row.template, row.profile, row.abi, row.size, row.time, row.verify, row.tools)
                    print(f"| {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
