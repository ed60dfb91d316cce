"""The settings that a plugin is built with, each with its source."""

import contextlib
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.abi import EVERY_ABI, NEW_ABI_TAG, Abi
from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.compile.flags import far_reaching
from higress_cli.errors import InvalidInput
from higress_cli.go.mod import go_mod_at, read_go_mod
from higress_cli.go.requirements import native_abi
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.settings.project import ABI, FLAGS, GATEWAY, NAME, OUT_FILE, PROFILE, SIZE_BUDGET, TAGS
from higress_cli.settings.resolver import Resolver

# hgw sets these itself: the output, and the tags, which also select the ABI.
_RESERVED: Final = {"o": OUT_FILE.flag, "tags": TAGS.flag}

_STRIPPING: Final = {Profile.TINYGO: ("-no-debug",), Profile.GO: ("-ldflags=-s -w",)}


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The settings of one build.

    `tags` excludes the tag that selects the ABI. The compiler gets `flags`, followed by `arguments`. `native_abi` is
    the one that a build in profile go makes.
    `size_budget` is in bytes; None means no limit.
    """

    directory: Path
    name: Choice[str]
    profile: Choice[Profile]
    abi: Choice[str]
    gateway: Choice[str]
    out_file: Choice[str]
    tags: Choice[tuple[str, ...]]
    flags: Choice[tuple[str, ...]]
    size_budget: Choice[int | None]
    arguments: tuple[str, ...]
    native_abi: Abi = Abi.V0_2_100

    @property
    def possible_abis(self) -> tuple[Abi, ...]:
        """The ABI versions that the profile can build this plugin for."""
        return (self.native_abi,) if self.profile.value is Profile.GO else self.profile.value.abis

    @property
    def abis(self) -> tuple[Abi, ...]:
        """The ABI versions to build for."""
        return self.possible_abis if self.abi.value == EVERY_ABI else (Abi(self.abi.value),)

    def output(self, abi: Abi) -> Path:
        """The absolute path of the module for an ABI, which is part of the file name when building for `all`."""
        return self._named_for(abi) if self.abi.value == EVERY_ABI else self._plain

    def twin(self, abi: Abi) -> Path:
        """The path that the same module has in a build for `all` if this is a build for one ABI, and vice versa."""
        return self._plain if self.abi.value == EVERY_ABI else self._named_for(abi)

    @property
    def _plain(self) -> Path:
        return Path(os.path.normpath(self.directory / self.out_file.value))

    def _named_for(self, abi: Abi) -> Path:
        return self._plain.with_name(f"{self._plain.stem}-{abi}{self._plain.suffix or '.wasm'}")


def choose(settings: Resolver, *, directory: Path, arguments: Sequence[str] = (), debug: bool = True) -> Choices:
    """The settings of a build in `directory`; `arguments` are extra compiler arguments.

    Without `debug`, the module gets neither debugging information nor names of functions.

    Raises:
        UsageError: `choice-invalid` and the like; `flag-reserved` for a flag from the command line or a variable.
        InvalidInput: `flag-reserved` for a flag from a file; `flag-inherited` for one that only the plugin's own
            hgw.yaml may have.
    """
    tags = settings.choose(TAGS)
    flags = settings.choose(FLAGS)
    _refuse_reserved(flags.value, source=flags.source)
    _refuse_inherited(flags, directory=directory)
    _refuse_reserved(arguments, source=Source(SourceKind.FLAG, "--"))
    return Choices(
        directory=directory,
        name=settings.choose(NAME),
        profile=settings.choose(PROFILE),
        abi=settings.choose(ABI),
        gateway=settings.choose(GATEWAY),
        out_file=settings.choose(OUT_FILE),
        tags=Choice(tuple(tag for tag in tags.value if tag != NEW_ABI_TAG), tags.source),
        flags=flags,
        size_budget=settings.choose(SIZE_BUDGET),
        arguments=(*(() if debug else _STRIPPING[settings.choose(PROFILE).value]), *arguments),
        native_abi=_native_abi(directory) if settings.choose(PROFILE).value is Profile.GO else Abi.V0_2_100,
    )


def _native_abi(directory: Path) -> Abi:
    """The ABI that the SDK in go.mod declares; without a readable go.mod, that of Higress's."""
    go_mod = go_mod_at(directory)
    with contextlib.suppress(InvalidInput):
        if go_mod.is_file():
            return native_abi(read_go_mod(go_mod))
    return Abi.V0_2_100


def _refuse_inherited(flags: Choice[tuple[str, ...]], *, directory: Path) -> None:
    """Refuse compiler arguments from a parent folder that can run programs or write anywhere."""
    reach = far_reaching(flags.value) if flags.source.kind is SourceKind.PARENT else ()
    if reach:
        raise InvalidInput(
            _("{path} may not give the compiler {arguments}, which can run programs or write files").format(
                path=flags.source, arguments=shlex.join(reach)
            ),
            code="flag-inherited",
            hint=_("put it into {path}, or type it: hgw build -- {arguments}").format(
                path=directory / "hgw.yaml", arguments=shlex.join(flags.value)
            ),
            details={"flags": reach, "source": flags.source},
        )


def _refuse_reserved(flags: Sequence[str], *, source: Source) -> None:
    for flag in flags:
        name = flag.lstrip("-").partition("=")[0]
        if flag.startswith("-") and name in _RESERVED:
            raise source.refusal(
                _("`{flag}` (from {source}) is set by hgw itself").format(flag=flag, source=source),
                code="flag-reserved",
                hint=_("use {option}").format(option=_RESERVED[name]),
                details={"flag": flag, "source": source},
            )
