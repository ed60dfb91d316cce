"""Show that a plugin's image has one digest, whoever packs the same module, where, and with which Python.

    python -m scripts.one_digest [PYTHON...]

A plugin is built once. Then `hgw package` runs in two clones of its repository, in each with hgw installed for each
PYTHON (default: the one that runs this): by the user who runs this with umask 022 in UTC, and by another with umask 077
in Shanghai. Root can be another user; anybody else is told that this part was left out.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.measure import ROOT

_NOBODY: Final = 65534
_PACKAGE: Final = ("package", "--no-build", "--output", "json")
_COLUMNS: Final = "{:<9} {:<7} {:<6} {:<14} {:<7} {}"


@dataclass(frozen=True, kw_only=True)
class Packager:
    """Somebody who packs; `user` None is the one who runs this."""

    clone: str
    umask: int
    zone: str
    user: int | None = None

    def package(self, python: Path, folder: Path) -> str:
        """The digest of the image, and that of the file that it is in."""
        clone = folder / self.clone
        home = folder / f"home of {self.user}"
        home.mkdir(exist_ok=True)
        if self.user is not None:
            for path in (home, clone, *clone.rglob("*")):
                os.chown(path, self.user, self.user)
        out = clone / "dist" / f"{python.parents[1].name} {self.user}.tar"
        done = subprocess.run(
            [*self._as_user(), str(python), "-m", "higress_cli", *_PACKAGE, "--out", str(out)],
            cwd=clone,
            umask=self.umask,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "TZ": self.zone, "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            check=True,
        )
        return str(json.loads(done.stdout)["data"]["digest"])

    def _as_user(self) -> Sequence[str]:
        if self.user is None:
            return ()
        # The interpreter may be in the home of root, where another user cannot read.
        reading = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
        return ("setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups", *reading)


def packagers() -> Iterator[Packager]:
    """Who packs. A clone belongs to one user alone: git refuses somebody else's."""
    yield Packager(clone="one", umask=0o022, zone="UTC")
    stranger = _NOBODY if sys.platform == "linux" and os.geteuid() == 0 else None
    yield Packager(clone="two 二", umask=0o077, zone="Asia/Shanghai", user=stranger)


def main() -> int:
    pythons = [Path(text) for text in sys.argv[1:]] or [Path(sys.executable)]
    with tempfile.TemporaryDirectory(prefix="hgw-digest-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _clone(_plugin(folder), folder)
        digests = set()
        print(_COLUMNS.format("Python", "user", "umask", "zone", "clone", "digest"))
        for number, base in enumerate(pythons):
            python = _installed(base, folder / f"environment {number}")
            version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.split()[1]
            for packager in packagers():
                digest = packager.package(python, folder)
                digests.add(digest)
                user = packager.user if packager.user is not None else os.geteuid()
                print(_COLUMNS.format(version, user, f"{packager.umask:03o}", packager.zone, packager.clone, digest))
        if all(packager.user is None for packager in packagers()):
            print("the same user every time: only root can pack as another")
    print(f"{len(digests)} digest{'' if len(digests) == 1 else 's'}")
    return 0 if len(digests) == 1 else 1


def _plugin(folder: Path) -> Path:
    """A repository with a built plugin and a tag."""
    plugin, home = folder / "plugin", ROOT / ".cache" / "e2e-home"
    variables = {**os.environ, "HOME": str(home), "HGW_HOME": str(home / "hgw"), "PYTHONPATH": str(ROOT)}
    for argv in (("install",), ("init", str(plugin), "--name", "demo"), ("build", "-C", str(plugin))):
        _run([sys.executable, "-m", "higress_cli", *argv], folder, variables)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in ("init --quiet", "add --all --force", "commit --quiet -m a", "tag v1.2.3"):
        _run([*git, *words.split()], plugin, os.environ)
    return plugin


def _clone(plugin: Path, folder: Path) -> None:
    for packager in packagers():
        _run(["git", "clone", "--quiet", str(plugin), str(folder / packager.clone)], folder, os.environ)


def _installed(base: Path, environment: Path) -> Path:
    """A Python that has hgw, in an environment of its own."""
    _run([str(base), "-m", "venv", str(environment)], ROOT, os.environ)
    python = environment / "bin" / "python"
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT)], ROOT, os.environ)
    return python


def _run(argv: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> None:
    subprocess.run(argv, cwd=cwd, env=dict(variables), check=True, stdout=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
