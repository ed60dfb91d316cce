"""What an image is called and what it says about itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from higress_cli.choice import DEFAULT, Choice, Source, SourceKind
from higress_cli.digest import Sha256
from higress_cli.errors import InvalidInput, ToolError, UsageError
from higress_cli.i18n import _
from higress_cli.oci.image import ANNOTATION, MODULE_ABI, MODULE_DIGEST
from higress_cli.project.project import Project
from higress_cli.project.resolution import name_in_go_mod
from higress_cli.session import Session
from higress_cli.settings.kinds import Unfit
from higress_cli.settings.project import NAME, UNKNOWN_VERSION, VERSION
from higress_cli.settings.resolver import Resolver
from higress_cli.system import process

EPOCH: Final = "SOURCE_DATE_EPOCH"
"""https://reproducible-builds.org/specs/source-date-epoch/"""
_GIT_SECONDS: Final = 10.0
_ALLOWING: Final = "git config --global --add safe.directory"
"""The command that git names where a repository belongs to another user (setup.c, die_upon_dubious_ownership)."""
_KEY: Final = re.compile(r"[A-Za-z0-9]+(?:[._/-][A-Za-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Naming:
    """An image's name and version, each with its source; `revision` is the commit, None where it is not wanted."""

    name: Choice[str]
    version: Choice[str]
    revision: str | None = None
    warnings: tuple[str, ...] = ()


def choose_naming(session: Session, project: Project, settings: Resolver, *, tagged: bool = False) -> Naming:
    """The name and version of a plugin's image. Where it is `tagged`, an unknown version needs no warning.

    Raises:
        InvalidInput: `image-name-missing`: neither hgw.yaml nor go.mod names the plugin.
        UsageError: an option or a variable is invalid.
    """
    name = settings.choose(NAME)
    if name.source.kind is SourceKind.INFERRED and name_in_go_mod(project) is None:
        # A folder is often called `build`, `src` or `workspace`, and another one on each machine.
        raise InvalidInput(
            _("the image has no name: {path} has neither an hgw.yaml with `name` nor a go.mod").format(
                path=project.directory
            ),
            code="image-name-missing",
            hint=_("name it: --name my-plugin"),
            details={"path": project.directory},
        )
    version, version_warnings = _choose_version(session, project, settings)
    revision, revision_warnings = _revision(session, project.directory)
    warnings = (*(() if tagged else version_warnings), *revision_warnings)
    return Naming(name=name, version=version, revision=revision, warnings=warnings)


def annotations(
    *, naming: Naming, abi: str | None, module_sha256: Sha256, given: Mapping[str, str]
) -> Mapping[str, str]:
    """The annotations of an image, without `created`; `given` ones win.

    Raises:
        UsageError: `choice-invalid`: one is no text, such as the name of a folder that is not UTF-8.
    """
    written = {
        f"{ANNOTATION}title": naming.name.value,
        f"{ANNOTATION}version": naming.version.value,
        MODULE_DIGEST: module_sha256,
    }
    if abi is not None:
        written[MODULE_ABI] = abi
    if naming.revision is not None:
        written[f"{ANNOTATION}revision"] = naming.revision
    written |= given
    for key, value in written.items():
        try:
            f"{key}{value}".encode()
        except UnicodeEncodeError as error:
            raise UsageError(
                _("the image's annotation {key} is not text in UTF-8: `{value}`").format(key=key, value=value),
                code="choice-invalid",
                hint="hgw package --name my-plugin" if key == f"{ANNOTATION}title" else None,
            ) from error
    return written


def created(session: Session) -> str | None:
    """The time in SOURCE_DATE_EPOCH, in RFC 3339; None if it is not set.

    Raises:
        UsageError: `choice-invalid`.
    """
    text = session.variable(EPOCH)
    if text is None:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            _("`{value}` (from {source}) is not a number of seconds since 1970").format(value=text, source=EPOCH),
            code="choice-invalid",
            hint=_("for example: {example}").format(example=f"{EPOCH}=1767225600"),
        ) from error


