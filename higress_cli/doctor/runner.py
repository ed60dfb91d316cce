"""Run checks in parallel, so that a failing check does not stop the others."""

import threading
import traceback
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from higress_cli.doctor.model import Check, CheckSpec, Finding, Fix, Status
from higress_cli.errors import HgwError
from higress_cli.i18n import _
from higress_cli.knowledge.catalogue import advice
from higress_cli.system.os_errors import machine_error
from higress_cli.system.workers import Workers

T = TypeVar("T")


class Once(Generic[T]):
    """A fact that several checks need: the first caller computes it, and other threads wait for the result.

    An error that hgw expects is a result, too: it is raised for every caller.
    """

    def __init__(self, compute: Callable[[], T]) -> None:
        self._compute = compute
        self._lock = threading.Lock()
        self._done = False
        self._value: T | None = None
        self._error: HgwError | None = None

    def __call__(self) -> T:
        with self._lock:
            if not self._done:
                try:
                    self._value = self._compute()
                except HgwError as error:
                    self._error = error
                self._done = True
        if self._error is not None:
            raise self._error
        return cast("T", self._value)


def run_checks(specs: Sequence[CheckSpec], judge: Callable[[CheckSpec], Finding]) -> tuple[Check, ...]:
    """Run `judge` for these checks in parallel and return the results in the order of `specs`."""
    if not specs:
        return ()
    with Workers(max_workers=len(specs), thread_name_prefix="doctor") as pool:
        findings = pool.map(lambda spec: _finding(spec, judge), specs)
        return tuple(
            Check(spec=spec, title=str(spec.title), finding=finding)
            for spec, finding in zip(specs, findings, strict=True)
        )


def from_error(error: HgwError) -> Finding:
    """The finding for an error that another command would raise, with the same id and advice."""
    return Finding(
        status=Status.FAIL,
        code=error.code,
        found=error.message,
        fix=Fix(summary=hint) if (hint := error.hint or advice(error.code)) else None,
    )


def _finding(spec: CheckSpec, judge: Callable[[CheckSpec], Finding]) -> Finding:
    try:
        return judge(spec)
    except HgwError as error:
        return from_error(error)
    except Exception as error:  # noqa: BLE001 -- a bug in one check must not hide what the others found
        if (known := machine_error(error)) is not None:
            return from_error(known)
        return Finding(
            status=Status.CRASH,
            code="bug",
            found=f"{type(error).__name__}: {error}",
            why=_("this check itself failed: it says nothing about the machine or the project"),
            detail=tuple(traceback.format_exc().splitlines()),
        )
