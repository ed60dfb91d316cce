"""What is released, built once for all of these tests, whatever processes they run in."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Released:
    """A copy of the checkout and what was built of it: sdist, wheel, and a wheel from the unpacked sdist."""

    folder: Path

    @property
    def checkout(self) -> Path:
        return self.folder / "a checkout 检出"

    @property
    def sdist(self) -> Path:
        return _only(self.folder / "sdist", "*.tar.gz")

    @property
    def from_checkout(self) -> Path:
        return _only(self.folder / "wheel", "*.whl")

    @property
    def from_sdist(self) -> Path:
        return _only(self.folder / "again", "*.whl")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of pytest, the same in each of xdist's processes."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def released(shared_folder: Path) -> Released:
    made = Released(shared_folder / "released")
    with filelock.FileLock(shared_folder / "released.lock"):
        if not made.folder.exists():
            partial = shared_folder / "released.partial"
            _build_all(Released(partial))
            partial.rename(made.folder)
    return made


@pytest.fixture(scope="session")
def installed(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """hgw from its wheel in an environment of its own, which borrows the dependencies of this one. No network."""
    folder = tmp_path_factory.mktemp("an environment 环境")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    argv = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index"]
    done = subprocess.run([*argv, str(released.from_sdist)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    own = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        capture_output=True,
        text=True,
        check=True,
    )
    borrowed = {sysconfig.get_paths()["purelib"], sysconfig.get_paths()["platlib"]}
    # After its own site-packages: what this environment has of hgw itself is not seen.
    (Path(own.stdout.strip()) / "borrowed.pth").write_text("\n".join(borrowed), encoding="utf-8")
    return python.with_name("hgw.exe" if os.name == "nt" else "hgw")


def _build_all(made: Released) -> None:
    left_out = shutil.ignore_patterns(".git", ".venv", ".*cache", "__pycache__", "*.mo")
    shutil.copytree(ROOT, made.checkout, ignore=left_out)
    _build(made.folder / "wheel", made.checkout, "--wheel")
    _build(made.folder / "sdist", made.checkout, "--sdist")
    with tarfile.open(made.sdist) as archive:
        archive.extractall(made.folder / "unpacked")
    _build(made.folder / "again", _only(made.folder / "unpacked", "*"), "--wheel")


def _build(target: Path, source: Path, *what: str) -> None:
    """With the tools that are installed here: no network."""
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), *what, str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found
