"""binaryen from a package manager: unpacked into the store if possible, else installed with consent."""

from typing import Final

from higress_cli.i18n import _, listed
from higress_cli.knowledge import compatibility
from higress_cli.reporter import Activity
from higress_cli.system import process
from higress_cli.system.host import is_root
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.pins import Manager
from higress_cli.toolchain.probe import ask, probe
from higress_cli.toolchain.selection import system_tool
from higress_cli.toolchain.sets import Need
from higress_cli.toolchain.sources import apt
from higress_cli.toolchain.sources.contract import Download, Offer
from higress_cli.toolchain.store import Receipt
from higress_cli.toolchain.work import Work

NAME: Final = "package"
TOOLS: Final = frozenset({ToolName.BINARYEN})
_SECONDS: Final = 1800.0


def offer(work: Work, need: Need, /) -> Offer:
    """wasm-opt from the distribution.

    Raises:
        PassedOver: hgw knows none of the machine's package managers, changing the system was not agreed to, or the
            package's version does not fit.
    """
    wanted = need.version if need.exact else None
    if not apt.missing_programs(work):
        return Offer(
            name=need.name,
            version=None,
            source=NAME,
            downloads=apt.described(work, pins.packages().binaryen.packages),
            place=work.store.place(need.name, None, NAME),
            fetch=lambda _go: _with_apt(work, wanted),
        )
    manager = next((item for item in pins.managers() if work.program(item.program)), None)
    if manager is None:
        known = listed(("apt", *(item.program for item in pins.managers())))
        raise PassedOver(
            _("this machine has no package manager that hgw knows ({known})").format(known=known),
            cause=Cause.UNFIT,
            code="program-missing",
        )
    argv = ["sudo", *manager.binaryen] if manager.root and not is_root() else list(manager.binaryen)
    command = process.command_line(argv)
    if work.reach.offline:
        raise PassedOver(_("--offline forbids it"), cause=Cause.NETWORK, code="offline", hint=command)
    if not (work.session.assume_yes or work.session.interactive):
        raise _refused(command)
    return Offer(
        name=need.name,
        version=None,
        source=NAME,
        downloads=(Download(name=f"{manager.program}: {need.name}"),),
        place=None,
        fetch=lambda _go: _with_consent(work, argv, manager, wanted),
        consent=command,
    )


def _with_apt(work: Work, wanted: str | None) -> Tool:
    with work.session.reporter.activity(_("Downloading binaryen's package")) as activity:
        apt.update(work, activity=activity)
        names = pins.packages().binaryen.packages
        libraries = apt.missing_libraries(work, names, activity=activity)
        downloads = work.scratch / "binaryen"
        debs = apt.download(work, [*names, *libraries], downloads, activity=activity)
        with work.store.staging() as staged:
            for deb in debs:
                apt.unpack(work, downloads / deb.file, staged, activity=activity)
            executable = pins.packages().binaryen.executable
            answer = ask(ToolName.BINARYEN, staged / executable, work.session.variables)
            receipt = Receipt(
                name=ToolName.BINARYEN,
                version=_fitting_version(answer.version, wanted),
                source=NAME,
                origin=", ".join(f"{deb.name} {deb.version}" for deb in debs),
                executable=executable,
                search=(executable.rpartition("/")[0],),
                digest=next(deb.sha256 for deb in debs if deb.name == names[0]),
                parts={deb.file: deb.sha256 for deb in debs if deb.sha256 is not None},
            )
            return work.store.adopt(staged, receipt, variables=work.session.variables).tool()


def _with_consent(work: Work, argv: list[str], manager: Manager, wanted: str | None) -> Tool:
    session, command = work.session, process.command_line(argv)
    question = _("This changes the system: `{command}`. Run it?").format(command=command)
    if not session.assume_yes and not session.reporter.confirm(question):
        raise _refused(command)
    session.reporter.note(_("running: {command}").format(command=command))
    with session.reporter.activity(command) as activity:
        return _run_manager(work, argv, manager, wanted, activity)


def _refused(command: str) -> PassedOver:
    return PassedOver(
        _("it would change the system with `{command}`, which needs your consent").format(command=command),
        cause=Cause.CONSENT,
        code="consent-needed",
        hint=_("`hgw install --yes` runs it, or run it yourself"),
    )


def _run_manager(work: Work, argv: list[str], manager: Manager, wanted: str | None, activity: Activity) -> Tool:
    ran = work.run(argv, activity=activity, timeout=_SECONDS)
    if ran.returncode != 0:
        raise PassedOver(f"{manager.program}: {work.failure(ran)}", cause=Cause.NETWORK, code="download-failed")
    found = probe(ToolName.BINARYEN, work.session)
    _fitting_version(found.version if found else None, wanted)
    assert found is not None  # noqa: S101 -- _fitting_version raises without one
    return system_tool(ToolName.BINARYEN, found)


def _fitting_version(version: str | None, wanted: str | None) -> str:
    if version is None:
        raise PassedOver(_("the package has no wasm-opt that runs here"), cause=Cause.FAILED, code="tool-unusable")
    misfits = compatibility.misfits(binaryen=version)
    if misfits or (wanted is not None and not compatibility.matches(version, wanted)):
        expected = wanted or misfits[0].expected
        raise PassedOver(
            _("the package has wasm-opt {found}, not {expected}").format(found=version, expected=expected),
            cause=Cause.UNFIT,
            code="package-version",
        )
    return version
