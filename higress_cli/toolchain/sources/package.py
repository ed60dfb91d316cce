"""binaryen from a package manager: unpacked into the store where that can be done, else with consent."""

from typing import Final

from higress_cli.i18n import _
from higress_cli.knowledge import compatibility
from higress_cli.reporter import Activity
from higress_cli.system import process
from higress_cli.system.download import sha256_of
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain import pins
from higress_cli.toolchain.attempt import Cause, PassedOver
from higress_cli.toolchain.pins import Manager
from higress_cli.toolchain.probe import ask, probe
from higress_cli.toolchain.select import system_tool
from higress_cli.toolchain.sources import apt
from higress_cli.toolchain.store import Receipt
from higress_cli.toolchain.work import Work, is_root, last_words

NAME: Final = "package"
_SECONDS: Final = 1800.0


def fetch(work: Work, wanted: str | None) -> Tool:
    """wasm-opt from the distribution; `wanted` is the version that the author asked for.

    Raises:
        PassedOver: there is no package manager that hgw knows, or it does not give a version that does.
    """
    if not apt.missing_programs(work):
        return _with_apt(work, wanted)
    manager = next((item for item in pins.managers() if work.program(item.program)), None)
    if manager is None:
        known = ", ".join(("apt", *(item.program for item in pins.managers())))
        raise PassedOver(
            _("this machine has no package manager that hgw knows ({known})").format(known=known),
            cause=Cause.UNFIT,
            code="program-missing",
        )
    return _with_consent(work, manager, wanted)


def _with_apt(work: Work, wanted: str | None) -> Tool:
    with work.session.reporter.activity(_("Downloading binaryen's package")) as activity:
        apt.update(work, activity=activity)
        names = pins.packages().binaryen.packages
        libraries = apt.missing_libraries(work, names, activity=activity)
        debs = apt.download(work, [*names, *libraries], work.scratch / "binaryen", activity=activity)
        with work.store.staging() as staged:
            for deb in debs:
                apt.unpack(work, deb, staged, activity=activity)
            executable = pins.packages().binaryen.executable
            version = _judged(ask("binaryen", staged / executable, work.session.variables).version, wanted)
            main = next(deb for deb in debs if deb.name.startswith(f"{names[0]}_"))
            receipt = Receipt(
                name="binaryen",
                version=version,
                source=NAME,
                origin=", ".join(f"{deb.name.partition('_')[0]} {apt.version_of(deb)}" for deb in debs),
                executable=executable,
                search=(executable.rpartition("/")[0],),
                digest=sha256_of(main),
                parts={deb.name: sha256_of(deb) for deb in debs},
            )
            return work.store.adopt(staged, receipt, variables=work.session.variables).tool()


def _with_consent(work: Work, manager: Manager, wanted: str | None) -> Tool:
    argv = list(manager.binaryen)
    if manager.root and not is_root():
        argv = ["sudo", *argv]
    command = process.command_line(argv)
    session = work.session
    if work.reach.offline:
        raise PassedOver(_("--offline forbids it"), cause=Cause.NETWORK, code="offline", hint=command)
    agreed = session.assume_yes or (
        session.interactive
        and session.reporter.confirm(_("This changes the system: `{command}`. Run it?").format(command=command))
    )
    if not agreed:
        raise PassedOver(
            _("it would change the system with `{command}`, and nobody agreed to that").format(command=command),
            cause=Cause.CONSENT,
            code="consent-needed",
            hint=_("`hgw install --yes` runs it, or run it yourself"),
        )
    session.reporter.note(_("running: {command}").format(command=command))
    with session.reporter.activity(command) as activity:
        return _run_manager(work, argv, manager, wanted, activity)


def _run_manager(work: Work, argv: list[str], manager: Manager, wanted: str | None, activity: Activity) -> Tool:
    ran = work.run(argv, activity=activity, timeout=_SECONDS)
    if ran.returncode != 0:
        raise PassedOver(f"{manager.program}: {last_words(ran)}", cause=Cause.NETWORK, code="download-failed")
    found = probe("binaryen", work.session)
    _judged(found.version if found else None, wanted)
    assert found is not None  # noqa: S101 -- judged
    return system_tool(ToolName.BINARYEN, found)


def _judged(version: str | None, wanted: str | None) -> str:
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
