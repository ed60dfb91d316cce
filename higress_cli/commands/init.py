"""`hgw init`: a plugin project from a template."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from higress_cli.choice import Choice
from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.project.project import Project
from higress_cli.project.settings import ABI_CHOICES, FILE_NAME, PROFILES, Settings, read_settings
from higress_cli.result import Result
from higress_cli.scaffold.apply import apply_plan
from higress_cli.scaffold.catalog import find_template, list_templates
from higress_cli.scaffold.manifest import Template
from higress_cli.scaffold.names import check_module_path, check_name, name_from
from higress_cli.scaffold.plan import make_plan, refuse_conflicts
from higress_cli.scaffold.scaffold import Answers, check_answers, render_project, scaffold_data, variable_value
from higress_cli.session import Session


@dataclass(frozen=True, kw_only=True)
class InitFile:
    """One file of the project; `action` is create, identical, conflict, overwrite or keep."""

    path: Path
    action: str


@dataclass(frozen=True, kw_only=True)
class InitResult(Result):
    """What was made, or with `dry_run` would be."""

    internal: ClassVar[frozenset[str]] = Result.internal | {"next_step"}
    directory: Path
    template: str
    variables: Mapping[str, Any]
    files: tuple[InitFile, ...]
    dry_run: bool
    next_step: str = ""


@dataclass(frozen=True, kw_only=True)
class TemplateEntry:
    """A template in the list; `title` and `description` are in the language of the call."""

    name: str
    title: str
    description: str
    profiles: tuple[str, ...]
    abis: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TemplatesResult(Result):
    templates: tuple[TemplateEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was asked for on the command line; None is not asked."""

    template: str | None = None
    name: str | None = None
    module: str | None = None
    profile: str | None = None
    abi: str | None = None
    gateway: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def templates(*, lang: str) -> TemplatesResult:
    """The templates that come with hgw."""
    return TemplatesResult(
        templates=tuple(
            TemplateEntry(
                name=template.name,
                title=template.title[lang],
                description=template.description[lang],
                profiles=template.profiles,
                abis=template.abis,
            )
            for template in list_templates()
        )
    )


def init(  # noqa: PLR0913 -- a keyword for each answer
    session: Session,
    *,
    directory: Path,
    template: str | None = None,
    name: str | None = None,
    module: str | None = None,
    profile: str | None = None,
    abi: str | None = None,
    gateway: str | None = None,
    lang: str = "en",
    variables: Mapping[str, str] | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> InitResult:
    """Make a plugin project in `directory` (absolute), which may exist.

    What is None comes from its variable, from the hgw.yaml of a parent folder, or is the default. Nothing is
    written before every name is checked and every file is known not to be in the way.

    Raises:
        UsageError: a name, a profile, an ABI or a variable of the template is not valid.
        ConflictError: a template or a file conflict; `file-exists` names the files.
    """
    chosen = template or session.variable("HGW_TEMPLATE") or scaffold_data()["default"]["template"]
    found = find_template(chosen, path=session.path(chosen))
    answers = _answers(
        session,
        directory=directory,
        template=found,
        wishes=Wishes(name=name, module=module, profile=profile, abi=abi, gateway=gateway, variables=variables or {}),
        lang=lang,
    )
    rendered = render_project(found, answers)
    plan = make_plan(directory, rendered, force=force)
    if not dry_run:
        refuse_conflicts(plan)
        apply_plan(plan)
    return InitResult(
        directory=directory,
        template=found.name,
        variables={
            "name": answers.name,
            "module": answers.module,
            "profile": answers.profile,
            "abi": answers.abi,
            "gateway": answers.gateway,
            "lang": answers.lang,
            **answers.variables,
        },
        files=tuple(InitFile(path=file.path, action=str(file.action)) for file in plan.files),
        dry_run=dry_run,
        next_step=found.next_steps.get(lang, ""),
    )


def _answers(session: Session, *, directory: Path, template: Template, wishes: Wishes, lang: str) -> Answers:
    around = _surroundings(directory)
    default = scaffold_data()["default"]
    usual = default["profile"]
    profile = _setting(
        session,
        around,
        wish=Wish("profile", wishes.profile, lambda settings: settings.profile, PROFILES),
        default=usual if usual in template.profiles else template.profiles[0],
        fits=lambda value: value in template.profiles,
    )
    abis = template.abis_for(profile.value)
    abi = _setting(
        session,
        around,
        wish=Wish("abi", wishes.abi, lambda settings: settings.abi, ABI_CHOICES),
        default=abis[0] if abis else ABI_CHOICES[0],
        fits=lambda value: value in abis or (value == "all" and len(abis) > 1),
    )
    gateway = _setting(
        session,
        around,
        wish=Wish("gateway", wishes.gateway, lambda settings: settings.gateway),
        default=default["gateway"][profile.value],
        fits=lambda _value: _profile_around(around) in (None, profile.value),
    )
    name = (
        check_name(wishes.name, source="--name")
        if wishes.name is not None
        else name_from(directory.name) or default["name"]
    )
    answers = Answers(
        name=name,
        module=check_module_path(wishes.module, source="--module") if wishes.module is not None else name,
        profile=profile.value,
        abi=abi.value,
        gateway=gateway.value,
        lang=lang,
        variables=_variables(template, wishes.variables),
    )
    check_answers(template, answers)
    return answers


def _variables(template: Template, given: Mapping[str, str]) -> dict[str, Any]:
    known = {variable.name for variable in template.variables}
    for name in given:
        if name not in known:
            raise UsageError(
                _("the template {template} has no variable `{name}`; it has: {names}").format(
                    template=template.name, name=name, names=", ".join(sorted(known)) or "-"
                ),
                code="variable-unknown",
            )
    return {
        variable.name: variable_value(variable, given.get(variable.name), source="--set")
        for variable in template.variables
    }


def _surroundings(directory: Path) -> Project:
    """The settings that hold in `directory`, which need not exist yet."""
    own = directory / FILE_NAME
    inherited = next((parent / FILE_NAME for parent in directory.parents if (parent / FILE_NAME).is_file()), None)
    return Project(
        directory=directory,
        own=read_settings(own) if own.is_file() else None,
        inherited=read_settings(inherited) if inherited else None,
    )


def _profile_around(around: Project) -> str | None:
    return next((settings.profile for settings in (around.own, around.inherited) if settings), None)


@dataclass(frozen=True)
class Wish:
    """A setting of hgw.yaml that an option of init may set: its key, what was typed, how a file says it."""

    key: str
    typed: str | None
    read: Callable[[Settings], str | None]
    choices: Sequence[str] = ()


def _setting(
    session: Session, around: Project, *, wish: Wish, default: str, fits: Callable[[str], bool]
) -> Choice[str]:
    """The value that wins. What an hgw.yaml says about other plugins yields where it does not fit this one."""
    variable = f"HGW_{wish.key.upper()}"
    chosen = around.choose(
        lambda settings: value if (value := wish.read(settings)) is not None and fits(value) else None,
        flag=(wish.typed, f"--{wish.key}"),
        variable=(session.variable(variable), variable),
        default=default,
    )
    if wish.choices and chosen.value not in wish.choices:
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=chosen.value, source=chosen.source, choices=", ".join(wish.choices)
            ),
            code="choice-invalid",
            hint=f"--{wish.key} {wish.choices[0]}",
        )
    return chosen
