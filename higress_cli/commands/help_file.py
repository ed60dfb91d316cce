"""`hgw help hgw.yaml`: the reference of the file."""

from collections.abc import Sequence
from dataclasses import dataclass

from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.project.reference import KeyEntry, reference
from higress_cli.project.settings import FILE_NAME
from higress_cli.result import Result
from higress_cli.spelling import did_you_mean


@dataclass(frozen=True, kw_only=True)
class FileReferenceResult(Result):
    """Every key of hgw.yaml, or those that were asked for."""

    topic: str
    """The words after `hgw help`."""
    keys: tuple[KeyEntry, ...]
    """The keys, in the order of the file."""


def help_file(*, names: Sequence[str] = ()) -> FileReferenceResult:
    """Every key of hgw.yaml, or those in `names` with all that they hold: `run.port`, `expect`, `matcher`.

    Raises:
        UsageError: `setting-unknown`, with the nearest key.
    """
    entries = reference()
    for name in names:
        if not any(_is_selected_by(entry, name) for entry in entries):
            known = dict.fromkeys(part for entry in entries for part in (entry.key, *_parts(entry.key)))
            raise UsageError(
                _("hgw.yaml has no key `{name}`").format(name=name),
                code="setting-unknown",
                hint=did_you_mean(name, list(known)) or f"hgw help {FILE_NAME}",
                details={"name": name, "known": [entry.key for entry in entries]},
            )
    return FileReferenceResult(
        topic=" ".join((FILE_NAME, *names)),
        keys=tuple(entry for entry in entries if not names or any(_is_selected_by(entry, name) for name in names)),
    )


def _is_selected_by(entry: KeyEntry, name: str) -> bool:
    """Whether the parts of `name` follow one another in the key."""
    key, wanted = _parts(entry.key), _parts(name)
    return any(key[start : start + len(wanted)] == wanted for start in range(len(key)))


def _parts(key: str) -> list[str]:
    return [part.removesuffix("[]").strip("<>") for part in key.split(".")]
