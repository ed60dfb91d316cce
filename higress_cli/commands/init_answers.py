"""What a new plugin is to be: from what was asked for, the settings around its folder, and defaults."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from higress_cli.abi import ABI_CHOICES, EVERY_ABI
from higress_cli.choice import Choice
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.project.project import Project
from higress_cli.project.settings import FILE_NAME, Settings, read_settings
from higress_cli.scaffold.manifest import Template
from higress_cli.scaffold.names import check_module_path, check_name, module_from, name_from
from higress_cli.scaffold.scaffold import Answers, check_answers, scaffold_data, variable_value
from higress_cli.session import Session


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was asked for; None is not asked. `variables` are answers to the template's own questions, as typed."""

    name: str | None = None
    module: str | None = None
    profile: str | None = None
    abi: str | None = None
    gateway: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Setting:
    """A setting of hgw.yaml that an option of init may set: its key, what was asked for, how a file says it."""

    key: str
    asked: str | None
    read: Callable[[Settings], str | None]
    choices: Sequence[str] = ()


def answers_for(session: Session, *, directory: Path, template: Template, wishes: Wishes, lang: str) -> Answers:
    """The answers for a plugin in `directory`: option, HGW_... variable, hgw.yaml there or above, default.

    Raises:
        UsageError: something is not valid or not supported by the template; nothing has been written then.
    """
    around = _surroundings(directory)
    default = scaffold_data().default
    usual = default.profile
    profile = _chosen(
        session,
        around,
        setting=_Setting("profile", wishes.profile, lambda settings: settings.profile, tuple(Profile)),
        default=usual if usual in template.profiles else template.profiles[0],
        fits=lambda value: value in template.profiles,
    )
    abis = template.abis_for(profile.value)
    abi = _chosen(
        session,
        around,
        setting=_Setting("abi", wishes.abi, lambda settings: settings.abi, ABI_CHOICES),
        default=abis[0] if abis else ABI_CHOICES[0],
        fits=lambda value: value in abis or (value == EVERY_ABI and len(abis) > 1),
    )
    gateway = _chosen(
        session,
        around,
        setting=_Setting("gateway", wishes.gateway, lambda settings: settings.gateway),
        default=Profile(profile.value).gateway,
        fits=lambda _value: _profile_around(around) in (None, profile.value),
    )
    name = (
        check_name(wishes.name, source="--name")
        if wishes.name is not None
        else name_from(directory.name) or default.name
    )
    answers = Answers(
        name=name,
        module=check_module_path(wishes.module, source="--module") if wishes.module is not None else module_from(name),
        profile=profile.value,
        abi=abi.value,
        gateway=gateway.value,
        lang=lang,
        variables=_variables(template, wishes.variables),
    )
    check_answers(template, answers)
    return answers


def _variables(template: Template, given: Mapping[str, str]) -> dict[str, Any]:
    known = template.variables
    for name in given:
        if name not in known:
            raise UsageError(
                _("the template {template} has no variable `{name}`; it has: {names}").format(
                    template=template.name, name=name, names=", ".join(sorted(known)) or "-"
                ),
                code="variable-unknown",
                details={"variable": name, "variables": sorted(known)},
            )
    return {name: variable_value(variable, given.get(name), source="--set") for name, variable in known.items()}


def _surroundings(directory: Path) -> Project:
    """The settings that hold in `directory`, which need not exist yet."""
    own: Settings | None = None
    # One that is not valid is a file in the way like any other: it decides nothing, and --force mends it.
    with contextlib.suppress(InvalidInput):
        own = read_settings(directory / FILE_NAME)
    inherited = next((parent / FILE_NAME for parent in directory.parents if (parent / FILE_NAME).is_file()), None)
    return Project(directory=directory, own=own, inherited=read_settings(inherited) if inherited else None)


def _profile_around(around: Project) -> str | None:
    return next((settings.profile for settings in (around.own, around.inherited) if settings), None)


def _chosen(
    session: Session, around: Project, *, setting: _Setting, default: str, fits: Callable[[str], bool]
) -> Choice[str]:
    """The value that wins. What an hgw.yaml says about other plugins yields where it does not fit this one."""
    variable = f"HGW_{setting.key.upper()}"
    chosen = around.choose(
        lambda settings: value if (value := setting.read(settings)) is not None and fits(value) else None,
        flag=(setting.asked, f"--{setting.key}"),
        variable=(session.variable(variable), variable),
        default=default,
    )
    if setting.choices and chosen.value not in setting.choices:
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=chosen.value, source=chosen.source, choices=", ".join(setting.choices)
            ),
            code="choice-invalid",
            hint=f"--{setting.key} {setting.choices[0]}",
            details={"value": chosen.value, "source": str(chosen.source), "choices": list(setting.choices)},
        )
    return chosen
