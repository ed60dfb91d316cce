"""`hgw init`: a plugin project from a template, or what an existing plugin lacks."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Final

from higress_cli.abi import EVERY_ABI, Abi
from higress_cli.commands.init_answers import Additions, Wishes, answers_for
from higress_cli.compile.recipe import make_recipe
from higress_cli.errors import ConflictError, ToolError
from higress_cli.i18n import _
from higress_cli.origin import PACKAGE_VARIABLE, installed_requirement
from higress_cli.profile import Profile
from higress_cli.project.parents import nearest_above
from higress_cli.result import Result
from higress_cli.scaffold.apply import apply_plan
from higress_cli.scaffold.manifest import Template
from higress_cli.scaffold.names import check_module_path, check_name
from higress_cli.scaffold.plan import Action, Plan, hint_for_plugin, make_plan, refuse_conflicts
from higress_cli.scaffold.scaffold import Answers, Extras, render_project, scaffold_data
from higress_cli.scaffold.templates import find_template, list_templates
from higress_cli.session import Session
from higress_cli.settings.machine import TEMPLATE
from higress_cli.settings.project import NAME
from higress_cli.system import process


@dataclass(frozen=True, kw_only=True)
class InitFile:
    """One file of the project."""

    path: Path
    """Where it is, absolute."""
    action: Action
    """What became of it or, with --dry-run, would; `conflict` only with --dry-run."""
    copy: Path | None = None
    """Where the old content of an overwritten file is kept."""


@dataclass(frozen=True, kw_only=True)
class InitResult(Result):
    """The project that was made or, with --dry-run, would be."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"next_step"}
    directory: Path
    """The project's folder, absolute."""
    template: str
    """The name of the template."""
    variables: Mapping[str, object]
    """Every answer that the files were made from: name, module, profile, abi, gateway, lang, and the template's own."""
    files: tuple[InitFile, ...]
    """Every file of the project."""
    git: bool
    """Whether a git repository is (with --dry-run: would be) made of it."""
    dry_run: bool
    """Whether nothing was written."""
    next_step: str = ""
    """What there is to see in this template; for text only."""


@dataclass(frozen=True, kw_only=True)
class TemplateVariable:
    """A value of a template that `--set NAME=VALUE` sets."""

    name: str
    """Its name."""
    default: str
    """Its value where none is set, as it is typed."""
    help: str | None
    """What it is for, in the language of the call."""


@dataclass(frozen=True, kw_only=True)
class TemplateEntry:
    """A template in the list."""

    name: str
    """What --template takes."""
    title: str
    """A few words, in the language of the call."""
    description: str
    """A sentence, in the language of the call."""
    profiles: tuple[str, ...]
    """The profiles that it supports."""
    abis: tuple[str, ...]
    """The ABIs that it can be built for."""
    variables: tuple[TemplateVariable, ...]
    """What --set can set."""


@dataclass(frozen=True, kw_only=True)
class TemplatesResult(Result):
    """With --list-templates: the templates that come with hgw."""

    templates: tuple[TemplateEntry, ...]
    """The templates, in the order of the list."""


_NO_WISHES: Final = Wishes()


def templates(*, lang: str) -> TemplatesResult:
    """The templates that come with hgw."""
    return TemplatesResult(
        templates=tuple(
            TemplateEntry(
                name=template.name,
                title=template.title.in_(lang),
                description=template.description.in_(lang),
                profiles=template.profiles,
                abis=template.abis,
                variables=tuple(
                    TemplateVariable(
                        name=item.name, default=str(item.default), help=item.help.in_(lang) if item.help else None
                    )
                    for item in template.variables.values()
                ),
            )
            for template in list_templates()
        )
    )


def chosen_template(session: Session) -> Template:
    """The template that the setting names: one that comes with hgw, or a folder.

    Raises:
        ConflictError: `template-unknown`, `template-invalid`.
    """
    name = session.choose(TEMPLATE).value
    return find_template(name, path=session.path(name))


def check_typed(session: Session, *, directory: Path, wishes: Wishes) -> None:
    """Check what was typed before anything is asked, as far as it does not depend on the answers.

    Raises:
        ConflictError: `template-unknown`, `template-invalid`.
        UsageError: a value is invalid, or not supported by the template that was typed.
    """
    template = chosen_template(session)
    if session.choose(TEMPLATE).source.is_typed:
        answers_for(session, directory=directory, template=template, wishes=wishes)
        return
    name = session.choose(NAME)
    if name.source.is_typed:
        check_name(name.value, source=str(name.source))
    if wishes.module is not None:
        check_module_path(wishes.module, source="--module")


def is_empty(directory: Path) -> bool:
    """Whether the folder has no files, except for a .git folder."""
    return all(entry.name == ".git" for entry in directory.iterdir())


def not_empty(directory: Path, *, additions: Additions) -> ConflictError:
    """The error if the current folder has files and was not named explicitly."""
    hint = hint_for_plugin(directory)
    adds = hint is not None and bool(additions.layers)
    message = (
        _("{path} is not empty, and no folder was named: nothing was changed")
        if hint is None
        else _("{path} is a plugin already, and no folder was named: nothing was changed")
    )
    return ConflictError(
        message.format(path=directory),
        code="directory-not-empty",
        hint=hint or "hgw init .",
        again=("--from-existing",) if adds else () if hint else (".",),
        details={"path": directory},
    )


def default_name() -> str:
    """The name of a plugin if none is given."""
    return scaffold_data().default.name


