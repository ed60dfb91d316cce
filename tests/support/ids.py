"""Which ids hgw's code carries, and whether the catalogue knows them: in the source, and while a test runs."""

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from higress_cli import errors
from higress_cli.doctor.model import Finding
from higress_cli.errors import HgwError, ToolError
from higress_cli.fault import Fault
from higress_cli.knowledge.catalogue import entries
from higress_cli.toolchain.acquisition import KINDS
from higress_cli.toolchain.attempt import PassedOver
from tests.support.source import syntax_trees

FAMILIES = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, HgwError) and kind is not HgwError
}


def written() -> Iterator[tuple[str, str, str]]:
    """(place, what is made, id) of each id that stands in a call: `code="..."`, `Fault(id=CONSTANT)`.

    What stands in a condition or a table within the argument counts, too.
    """
    for path, tree in syntax_trees().items():
        module = ".".join(("higress_cli", *path.with_suffix("").parts))
        for node in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for keyword in node.keywords:
                if keyword.arg == "code" or (keyword.arg == "id" and ast.unparse(node.func) == "Fault"):
                    for part in ast.walk(keyword.value):
                        value = part.value if isinstance(part, ast.Constant) else None
                        if isinstance(part, ast.Name) and part.id.isupper():
                            value = getattr(importlib.import_module(module), part.id)
                        if isinstance(value, str):
                            yield f"{path}:{node.lineno}", ast.unparse(node.func), value


def mistake(identifier: str, kind: type[HgwError] | None) -> str | None:
    """What is wrong with an id, `kind` being the family of the error that carries it."""
    row = entries().get(identifier)
    if row is None:
        return f"{identifier}: the catalogue has no row for it"
    exit_code = getattr(kind, "exit_code", row.exit)
    if exit_code != row.exit:
        return f"{identifier}: the catalogue says exit code {int(row.exit)}, a {kind} ends with {int(exit_code)}"
    return None


def watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is wrong with the ids of errors, faults and findings that hgw's code makes from now on, as they are made."""
    mistakes: list[str] = []

    def watched(kind: type, carried: Callable[[Any], tuple[str | None, type[HgwError] | None]]) -> None:
        original: Any = vars(kind)["__init__"]

        def init(self: Any, *args: Any, **more: Any) -> None:
            original(self, *args, **more)
            identifier, family = carried(self)
            frame = inspect.currentframe()
            caller = frame.f_back if frame else None
            made_by = str(caller.f_globals.get("__name__", "")) if caller else ""
            if identifier is not None and made_by.startswith("higress_cli") and (wrong := mistake(identifier, family)):
                mistakes.append(wrong)

        monkeypatch.setattr(kind, "__init__", init)

    watched(HgwError, lambda error: (error.code, type(error)))
    watched(Fault, lambda fault: (fault.id, fault.error))
    watched(Finding, lambda finding: (finding.code, None))
    watched(PassedOver, lambda failure: (failure.code, KINDS.get(failure.cause, ToolError)))
    return mistakes
