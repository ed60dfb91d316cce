"""`hgw verify --evidence DIR`: what others need to believe a verification."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from higress_cli import __version__
from higress_cli.commands.verify_proof import Proven
from higress_cli.compile.inputs import contents, scope_of_folder
from higress_cli.errors import ConflictError
from higress_cli.i18n import _
from higress_cli.result import plain
from higress_cli.scenarios.comparison import Differences
from higress_cli.scenarios.evidence import Evidence, Run, page
from higress_cli.session import Session
from higress_cli.system import fs
from higress_cli.system.exact_request import ask
from higress_cli.system.http import NoAnswerError
from higress_cli.system.os_errors import write_error

_DATA: Final = "evidence.json"
_PAGE: Final = "evidence.md"
_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the module and a baseline came to, and what differs."""

    module: Sequence[Proven]
    baseline: Sequence[Proven] = ()
    differences: Differences = field(default_factory=Differences)


def check_folder(folder: Path) -> None:
    """Check that evidence may be written to `folder`: it is empty, or holds evidence.

    Raises:
        ConflictError: `report-taken`.
    """
    if folder.exists() and not (folder / _DATA).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(
            _("{path} holds something that is not a report, and the report would replace it").format(path=folder),
            code="report-taken",
            hint="hgw verify --evidence evidence",
            details={"path": folder},
        )


def write_evidence(session: Session, folder: Path, *, directory: Path, found: Comparison) -> None:
    """Write all that was found to `folder`: a JSON document, a page for people, and the logs.

    Raises:
        ConflictError: it cannot be written.
    """
    sources = {
        Path(path).relative_to(directory).as_posix(): digest
        for path, digest in contents(scope_of_folder(directory)).items()
        if Path(path).is_relative_to(directory) and Path(path).is_file()
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        runs = (
            *(_run(proven, role="module", folder=folder) for proven in found.module),
            *(_run(proven, role="baseline", folder=folder) for proven in found.baseline),
        )
        evidence = Evidence(
            hgw=__version__,
            platform=session.host.platform,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            sources=sources,
            runs=runs,
            differences=found.differences.found,
            unsteady=found.differences.unsteady,
        )
        document = json.dumps(plain(evidence), indent=2, ensure_ascii=False) + "\n"
        fs.write_atomically(folder / _DATA, document.encode())
        fs.write_atomically(folder / _PAGE, page(evidence).encode())
    except OSError as error:
        raise write_error(folder, error, hint="hgw verify --evidence evidence") from error


def _run(proven: Proven, *, role: str, folder: Path) -> Run:
    change, facts = proven.change, proven.facts
    return Run(
        role=role,
        module=proven.plugin.path,
        image=proven.plugin.image,
        module_sha256=proven.plugin.sha256,
        abi=proven.plugin.abi.version,
        engine=proven.engine,
        engine_version=facts.version if facts else None,
        configuration=change.config.values if change and change.config else None,
        environment=change.env if change else {},
        services=tuple(change.services) if change else (),
        steps=proven.steps,
        metrics=proven.metrics,
        logs=tuple(_logs(proven, folder / f"{role}-{proven.plugin.abi.version or 'unknown'}-{proven.engine}")),
        left=tuple(url for url in (proven.url, facts.admin_url if facts else None) if url and _answers(url)),
    )


def _logs(proven: Proven, folder: Path) -> Iterator[str]:
    """Copy the logs of a run, and write down what the plugin said in each step."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sorted(proven.run_dir.glob("*.log")) if proven.run_dir else ():
        shutil.copy(path, folder / path.name)
        yield f"{folder.name}/{path.name}"
    said = "".join(f"# {step.name}\n" + "".join(f"{line}\n" for line in step.log) for step in proven.steps)
    fs.write_atomically(folder / "plugin.log", said.encode())
    yield f"{folder.name}/plugin.log"


def _answers(url: str) -> bool:
    try:
        ask(url, timeout=_SECONDS)
    except NoAnswerError:
        return False
    return True
