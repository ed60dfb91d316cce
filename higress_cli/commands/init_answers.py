"""The properties of a new plugin, from the user's wishes, the settings that apply in its folder, and defaults."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.abi import EVERY_ABI
from higress_cli.choice import Choice
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.i18n import _, listed
from higress_cli.profile import Profile
from higress_cli.project.project import Project
from higress_cli.project.resolution import settings_of
from higress_cli.project.settings import FILE_NAME, Settings, read_settings
from higress_cli.scaffold.manifest import Template
from higress_cli.scaffold.names import check_module_path, check_name, module_from, name_from, proposes_name
from higress_cli.scaffold.scaffold import Answers, check_answers, scaffold_data, variable_value
from higress_cli.session import Session
from higress_cli.settings.project import ABI, GATEWAY, NAME, PROFILE
from higress_cli.settings.resolver import Resolver
from higress_cli.spelling import did_you_mean
from higress_cli.wasm.host_functions import is_older

_CI_LAYERS: Final = {"github": "ci-github", "gitlab": "ci-gitlab"}
_EDITOR_LAYERS: Final = {"vscode": "vscode"}


@dataclass(frozen=True, kw_only=True)
class Additions:
    """What is created on request: files for CI systems, editors and a devcontainer, and a git repository.

    `git` is None where nobody has said whether there should be one: then there is none.
    """

    ci: str | None = None
    editor: str | None = None
    devcontainer: bool = False
    git: bool | None = None

    @property
    def layers(self) -> tuple[str, ...]:
        return (
            *([_CI_LAYERS[self.ci]] if self.ci else []),
            *([_EDITOR_LAYERS[self.editor]] if self.editor else []),
            *(["devcontainer"] if self.devcontainer else []),
        )


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """The user's wishes that are not settings: the path of the Go module (or None) and the language of comments.

    `variables` are the answers to the template's own questions, as typed.
    """

    module: str | None = None
    lang: str = "en"
    variables: Mapping[str, str] = field(default_factory=dict)
    additions: Additions = field(default_factory=Additions)


def answers_for(session: Session, *, directory: Path, template: Template, wishes: Wishes) -> Answers:
    """The answers for a plugin in `directory`. Values of an hgw.yaml that do not fit this plugin are ignored.

    Raises:
        UsageError: an answer is invalid or not supported by the template.
    """
    around = _project_at(directory)
    settings = settings_of(around, session)
    profile = settings.choose(
        PROFILE,
        fits=lambda value: value in template.profiles,
        default=Choice(PROFILE.default if PROFILE.default in template.profiles else template.profiles[0]),
    )
    abis = template.abis_for(profile.value)
    settings = settings.fixed({PROFILE: profile})
    abi = settings.choose(
        ABI,
        fits=lambda value: value in abis or (value == EVERY_ABI and len(abis) > 1),
        default=Choice(abis[0] if abis else ABI.default),
    )
    gateway = settings.choose(
        GATEWAY,
        fits=lambda value: _is_for(around, profile.value, value),
        default=Choice(profile.value.gateway),
    )
    name = _name(settings)
    answers = Answers(
        name=name,
        module=check_module_path(wishes.module, source="--module") if wishes.module is not None else module_from(name),
        profile=profile.value,
        abi=abi.value,
        gateway=gateway.value,
        lang=wishes.lang,
        variables=_variables(template, wishes.variables),
    )
    check_answers(template, answers)
    return answers


def _name(settings: Resolver) -> str:
    """The name that was asked for, or a valid name derived from the folder's."""
    usual = Choice(scaffold_data().default.name)
    named = settings.choose(NAME, fits=proposes_name, default=usual)
    return check_name(named.value, source=str(named.source)) if named.source.is_typed else name_from(named.value)


def _is_for(around: Project, profile: Profile, gateway: str) -> bool:
    """Whether a gateway version in an hgw.yaml applies to plugins of this profile."""
    named = (settings.get(PROFILE) for settings in (around.own, around.inherited) if settings)
    oldest = profile.oldest_gateway
    return next(named, None) in (None, profile) and (oldest is None or not is_older(gateway, oldest))


def _variables(template: Template, given: Mapping[str, str]) -> dict[str, object]:
    known = template.variables
    for name in given:
        if name not in known:
            raise UsageError(
                (
                    _("the template {template} has no variable `{name}`; it has: {names}")
                    if known
                    else _("the template {template} has no variables, and so no `{name}`")
                ).format(template=template.name, name=name, names=listed(sorted(known))),
                code="variable-unknown",
                hint=did_you_mean(name, list(known)),
                details={"variable": name, "variables": sorted(known)},
            )
    return {name: variable_value(variable, given.get(name), source="--set") for name, variable in known.items()}


def _project_at(directory: Path) -> Project:
    """The settings that apply in `directory`, which may not exist yet."""
    own: Settings | None = None
    # An invalid hgw.yaml is ignored: it conflicts like any other existing file, and --force replaces it.
    with contextlib.suppress(InvalidInput):
        own = read_settings(directory / FILE_NAME)
    inherited = next((parent / FILE_NAME for parent in directory.parents if (parent / FILE_NAME).is_file()), None)
    return Project(directory=directory, own=own, inherited=read_settings(inherited) if inherited else None)
