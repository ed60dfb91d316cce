"""What `hgw doctor --fix` does about what it found."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.abi import EVERY_ABI
from higress_cli.doctor.model import Check, Fix, FixAction
from higress_cli.errors import HgwError
from higress_cli.i18n import _
from higress_cli.session import Session
from higress_cli.settings.project import ABI, OUT_FILE
from higress_cli.system import fs
from higress_cli.system.moves import copy_name

if TYPE_CHECKING:
    from higress_cli.settings.resolver import Given

_GO_FILES: Final = ("go.mod", "go.sum")


@dataclass(frozen=True, kw_only=True)
class Applied:
    """The ids of the checks: those that were fixed, those without the user's consent, and those whose fix was undone.

    `taken_back` has the reasons.
    """

    fixed: tuple[str, ...]
    withheld: tuple[str, ...]
    taken_back: Mapping[str, str] = field(default_factory=dict)


def apply_fixes(session: Session, checks: Sequence[Check]) -> Applied:
    """Apply each fix once.

    Raises:
        HgwError: a fix failed, such as a download.
    """
    withheld: list[str] = []
    results: dict[Fix, str | None] = {}
    by_check: dict[str, Fix] = {}
    for check in checks:
        fix = check.finding.fix
        if fix is None or fix.action is None:
            continue
        if fix not in results:
            if fix.action is FixAction.REWRITE_FILE:
                for line in check.finding.detail:
                    session.reporter.note(line)
            if not fix.safe and not _consents(session, check, fix):
                withheld.append(check.id)
                continue
            results[fix] = _apply(session, fix)
        by_check[check.id] = fix
    return Applied(
        fixed=tuple(name for name, fix in by_check.items() if results[fix] is None),
        withheld=tuple(withheld),
        taken_back={name: reason for name, fix in by_check.items() if (reason := results[fix]) is not None},
    )


def _consents(session: Session, check: Check, fix: Fix) -> bool:
    if session.assume_yes:
        return True
    question = _("{title}: {summary}. Do it?").format(title=check.title, summary=fix.summary)
    return session.interactive and session.reporter.confirm(question)


def _apply(session: Session, fix: Fix) -> str | None:
    """Apply a fix; the reason if it had to be undone."""
    match fix.action:
        case FixAction.INSTALL:
            from higress_cli.commands.install import install  # noqa: PLC0415 -- only for this fix

            install(session)
        case FixAction.REMOVE_EMPTY_FOLDER if fix.target is not None:
            fix.target.rmdir()
        case FixAction.REWRITE_FILE if fix.target is not None:
            return _rewrite_go_mod(session, fix.target, fix.content)
    return None


def _rewrite_go_mod(session: Session, go_mod: Path, content: str) -> str | None:
    """Write a go.mod, keep a copy of the former one, and build with it; the reason if that failed and it was undone."""
    files = tuple(go_mod.with_name(name) for name in _GO_FILES)
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    copy = copy_name(go_mod)
    fs.write_atomically(copy, go_mod.read_bytes())
    problem: HgwError | None = None
    is_proven = False
    try:
        fs.write_atomically(go_mod, content.encode("utf-8"))
        problem = _failing_build(session, session.directory)
        is_proven = problem is None
    finally:
        if not is_proven:
            _restore(before)
            copy.unlink()
    if problem is not None:
        return problem.message
    session.reporter.note(_("the former {file} is kept as {copy}").format(file=go_mod.name, copy=copy.name))
    return None


def _restore(before: Mapping[Path, bytes | None]) -> None:
    for path, content in before.items():
        if content is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.read_bytes() != content:
            fs.write_atomically(path, content)


def _failing_build(session: Session, directory: Path) -> HgwError | None:
    """The error with which the plugin's build fails, None if it succeeds or if there are no tools to try it with.

    The module goes to a temporary folder: the author's own stays as it is.
    """
    from higress_cli.commands.build import build  # noqa: PLC0415 -- only for a fix of go.mod
    from higress_cli.commands.build_plan import Wishes, plan_at_hand, settle  # noqa: PLC0415 -- the same

    try:
        choices, settings = settle(session, directory, Wishes())
        if plan_at_hand(session, choices, settings) is None:
            session.reporter.note(_("there are no tools yet to build with the new go.mod"))
            return None
        one: Given = {ABI: choices.abis[0]} if choices.abi.value == EVERY_ABI else {}
        session.reporter.note(_("Building with the new go.mod:"))
        with tempfile.TemporaryDirectory(prefix="hgw-doctor-") as scratch:
            build(session.typed({OUT_FILE: str(Path(scratch) / "main.wasm"), **one}), directories=[directory])
    except HgwError as error:
        return error
    return None
