"""Isolation for every test, and the toolchain that the end-to-end tests share."""

import gc
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli import i18n  # noqa: E402
from higress_cli.cli.main import main  # noqa: E402
from higress_cli.system.clock import SYSTEM_CLOCK  # noqa: E402
from higress_cli.system.visible_text import visible  # noqa: E402
from tests.support import costs, properties  # noqa: E402
from tests.support.case_ids import case_id  # noqa: E402
from tests.support.extras import missing  # noqa: E402
from tests.support.guard import sitecustomize as guard  # noqa: E402
from tests.support.ids import watch  # noqa: E402
from tests.support.programs import GUARDED, basic_programs  # noqa: E402

_KEPT = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT", "TMPDIR", "COVERAGE_PROCESS_CONFIG")
_WITHOUT_TOOLS = ("unit", "cli")
_IN_CI = os.environ.get("CI") == "true"
_SLOW = re.compile(r"^.*: done in \d+\.\d+ s\n", re.MULTILINE)
_TOOK = re.compile(r"\b\d+\.\d+ s\b")
_STAMP = re.compile(r"\b\d{8}T\d{12}(?=-)")
guard.install()
properties.load_profile()


@dataclass(frozen=True)
class Outcome:
    code: int = 0
    out: str = ""
    err: str = ""
    place: Path | None = field(default=None, compare=False)

    def redacted(self) -> "Outcome":
        """The same on every machine: [HERE] is the working folder, [TEST] that of the test, [TIME] how long it took.

        [WHEN] is the time in the name of a log.

        That a step took over a second is left out.
        """
        return Outcome(self.code, self._redacted(self.out), self._redacted(self.err))

    def flowing(self) -> "Outcome":
        """Redacted, with a single space for all white space: where lines break depends on how long the paths are."""
        same = self.redacted()
        return Outcome(self.code, " ".join(same.out.split()), " ".join(same.err.split()))

    def _redacted(self, text: str) -> str:
        here = _SLOW.sub("", text).replace(f"{self.place}{os.sep}work", "[HERE]")
        return _STAMP.sub("[WHEN]", _TOOK.sub("[TIME]", here.replace(str(self.place), "[TEST]")))


Hgw = Callable[..., Outcome]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(costs)


def pytest_make_parametrize_id(val: object) -> str | None:
    """The name of a case in a table that gives it none."""
    return case_id(val)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the garbage collector need not look at it again and again."""
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose extra of hgw is not installed; in CI, where nothing may be left out, fail it."""
    for mark in item.iter_markers("extra"):
        reason = missing(*mark.args)
        if reason is not None:
            if _IN_CI:
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason)


@pytest.fixture(autouse=True)
def isolation(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean environment, an empty HOME, an empty working folder and English for each test."""
    i18n.activate("en")
    for name in list(os.environ):
        if name not in _KEPT:
            monkeypatch.delenv(name)
    for name in ("home", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("HGW_HOME", str(tmp_path / "hgw-home"))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture(autouse=True)
def guarded(request: pytest.FixtureRequest, tmp_path: Path, isolation: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """No test but the end-to-end ones leaves this machine; unit and command tests run no real tool either."""
    if request.node.get_closest_marker("e2e"):
        yield
        return
    kinds = ["network"]
    if request.path.relative_to(ROOT / "tests").parts[0] in _WITHOUT_TOOLS:
        kinds.append("tools")
        monkeypatch.setenv("PATH", basic_programs())
    breaches = tmp_path / "breaches"
    monkeypatch.setenv("PYTHONPATH", GUARDED)
    monkeypatch.setenv(guard.RULES, ",".join(kinds))
    monkeypatch.setenv(guard.BREACHES, str(breaches))
    monkeypatch.setenv(guard.ALLOWED, str(tmp_path))
    yield
    if breaches.exists():
        pytest.fail(f"barred from tests: {breaches.read_text('utf-8')}")


@pytest.fixture(autouse=True)
def known_ids(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever error, fault or finding hgw makes in a test: its id is in the catalogue, with its exit code."""
    mistakes = watch(monkeypatch)
    yield
    assert mistakes == []


@pytest.fixture
def hgw(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Hgw:
    """Run hgw in this process: `hgw("build", "--abi", "0.2.1")`, and see code, stdout and stderr."""

    def run(*argv: str) -> Outcome:
        capfd.readouterr()
        code = main(list(argv))
        out, err = capfd.readouterr()
        if "always" not in {*argv, os.environ.get("HGW_COLOR")}:
            assert visible(out + err) == out + err, "text from outside would act on the terminal"
        return Outcome(code, out, err, tmp_path)

    return run


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """hgw waits for nobody while a test has this, which lists how many seconds each wait would have taken."""
    seconds: list[float] = []
    monkeypatch.setattr(type(SYSTEM_CLOCK), "sleep", lambda _clock, wanted: seconds.append(wanted))
    return seconds


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that kill: a process that is killed while it writes its coverage leaves a file that nobody can read."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write `{path: content}` below the working folder and return that folder."""

    def build(files: Mapping[str, str]) -> Path:
        for name, content in files.items():
            path = tmp_path / "work" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return tmp_path / "work"

    return build


@pytest.fixture(scope="session")
def shared_home() -> Path:
    """A home of the end-to-end tests, kept in the checkout's .cache: tools are installed once, not once a test."""
    home = ROOT / ".cache" / "e2e-home"
    home.mkdir(parents=True, exist_ok=True)
    return home


@pytest.fixture
def real_tools(shared_home: Path, isolation: None, monkeypatch: pytest.MonkeyPatch, hgw: Hgw) -> Path:
    """The real toolchain, installed by `hgw install` itself at the first use in a checkout."""
    monkeypatch.setenv("HOME", str(shared_home))
    monkeypatch.setenv("HGW_HOME", str(shared_home / "hgw"))
    installed = hgw("install")
    assert installed.code == 0, installed.err
    return shared_home
