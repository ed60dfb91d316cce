"""Which settings a build of one plugin goes by, each with who chose it."""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from higress_cli.abi import ABI_CHOICES, EVERY_ABI, NEW_ABI_TAG, Abi
from higress_cli.choice import DEFAULT, Choice, Source, SourceKind
from higress_cli.errors import UsageError
from higress_cli.go.mod import GoMod
from higress_cli.go.requirements import fits
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.project.project import Project
from higress_cli.project.settings import Settings

T = TypeVar("T")

_OUT_FILE: Final = "main.wasm"
_GO_MOD: Final = Source(SourceKind.INFERRED, "go.mod")
# They belong to hgw: where the result goes, and tags that decide about the ABI.
_RESERVED: Final = {"o": "--out-file", "tags": "--tags"}


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was said on the command line; None is nothing."""

    profile: str | None = None
    abi: str | None = None
    out_file: str | None = None
    tags: tuple[str, ...] | None = None
    flags: tuple[str, ...] | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Choices:
    """`tags` are without the ABI's own; `flags` go to the compiler, and after them `arguments`."""

    directory: Path
    profile: Choice[str]
    abi: Choice[str]
    out_file: Choice[str]
    tags: Choice[tuple[str, ...]]
    flags: Choice[tuple[str, ...]]
    arguments: tuple[str, ...]

    @property
    def abis(self) -> tuple[Abi, ...]:
        """The ABI versions to build for."""
        if self.abi.value == EVERY_ABI:
            return Profile(self.profile.value).abis
        return (Abi(self.abi.value),)

    def output(self, abi: str) -> Path:
        """The absolute path of the module; with `all` the ABI becomes a part of its name."""
        path = Path(os.path.normpath(self.directory / self.out_file.value))
        if self.abi.value == "all":
            return path.with_name(f"{path.stem}-{abi}{path.suffix or '.wasm'}")
        return path


def choose(project: Project, *, given: Given, variables: Mapping[str, str], go_mod: GoMod | None) -> Choices:
    """The settings of a build: command line, HGW_... variable, hgw.yaml, .buildrc, parent folder, default.

    Raises:
        UsageError: `choice-invalid`, `flag-reserved`, `abi-not-for-profile` for what was typed or is in a variable.
        InvalidInput: `flag-reserved`, `abi-not-for-profile` for what a file says.
    """
    profile = _one_of(
        project.choose(
            lambda settings: settings.profile,
            flag=(given.profile, "--profile"),
            variable=_variable(variables, "HGW_PROFILE"),
            default=_profile_of(go_mod),
            default_source=_GO_MOD if _profile_of(go_mod) is Profile.GO else DEFAULT,
        ),
        tuple(Profile),
    )
    variable_tags = _split(variables.get("HGW_TAGS"))
    tags = project.choose(
        lambda settings: settings.tags,
        flag=(given.tags, "--tags"),
        variable=(variable_tags, "HGW_TAGS"),
        buildrc=project.extra_tags or None,
        default=(),
    )
    flags = project.choose(
        lambda settings: settings.flags,
        flag=(given.flags, "--flags"),
        variable=(_words(variables.get("HGW_FLAGS")), "HGW_FLAGS"),
        default=(),
    )
    _refuse_reserved(flags.value, source=flags.source)
    _refuse_reserved(given.arguments, source=Source(SourceKind.FLAG, "--"))
    return Choices(
        directory=project.directory,
        profile=profile,
        abi=_abi(project, given=given, variables=variables, variable_tags=variable_tags, profile=profile),
        out_file=project.choose(
            lambda settings: settings.out_file,
            flag=(given.out_file, "--out-file"),
            variable=_variable(variables, "HGW_OUT_FILE"),
            default=_OUT_FILE,
        ),
        tags=Choice(tuple(tag for tag in tags.value if tag != NEW_ABI_TAG), tags.source),
        flags=flags,
        arguments=given.arguments,
    )


def _abi(
    project: Project,
    *,
    given: Given,
    variables: Mapping[str, str],
    variable_tags: tuple[str, ...] | None,
    profile: Choice[str],
) -> Choice[str]:
    """On each level an ABI that is named comes before one that the tags imply."""

    def of(settings: Settings) -> str | None:
        return settings.abi or _implied(settings.tags)

    named = _variable(variables, "HGW_ABI")
    native = profile.value == Profile.GO
    abi = _one_of(
        project.choose(
            of,
            flag=(given.abi, "--abi") if given.abi else (_implied(given.tags), "--tags"),
            variable=named if named[0] else (_implied(variable_tags), "HGW_TAGS"),
            buildrc=_implied(project.extra_tags),
            default=Profile(profile.value).abis[0],
            default_source=Source(SourceKind.INFERRED, f"profile {profile.value}") if native else DEFAULT,
        ),
        ABI_CHOICES,
    )
    if native and abi.value == Abi.V0_2_1:
        raise abi.source.refusal(
            _(
                "ABI {abi} (from {source}) does not go with profile go (from {other}): native Go always makes {native}"
            ).format(abi=abi.value, source=abi.source, other=profile.source, native=Abi.V0_2_100),
            code="abi-not-for-profile",
            hint=f"hgw build --abi {Abi.V0_2_100}",
            details={"abi": abi.value, "abi_source": abi.source, "profile_source": profile.source},
        )
    return abi


def _implied(tags: Sequence[str] | None) -> str | None:
    return Abi.V0_2_100 if tags and NEW_ABI_TAG in tags else None


def _profile_of(go_mod: GoMod | None) -> Profile:
    """What a project that does not say it is for: native Go where its modules work there and not with TinyGo."""
    if go_mod is None:
        return Profile.TINYGO
    is_native = fits(go_mod, profile=Profile.GO) and not fits(go_mod, profile=Profile.TINYGO)
    return Profile.GO if is_native else Profile.TINYGO


def _variable(variables: Mapping[str, str], name: str) -> tuple[str | None, str]:
    return variables.get(name) or None, name


def _split(text: str | None) -> tuple[str, ...] | None:
    """Tags as the compilers take them: separated by commas or spaces."""
    return tuple(re.split(r"[,\s]+", text.strip(", \t"))) if text and text.strip(", \t") else None


def split_tags(given: Sequence[str] | None) -> tuple[str, ...] | None:
    """The values of a repeatable option, each of which may hold several tags."""
    return tuple(tag for value in given for tag in _split(value) or ()) if given else None


def _words(text: str | None) -> tuple[str, ...] | None:
    if not text:
        return None
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(
            _("HGW_FLAGS={value}: {reason}").format(value=text, reason=error), code="choice-invalid"
        ) from error


def _one_of(choice: Choice[str], choices: Sequence[str]) -> Choice[str]:
    if choice.value not in choices:
        raise UsageError(
            _("`{value}` (from {source}) is none of: {choices}").format(
                value=choice.value, source=choice.source, choices=", ".join(choices)
            ),
            code="choice-invalid",
            details={"value": choice.value, "source": choice.source, "choices": list(choices)},
        )
    return choice


def _refuse_reserved(flags: Sequence[str], *, source: Source) -> None:
    for flag in flags:
        name = flag.lstrip("-").partition("=")[0]
        if flag.startswith("-") and name in _RESERVED:
            raise source.refusal(
                _("`{flag}` (from {source}) is for hgw to set").format(flag=flag, source=source),
                code="flag-reserved",
                hint=_("use {option}").format(option=_RESERVED[name]),
                details={"flag": flag, "source": source},
            )
