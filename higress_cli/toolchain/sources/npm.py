"""binaryen from npm: wasm-opt as a script for node, verified by npm's own integrity value."""

import base64
import hashlib
from pathlib import Path
from typing import Final

from higress_cli.digest import Integrity
from higress_cli.errors import ToolError
from higress_cli.i18n import _, listed
from higress_cli.reporter import Activity
from higress_cli.system import archive
from higress_cli.system.fs import sha256_of
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.pins import NpmPackage
from higress_cli.toolchain.sets import Need
from higress_cli.toolchain.sources.contract import Download, Offer
from higress_cli.toolchain.store import Receipt
from higress_cli.toolchain.work import Work

NAME: Final = "npm"
TOOLS: Final = frozenset({ToolName.BINARYEN})
_SECONDS: Final = 600.0
_ASKING_SECONDS: Final = 4.5
_IMPATIENT: Final = ("--fetch-retries=0", "--fetch-timeout=8000", "--no-update-notifier", "--logs-max=0")


def offer(work: Work, need: Need, /) -> Offer:
    """The pinned package.

    Raises:
        PassedOver: no such version is pinned, node or npm is missing, or npm reaches no registry.
    """
    package = pins.npm_binaryen(need.version if need.exact else None)
    if package is None:
        raise PassedOver(
            _("no npm package of this version is known"),
            cause=Cause.UNFIT,
            code="package-version",
        )
    if missing := [name for name in ("node", "npm") if work.program(name) is None]:
        raise PassedOver(
            _("this machine has no {programs}").format(programs=listed(missing)),
            cause=Cause.UNFIT,
            code="program-missing",
        )
    if problem := work.reach.client_problem("npm"):
        raise PassedOver(problem, cause=Cause.NETWORK, code="download-failed")
    return Offer(
        name=need.name,
        version=package.version,
        source=NAME,
        downloads=(Download(name=f"npm {package.specifier}", digest=package.integrity),),
        place=work.store.place(need.name, package.version, NAME),
        fetch=lambda _go: _fetch(work, package),
    )


def _fetch(work: Work, package: NpmPackage) -> Tool:
    name = package.specifier
    with work.session.reporter.activity(_("Downloading {name} from npm").format(name=name)) as activity:
        file = _pack(work, name, activity)
        _verify(file, package.integrity, name)
        with work.store.staging() as staged:
            archive.unpack(file, staged)
            root = archive.only_folder(staged)
            executable = _make_runnable(root, package.executable, windows=work.session.host.system == "windows")
            receipt = Receipt(
                name=ToolName.BINARYEN,
                version=package.version,
                source=NAME,
                origin=f"npm {name}",
                executable=executable,
                digest=sha256_of(file),
            )
            return work.store.adopt(root, receipt, variables=work.session.variables).tool()


def _pack(work: Work, name: str, activity: Activity) -> Path:
    """Download the package as a file. Its scripts never run: it is unpacked, not installed."""
    folder = work.scratch / "npm"
    folder.mkdir(exist_ok=True)
    edits = {"npm_config_cache": str(folder / "cache")}
    # npm has no connection timeout, so a short request comes first.
    question = ["npm", "view", name, "version", *_IMPATIENT]
    command = ["npm", "pack", name, "--pack-destination", str(folder), "--ignore-scripts", *_IMPATIENT]
    for argv, seconds in ((question, _ASKING_SECONDS), (command, _SECONDS)):
        try:
            ran = work.run(argv, activity=activity, edits=edits, timeout=seconds)
            reason = None if ran.returncode == 0 else work.failure(ran)
        except ToolError as error:
            reason = error.message
        if reason is not None:
            work.reach.client_failed("npm", reason)
            raise PassedOver(reason, cause=Cause.NETWORK, code="download-failed")
    return next(folder.glob("*.tgz"))


def _verify(file: Path, integrity: Integrity, name: str) -> None:
    algorithm, _separator, expected = integrity.partition("-")
    with file.open("rb") as source:
        found = base64.b64encode(hashlib.file_digest(source, algorithm).digest()).decode("ascii")
    if found != expected:
        raise PassedOver(
            _("{name} is not what was pinned: {found}, expected {expected}").format(
                name=name, found=f"{algorithm}-{found}", expected=integrity
            ),
            cause=Cause.NETWORK,
            code="checksum-mismatch",
        )


def _make_runnable(root: Path, script: str, *, windows: bool) -> str:
    """The program to run: the script itself, or on Windows a command file beside it."""
    path = root / script
    path.chmod(path.stat().st_mode | 0o111)
    if not windows:
        return script
    command = path.with_suffix(".cmd")
    command.write_text(f'@node "%~dp0{path.name}" %*\r\n', encoding="utf-8")
    return f"{script}.cmd"
