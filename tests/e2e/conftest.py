"""What the end-to-end tests share: real tools and one real plugin, made once in a checkout and kept in its .cache."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import pytest

from higress_cli.profile import Profile
from higress_cli.scaffold.manifest import Template
from tests.support.real_registries import Programs, provide

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
_KEPT = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.out))


HgwProcess = Callable[..., Ended]


@pytest.fixture(scope="session")
def real_variables(shared_home: Path) -> Mapping[str, str]:
    """An environment in which hgw finds the real tools: those that `hgw install` put into the shared home."""
    variables = {name: os.environ[name] for name in _KEPT if name in os.environ}
    variables |= {"HOME": str(shared_home), "HGW_HOME": str(shared_home / "hgw"), "LANG": "C.UTF-8"}
    variables["PYTHONPATH"] = str(ROOT)
    with filelock.FileLock(CACHE / "e2e-install.lock"):
        installed = _run(variables, ROOT, "install")
    assert installed.code == 0, installed.err
    return variables


@pytest.fixture(scope="session")
def real_hgw(real_variables: Mapping[str, str]) -> HgwProcess:
    """hgw in a process of its own with the real tools: `real_hgw("build", cwd=folder)`."""

    def run(*argv: str, cwd: Path, **more: str) -> Ended:
        return _run({**real_variables, **more}, cwd, *argv)

    return run


@pytest.fixture(scope="session")
def programs(tmp_path_factory) -> Programs:
    """Registries and what reads them, made once in a checkout."""
    kept = ("PATH", "HOME", "GOPROXY", "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB", "GOFLAGS", "SSL_CERT_FILE")
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    variables.setdefault("HOME", str(Path.home()))
    if not Path(variables["HOME"]).is_dir():
        variables["HOME"] = str(tmp_path_factory.mktemp("home"))
    return provide(variables)


@pytest.fixture(scope="session")
def basic_plugin(real_hgw: HgwProcess) -> Path:
    """The folder of a plugin of the template `basic`, with main-0.2.1.wasm and main-0.2.100.wasm in it.

    Nobody may change it. Its path has a space and Chinese characters in it, as users' paths have.
    """
    digest = hashlib.sha256()
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    folder = CACHE / "e2e-plugins" / f"基本 plugin {digest.hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(CACHE / "e2e-plugins" / "basic.lock"):
        if not folder.exists():
            for former in folder.parent.glob("基本 plugin *"):
                shutil.rmtree(former)
            made = real_hgw("init", str(folder), "--name", "basic", cwd=folder.parent)
            assert made.code == 0, made.err
        # hgw itself knows whether anything has to be compiled again.
        built = real_hgw("build", "--abi", "all", cwd=folder)
        assert built.code == 0, built.err
    return folder


@pytest.fixture(scope="session")
def probe(real_hgw: HgwProcess) -> Mapping[str, Path]:
    """The module of plugins/probe.go for each ABI."""
    source = Path(__file__).parent / "plugins" / "probe.go"
    digest = hashlib.sha256(source.read_bytes())
    for name in ("modules.toml", "scaffold.toml"):
        digest.update((ROOT / "higress_cli" / "data" / name).read_bytes())
    folder = CACHE / "e2e-plugins" / f"probe-{digest.hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(CACHE / "e2e-plugins" / "probe.lock"):
        if not folder.exists():
            argv = ("init", str(folder), "--name", "probe", "--template", "no-config")
            made = real_hgw(*argv, cwd=folder.parent)
            assert made.code == 0, made.err
            shutil.rmtree(folder / "internal")
            shutil.copy(source, folder / "main.go")
        built = real_hgw("build", "--abi", "all", "--output", "json", cwd=folder)
        assert built.code == 0, built.err
    return {artifact["abi"]: Path(artifact["path"]) for artifact in built.document["data"]["artifacts"]}


@dataclass(frozen=True)
class Made:
    """A built project of a template; `go` is the Go that builds it, `modules` the module of each ABI."""

    template: str
    profile: Profile
    folder: Path
    go: Path
    modules: Mapping[str, Path]


def project_of(template: Template, profile: Profile, hgw: HgwProcess) -> Made:
    """The project that `template` makes, made once for a state of the templates and kept with its modules.

    Nobody may change it.
    """
    abis = template.abis_for(profile)
    folder = CACHE / "e2e-plugins" / f"{template.name}-{profile}-{_digest('shared', template.name)}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(CACHE / "e2e-plugins" / f"{template.name}-{profile}.lock"):
        if not folder.exists():
            argv = ("init", str(folder), "--name", "my-plugin", "--template", template.name, "--profile", profile)
            done = hgw(*argv, cwd=folder.parent)
            assert done.code == 0, done.err
        installed = hgw("install", "--output", "json", cwd=folder)
        assert installed.code == 0, installed.err
        abi = "all" if len(abis) > 1 else abis[0]
        built = hgw("build", "--abi", abi, "--output", "json", cwd=folder)
        assert built.code == 0, built.err
    (go,) = [tool["path"] for tool in installed.document["data"]["tools"] if tool["name"] == "go"]
    artifacts = built.document["data"]["artifacts"]
    assert [artifact["abi"] for artifact in artifacts] == list(abis)
    return Made(
        template=template.name,
        profile=profile,
        folder=folder,
        go=Path(go),
        modules={artifact["abi"]: Path(artifact["path"]) for artifact in artifacts},
    )


def _digest(*folders: str) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / "templates" / folder).rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    for data in ("modules.toml", "scaffold.toml"):
        digest.update((ROOT / "higress_cli" / "data" / data).read_bytes())
    return digest.hexdigest()[:12]


def _run(variables: Mapping[str, str], cwd: Path, *argv: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "higress_cli", *argv],
        cwd=cwd,
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
