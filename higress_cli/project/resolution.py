"""The settings of one folder, from every place that a value can come from, in order of precedence."""

import contextlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from higress_cli.abi import Abi
from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import InvalidInput
from higress_cli.go.mod import read_go_mod
from higress_cli.go.requirements import native_abi, profile_of
from higress_cli.go.usage import Usage, package_files, usage_of
from higress_cli.i18n import _
from higress_cli.profile import Profile
from higress_cli.project.project import Project
from higress_cli.project.settings import Settings
from higress_cli.session import Session
from higress_cli.settings.project import (
    ABI,
    GATEWAY,
    NAME,
    PROFILE,
    TAGS,
    TOOLCHAIN_BINARYEN,
    TOOLCHAIN_GO,
    TOOLCHAIN_TINYGO,
)
from higress_cli.settings.resolver import (
    CommandLine,
    Inferred,
    Resolver,
    Rung,
    Values,
    Variables,
    user_configuration,
)
from higress_cli.settings.setting import Setting
from higress_cli.tool import ToolName

VERSION_OF: Final[Mapping[ToolName, Setting[str | None]]] = {
    ToolName.GO: TOOLCHAIN_GO,
    ToolName.TINYGO: TOOLCHAIN_TINYGO,
    ToolName.BINARYEN: TOOLCHAIN_BINARYEN,
}
"""The setting that holds the version of a tool."""


def settings_of(project: Project, session: Session) -> Resolver:
    """The settings of `project` in this run of hgw.

    hgw.lock comes between the hgw.yaml of a parent folder and what is inferred; nothing reads it yet.
    """
    for path in project.passed_over:
        session.reporter.warn(_("{path} does not count: it belongs to another user").format(path=path), once=True)
    return Resolver(
        rungs=(
            CommandLine(session.given),
            Variables(session.variables),
            _file(project.own, SourceKind.FILE),
            Values(
                Source(SourceKind.BUILDRC, str(project.directory / ".buildrc")),
                {TAGS: project.extra_tags} if project.extra_tags else {},
            ),
            _file(project.inherited, SourceKind.PARENT),
            Values(Source(SourceKind.LOCK, str(project.directory / "hgw.lock")), {}),
            _inferred(project),
            user_configuration(),
        )
    )


def name_in_go_mod(project: Project) -> str | None:
    """The last element of the path of the project's package in its Go module, without a major version such as `/v2`.

    An invalid go.mod is ignored here, and reported by the code that needs it.
    """
    path = None
    with contextlib.suppress(InvalidInput):
        path = read_go_mod(project.go_mod).module if project.go_mod.is_file() else None
    if path and project.go_mod.parent != project.directory:
        return project.directory.name
    elements = [part for part in (path or "").split("/") if part]
    if len(elements) > 1 and re.fullmatch(r"v[0-9]+", elements[-1]):
        elements.pop()
    return elements[-1] if elements else None


def wanted_tools(settings: Resolver) -> dict[ToolName, Choice[str]]:
    """The tool versions that were asked for."""
    chosen = {name: settings.choose(setting) for name, setting in VERSION_OF.items()}
    return {name: Choice(choice.value, choice.source) for name, choice in chosen.items() if choice.value}


def _file(settings: Settings | None, kind: SourceKind) -> Rung:
    if settings is None:
        return Values(Source(kind, ""), {})
    return Values(Source(kind, str(settings.file)), settings.values, settings.lines)


def _usage(project: Project) -> Callable[[], Usage]:
    return lambda: usage_of(package_files(project.directory))


def _inferred(project: Project) -> Rung:
    @cache
    def profile_of_project() -> Choice[Profile] | None:
        """Go if go.mod says so. An invalid go.mod is ignored here, and reported by the code that needs it."""
        with contextlib.suppress(InvalidInput):
            go_mod = read_go_mod(project.go_mod) if project.go_mod.is_file() else None
            if go_mod is not None and profile_of(go_mod, _usage(project)) is Profile.GO:
                return Choice(Profile.GO, Source(SourceKind.INFERRED, "go.mod"))
        return None

    def of_profile(resolver: Resolver) -> tuple[Profile, Source]:
        profile = resolver.choose(PROFILE).value
        return profile, Source(SourceKind.INFERRED, f"profile {profile}")

    def abi(resolver: Resolver) -> Choice[str] | None:
        profile, source = of_profile(resolver)
        if Abi.V0_2_1 in profile.abis:
            return None
        with contextlib.suppress(InvalidInput):
            if project.go_mod.is_file() and (of_sdk := native_abi(read_go_mod(project.go_mod))) not in profile.abis:
                return Choice(of_sdk, Source(SourceKind.INFERRED, "go.mod"))
        return Choice(profile.abis[0], source)

    def gateway(resolver: Resolver) -> Choice[str]:
        profile, source = of_profile(resolver)
        return Choice(profile.gateway, Source(SourceKind.DEFAULT, source.text))

    def name(_resolver: Resolver) -> Choice[str] | None:
        named = name_in_go_mod(project)
        if named is not None:
            return Choice(named, Source(SourceKind.INFERRED, "go.mod"))
        folder = project.directory.name
        return Choice(folder, Source(SourceKind.INFERRED, str(project.directory))) if folder else None

    return Inferred({PROFILE: lambda _resolver: profile_of_project(), ABI: abi, GATEWAY: gateway, NAME: name})
