"""The golden trees of `hgw init`: every template in every profile and language. `--write` renews them.

A tree is one file in the txtar format (https://pkg.go.dev/golang.org/x/tools/txtar): `-- path --`, then the content.
Without `--write` the differences are shown, and the exit status is 1 where there are any.
"""

import difflib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "init"
sys.path.insert(0, str(ROOT))

from higress_cli.cli.main import main as hgw  # noqa: E402 -- from this checkout
from higress_cli.i18n import LANGUAGES  # noqa: E402
from higress_cli.profile import Profile  # noqa: E402
from higress_cli.scaffold.templates import list_templates  # noqa: E402


@dataclass(frozen=True)
class Tree:
    """One call of `hgw init`: what it is called here, and what is typed after `hgw`."""

    name: str
    argv: tuple[str, ...]


def trees() -> Iterator[Tree]:
    for language in LANGUAGES:
        for profile in Profile:
            common = ("--lang", language, "init", "--defaults", "--profile", profile, "--name", "my-plugin")
            named = (*common, "--module", "example.com/my-plugin")
            for template in list_templates():
                if profile in template.profiles:
                    yield Tree(f"{template.name}-{profile}-{language}", (*named, "--template", template.name))
            for option, value in (("--ci", "github"), ("--ci", "gitlab"), ("--editor", "vscode")):
                yield Tree(f"basic-{value}-{profile}-{language}", (*named, option, value))
            yield Tree(f"basic-devcontainer-{profile}-{language}", (*named, "--devcontainer"))
    yield Tree("basic-abi-all", ("init", "--defaults", "--name", "my-plugin", "--abi", "all"))


def only_new(tree: Tree, files: Mapping[str, str]) -> dict[str, str]:
    """Of a tree with additions, the files that the plain one has not: the rest is golden already."""
    wanted = {"github": ".github", "gitlab": ".gitlab", "vscode": ".vscode", "devcontainer": ".devcontainer"}
    prefix = next((folder for word, folder in wanted.items() if f"-{word}-" in tree.name), "")
    return {name: text for name, text in files.items() if name.startswith(prefix)}


def render(tree: Tree, folder: Path) -> str:
    """Call hgw, on a machine without tools as it were, and archive what it wrote.

    Raises:
        RuntimeError: hgw failed.
    """
    code = hgw([*tree.argv, str(folder)])
    if code != 0:
        raise RuntimeError(f"hgw {' '.join(tree.argv)} ended with {code}")
    files = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != ".hgw"  # the schema of hgw.yaml has tests of its own
    }
    return "".join(f"-- {name} --\n{text}" for name, text in only_new(tree, files).items())


def main(argv: list[str]) -> int:
    # What is on this machine must not show in a golden file.
    os.environ.update({"PATH": os.devnull, "HGW_HOME": os.devnull, "LANG": "C.UTF-8"})
    write = "--write" in argv
    different = 0
    seen = set()
    for tree in trees():
        path = GOLDEN / f"{tree.name}.txtar"
        seen.add(path)
        with tempfile.TemporaryDirectory() as folder:
            new = render(tree, Path(folder) / "my-plugin")
        old = path.read_text(encoding="utf-8") if path.is_file() else ""
        if new != old:
            different += 1
            name = path.relative_to(ROOT).as_posix()
            sys.stderr.writelines(
                difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), name, name)
            )
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(new, encoding="utf-8")
    for path in set(GOLDEN.glob("*.txtar")) - seen:
        different += 1
        print(f"{path.relative_to(ROOT)}: nothing makes it any more", file=sys.stderr)
        if write:
            path.unlink()
    return 0 if write or not different else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