def init(
    session: Session,
    *,
    directory: Path,
    wishes: Wishes = _NO_WISHES,
    force: bool = False,
    dry_run: bool = False,
) -> InitResult:
    """Create a plugin project in `directory` (absolute), which may exist.

    Nothing is written unless all answers are valid and no file conflicts.

    Raises:
        UsageError: a name, profile, ABI or template variable is invalid.
        ConflictError: `template-unknown`, `template-invalid`, or `file-exists`, which names the files.
        ToolError: `git-missing` if a repository is wanted.
    """
    found = chosen_template(session)
    answers = answers_for(session, directory=directory, template=found, wishes=wishes)
    extras, warnings = extras_for(session, answers, wishes.additions)
    plan = make_plan(directory, render_project(found, answers, extras=extras), force=force)
    git = carry_out(session, plan, git=bool(wishes.additions.git), dry_run=dry_run)
    result = init_result(plan, template=found, answers=answers, git=git, dry_run=dry_run)
    return replace(result, warnings=(*_nested(directory), *warnings))


def plugin_above(directory: Path) -> Path | None:
    """The plugin that a folder is inside of, None if there is none."""
    above = next((folder for folder in directory.parents if folder.is_dir()), None)
    if above is None:  # the top of a disk
        return None
    go_mod = above / "go.mod" if (above / "go.mod").is_file() else nearest_above(above, "go.mod")
    return go_mod.parent if go_mod is not None and any(go_mod.parent.glob("*.go")) else None


def carry_out(session: Session, plan: Plan, *, git: bool, dry_run: bool) -> bool:
    """Write the planned files, unless `dry_run`; return whether a git repository is (or would be) made of them."""
    repository = _repository(session, plan.directory) if git else None
    if not dry_run:
        refuse_conflicts(plan)
        apply_plan(plan, complete=repository)
    return repository is not None


def init_result(plan: Plan, *, template: Template, answers: Answers, git: bool, dry_run: bool) -> InitResult:
    """The project that `plan` makes, or would make, of a template."""
    return InitResult(
        directory=plan.directory,
        template=template.name,
        variables={
            "name": answers.name,
            "module": answers.module,
            "profile": answers.profile,
            "abi": answers.abi,
            "gateway": answers.gateway,
            "lang": answers.lang,
            **answers.variables,
        },
        files=tuple(InitFile(path=file.path, action=file.action, copy=file.copy) for file in plan.files),
        git=git,
        dry_run=dry_run,
        next_step=template.next.in_(answers.lang) if template.next else "",
    )


def extras_for(session: Session, answers: Answers, additions: Additions) -> tuple[Extras, tuple[str, ...]]:
    """The layers of `additions` and the facts that they need, and warnings about facts that are not known yet."""
    extras, warnings = Extras(layers=additions.layers), []
    if additions.ci or additions.devcontainer:
        extras = replace(extras, hgw_package=installed_requirement())
        if extras.hgw_package is None:
            warnings.append(
                _(
                    "this hgw was installed from a folder or a file of this machine, which others cannot reach: set "
                    "the variable {variable} there to what pip installs hgw from, as a comment in the files says"
                ).format(variable=PACKAGE_VARIABLE)
            )
    if additions.editor is not None:
        newest = Abi(answers.abi) if answers.abi != EVERY_ABI else Abi.V0_2_100
        tags = make_recipe(profile=answers.profile, abi=newest, output="").tags
        goroot = _private_go(session, answers.profile)
        extras = replace(extras, tags=tags, goroot=str(goroot) if goroot else None)
        if goroot is None:
            warning = _(
                "no Go that builds this plugin is installed yet, so {editor} is left to find one: after `hgw install`, "
                "remove its settings and type `hgw init --from-existing --editor {editor}`"
            )
            warnings.append(warning.format(editor=additions.editor))
    return extras, tuple(warnings)


def in_repository(directory: Path) -> bool:
    """Whether `directory`, which may not exist yet, is inside a git repository."""
    return any((folder / ".git").exists() for folder in (directory, *directory.parents))


def can_make_repository(session: Session, directory: Path) -> bool:
    """Whether git is installed and `directory` is not in a repository yet."""
    return not in_repository(directory) and process.find_program("git", session.variables) is not None


def _nested(directory: Path) -> tuple[str, ...]:
    """The warning that the new plugin is inside another."""
    plugin = plugin_above(directory)
    if plugin is None:
        return ()
    text = _("{path} is inside the plugin {plugin}; to have it beside that one, move it to {beside}")
    return (text.format(path=directory, plugin=plugin, beside=plugin.parent / directory.name),)


def _private_go(session: Session, profile: Profile) -> Path | None:
    """The GOROOT of the Go that builds the plugin; None if it is not installed yet."""
    from higress_cli.toolchain.selection import find_toolset  # noqa: PLC0415 -- only for an editor's settings
    from higress_cli.toolchain.sets import request_for  # noqa: PLC0415 -- the same

    with contextlib.suppress(ToolError):
        return find_toolset(session, request_for(profile)).go.home
    return None


def _repository(session: Session, directory: Path) -> Callable[[Path], None] | None:
    """A function that initializes a git repository in a folder; None if `directory` is already in one.

    Raises:
        ToolError: `git-missing`.
    """
    if in_repository(directory):
        return None
    if process.find_program("git", session.variables) is None:
        raise ToolError(
            _("git was not found on the PATH, so no repository can be made"),
            code="git-missing",
            hint=_("install git, or leave out --git"),
        )

    def make(folder: Path) -> None:
        done = process.run(
            ["git", "init", "--quiet"],
            variables=process.child_environment(session.variables, {"GIT_DIR": None, "GIT_WORK_TREE": None}),
            cwd=folder,
        )
        if done.returncode != 0:
            raise ToolError(
                _("`git init` failed: {reason}").format(reason=done.output.strip()),
                code="git-failed",
                hint=_("leave out --git"),
            )

    return make
