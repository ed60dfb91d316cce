"""`hgw quickstart`: install, init, build and verify in one go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from higress_cli.abi import EVERY_ABI, Abi
from higress_cli.commands.build import build
from higress_cli.commands.build_result import Artifact
from higress_cli.commands.init import init
from higress_cli.commands.init_answers import Wishes
from higress_cli.commands.install import install
from higress_cli.commands.verify import VerifyResult, VerifyWishes, verify
from higress_cli.compile import choices
from higress_cli.errors import ConflictError, ExitCode
from higress_cli.gateway import settings as gateway_settings
from higress_cli.gateway.opening import check_machine
from higress_cli.gateway.plugin import GivenModule
from higress_cli.i18n import _, listed
from higress_cli.profile import Profile
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolution import settings_of
from higress_cli.project.settings import FILE_NAME
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.settings.machine import TEMPLATE
from higress_cli.settings.project import ABI
from higress_cli.tool import SYSTEM
from higress_cli.toolchain.installation import InstalledTool

DEFAULT_DIRECTORY: Final = "wasm-demo-go"
_TEMPLATE: Final = "basic"
StageName = Literal["install", "init", "build", "verify"]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage of the way."""

    name: StageName
    """The command that does the same."""
    abi: Abi | None
    """What was verified; null for other stages."""
    seconds: float
    """How long it took."""


@dataclass(frozen=True, kw_only=True)
class QuickstartResult(Result):
    """What was installed, made, built and verified. The parts are those of the commands that do them."""

    directory: Path
    """The plugin's folder, absolute."""
    created: bool
    """Whether the project was made; false where it was there already."""
    stages: tuple[Stage, ...]
    """The stages in their order."""
    tools: tuple[InstalledTool, ...]
    """The tools, as in `hgw install --json-schema`."""
    artifacts: tuple[Artifact, ...]
    """The modules, as in `hgw build --json-schema`."""
    verify: tuple[VerifyResult, ...]
    """For each module, in the order of `artifacts`, what `hgw verify --json-schema` describes."""
    seconds: float
    """How long all of it took."""

    @property
    def exit_code(self) -> ExitCode:
        failed = any(result.exit_code is not ExitCode.OK for result in self.verify)
        return ExitCode.CHECK_FAILED if failed else ExitCode.OK


def quickstart(session: Session, *, directory: Path, lang: str = "en") -> QuickstartResult:
    """Install missing tools, create a plugin in `directory` (absolute), build it for each ABI and verify each module.

    If `directory` already has an hgw.yaml, continue with that project. As much as possible is checked before anything
    is installed.

    Raises:
        ConflictError: `directory-is-file`, `directory-not-empty`.
        ToolError: `engine-missing`.
        HgwError: whatever one of the commands raises.
    """
    started = time.monotonic()
    project = _existing(directory)
    abis = _abis(session, project, directory=directory)
    _check_engine(session, project or Project(directory=directory))
    stages = _Stages(session=session, total=3 + len(abis))
    warnings: list[str] = []
    with stages.stage("install", _("Tools")):
        installed = install(session, directory=directory if project else None)
        session.reporter.note("    " + listed(_described(tool) for tool in installed.tools))
    with stages.stage("init", _("Project {path}").format(path=directory)):
        if project is None:
            made = init(session.typed({TEMPLATE: _TEMPLATE}), directory=directory, wishes=Wishes(lang=lang))
            session.reporter.note("    " + _("{count} files").format(count=len(made.files)))
        else:
            session.reporter.note("    " + _("it exists already: continuing with it"))
    with stages.stage("build", _("Build for ABI {abis}").format(abis=listed(abis))):
        wanted = EVERY_ABI if len(abis) > 1 else abis[0]
        built = build(session.typed({ABI: wanted}), directories=[directory])
        warnings += built.warnings
        for artifact in built.artifacts:
            facts = listed((f"{artifact.bytes / 1e6:.2f} MB", artifact.abi_export))
            line = _("{title}: {found}").format(title=artifact.path.name, found=facts)
            session.reporter.note(f"    {line}")
    results = [_verify(session, stages, artifact, directory=directory) for artifact in built.artifacts]
    return QuickstartResult(
        directory=directory,
        created=project is None,
        stages=tuple(stages.done),
        tools=installed.tools,
        artifacts=built.artifacts,
        verify=tuple(results),
        seconds=round(time.monotonic() - started, 3),
        warnings=tuple(dict.fromkeys([*warnings, *(text for result in results for text in result.warnings)])),
    )


def _verify(session: Session, stages: "_Stages", artifact: Artifact, *, directory: Path) -> VerifyResult:
    with stages.stage("verify", _("Verify ABI {abi} in a gateway").format(abi=artifact.abi), abi=artifact.abi):
        wishes = VerifyWishes(module=GivenModule(path=artifact.path), build=False)
        result = verify(session, directory=directory, wishes=wishes)
        good = sum(step.ok for step in result.steps)
        session.reporter.note("    " + _("{good} of {all} steps ok").format(good=good, all=len(result.steps)))
    return result


@dataclass(kw_only=True)
class _Stages:
    """Announces each stage and records how long it took."""

    session: Session
    total: int
    done: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: StageName, title: str, *, abi: Abi | None = None) -> Iterator[None]:
        self.session.reporter.note(f"{len(self.done) + 1}/{self.total} {title}")
        started = time.monotonic()
        yield
        self.done.append(
            Stage(name=name, abi=None if abi is None else Abi(abi), seconds=round(time.monotonic() - started, 3))
        )


def _existing(directory: Path) -> Project | None:
    """The project in the folder; None if one is to be created there."""
    if directory.exists() and not directory.is_dir():
        raise ConflictError(
            _("{path} is a file, not a folder").format(path=directory),
            code="directory-is-file",
            hint=_("name another folder: hgw quickstart DIR"),
            details={"path": directory},
        )
    if not directory.exists() or not any(directory.iterdir()):
        return None
    if not (directory / FILE_NAME).is_file():
        raise ConflictError(
            _("{path} is not empty and has no {file}: nothing was changed in it").format(
                path=directory, file=FILE_NAME
            ),
            code="directory-not-empty",
            hint=_("name another folder: hgw quickstart DIR"),
            details={"path": directory},
        )
    return open_project(directory)


def _abis(session: Session, project: Project | None, *, directory: Path) -> tuple[str, ...]:
    """The ABIs of the profile; only 0.2.100 for a project that is set to it, since it may not work under the other."""
    if project is None:
        planned = init(session.typed({TEMPLATE: _TEMPLATE}), directory=directory, dry_run=True)
        native = planned.variables["profile"] == Profile.GO
    else:
        chosen = choices.choose(settings_of(project, session), directory=directory)
        native = chosen.profile.value == Profile.GO or chosen.abi.value == Abi.V0_2_100
    return (Abi.V0_2_100,) if native else tuple(Abi)


def _check_engine(session: Session, project: Project) -> None:
    """Fail before minutes of installing and compiling if a package for the gateway is missing."""
    check_machine(gateway_settings.choose(settings_of(project, session)), host=session.host)


def _described(tool: InstalledTool) -> str:
    place = _("on the PATH") if tool.source == SYSTEM else _("hgw's store")
    return _("{tool} ({place})").format(tool=f"{tool.name.label} {tool.version}", place=place)