def parse_annotations(texts: tuple[str, ...]) -> Mapping[str, str]:
    """The annotations that were typed as `KEY=VALUE`.

    Raises:
        UsageError: `choice-invalid`.
    """
    found = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not _KEY.fullmatch(key):
            raise UsageError(
                _("`{value}` (from {source}) is not KEY=VALUE").format(value=text, source="--annotation"),
                code="choice-invalid",
                hint=_("for example: {example}").format(
                    example=f"--annotation {ANNOTATION}source=https://example.com/my-plugin"
                ),
            )
        found[key] = value
    return found


def _choose_version(session: Session, project: Project, settings: Resolver) -> tuple[Choice[str], tuple[str, ...]]:
    """The version of an image, and what there is to say about it."""
    version = settings.choose(VERSION)
    if version.value is not None:
        return Choice(version.value, version.source), ()
    try:
        described = _described_by_git(session, project.directory)
        reason = _("no git tag describes the plugin")
    except _GitError as error:
        described, reason = None, str(error)
    if described is not None:
        return Choice(described, Source(SourceKind.INFERRED, "git describe")), ()
    warning = _(
        "the image's version is {version}: hgw.yaml has no `version`, and {reason}; "
        "set one with `--image-version 1.0.0`, or with `version: 1.0.0` in hgw.yaml"
    )
    return Choice(UNKNOWN_VERSION, DEFAULT), (warning.format(version=UNKNOWN_VERSION, reason=reason),)


def _revision(session: Session, directory: Path) -> tuple[str | None, tuple[str, ...]]:
    """The commit where SOURCE_DATE_EPOCH asks for it, and why it is missing if git does not tell it."""
    if session.variable(EPOCH) is None:
        return None, ()
    try:
        return _git(session, directory, "rev-parse", "HEAD"), ()
    except _GitError as error:
        return None, (_("the image has no revision: {reason}").format(reason=error),)


class _GitError(Exception):
    """git does not answer; the text says why."""


def _described_by_git(session: Session, directory: Path) -> str | None:
    """The version that a git tag gives: `1.2.0` at the tag v1.2.0, `1.2.0-3-gHASH` after it; None without one.

    A plugin below the top of a repository may have tags of its own, `FOLDER/v1.2.0` (go.dev/ref/mod#vcs-version).

    Raises:
        _GitError: there is a repository, but git refuses to read it, or there is no git.
    """
    prefix = _git(session, directory, "rev-parse", "--show-prefix")
    if prefix is None:
        return None
    for tags in ([f"{prefix}v[0-9]*"] if prefix else []), ["v[0-9]*", "[0-9]*"]:
        matches = [word for pattern in tags for word in ("--match", pattern)]
        found = _git(session, directory, "describe", "--tags", "--dirty", *matches) if matches else None
        if found:
            return _as_tag(found.removeprefix(prefix))
    return None


def _as_tag(described: str) -> str | None:
    text = re.sub(r"^v(?=\d)", "", described).replace("+", "_")
    try:
        return str(VERSION.kind.parse(text))
    except Unfit:
        return None


def _git(session: Session, directory: Path, *arguments: str) -> str | None:
    """What git prints; None where there is no repository, or none of what was asked for.

    Raises:
        _GitError: git cannot be run, or refuses to read a repository that belongs to another user.
    """
    variables = {**session.variables, "LC_ALL": "C"}
    try:
        done = process.run(["git", "-C", str(directory), *arguments], variables=variables, timeout=_GIT_SECONDS)
    except ToolError as error:
        raise _GitError(error.message) from error
    if done.returncode == 0:
        return done.stdout.strip()
    if allowing := next((line.strip() for line in done.stderr.splitlines() if _ALLOWING in line), None):
        raise _GitError(
            _("git does not read a repository that belongs to another user; to allow it: {command}").format(
                command=allowing
            )
        )
    return None
