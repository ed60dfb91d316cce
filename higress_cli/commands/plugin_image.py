"""The image of a project's plugin: built if needed, judged as the gateway would judge it, and put together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from higress_cli.abi import EVERY_ABI, Abi
from higress_cli.commands.image_metadata import Naming, annotations, choose_naming, created, parse_annotations
from higress_cli.commands.plugin_module import build_choices, check_plugin, fresh_module, refuse_for_gateway
from higress_cli.compile.choices import Choices
from higress_cli.compile.target import target_faults
from higress_cli.digest import Sha256, sha256_of_bytes
from higress_cli.errors import UsageError
from higress_cli.fault import Fault, Severity, refuse
from higress_cli.i18n import _, listed
from higress_cli.oci.image import MODULE_NAME, Image, PluginFile, make_image
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolution import settings_of
from higress_cli.session import Session
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_bytes
from higress_cli.wasm.abi import abi_of
from higress_cli.wasm.module import Module, read_module
from higress_cli.wasm.verdict import Wanted, findings

_MOST_BYTES: Final = 256 << 20
"""The most that the gateway's agent takes (istio, pkg/wasm/imagefetcher.go)."""
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, kw_only=True)
class ImageWishes:
    """What was asked of an image: files beside the module, typed annotations, and which checks to leave out.

    `tagged` says that its version is only an annotation: each tag that it is pushed under was typed.
    """

    also: tuple[Path, ...] = ()
    annotations: tuple[str, ...] = ()
    build: bool = True
    force: bool = False
    tagged: bool = False


@dataclass(frozen=True, kw_only=True)
class PluginImage:
    """An image of a plugin, and what it was made of."""

    project: Project
    image: Image
    naming: Naming
    abi: Abi | None
    module: Path
    module_sha256: Sha256
    module_bytes: int
    files: tuple[str, ...]
    warnings: tuple[str, ...]


def plugin_image(session: Session, directory: Path, wishes: ImageWishes) -> PluginImage:
    """The image of the plugin in `directory` (absolute).

    Raises:
        UsageError: `abi-not-chosen`, `image-file-invalid`, or a setting is invalid.
        InvalidInput: no plugin, `image-name-missing`, a file or the module cannot be read.
        CheckFailed: the gateway would refuse the module (only a warning with `force`).
        HgwError: whatever `hgw build` raises.
    """
    project = open_project(directory, needs_source=False)
    check_plugin(session, project)
    chosen = build_choices(session, project)
    _refuse_every_abi(chosen)
    given = parse_annotations(wishes.annotations)
    moment = created(session)
    also = tuple(_file(path) for path in wishes.also)
    _refuse_same_names(also)
    naming = choose_naming(session, project, settings_of(project, session), tagged=wishes.tagged)
    fresh = fresh_module(session, project, build=wishes.build, any_abi=wishes.force)
    path, content = fresh.path, _content(fresh.path)
    module = read_module(content, path=path)
    warnings = fresh.warnings + _judge(session, project, chosen, module, force=wishes.force)
    sha256, version = sha256_of_bytes(content), abi_of(module).version
    abi = Abi(version) if version in set(Abi) else None
    written = annotations(naming=naming, abi=abi, module_sha256=sha256, given=given)
    return PluginImage(
        project=project,
        image=make_image(content, also=also, annotations=written, created=moment),
        naming=naming,
        abi=abi,
        module=path,
        module_sha256=sha256,
        module_bytes=len(content),
        files=(MODULE_NAME, *sorted(file.name for file in also)),
        warnings=tuple(dict.fromkeys((*naming.warnings, *warnings))),
    )


def _refuse_every_abi(chosen: Choices) -> None:
    if chosen.abi.value == EVERY_ABI and len(chosen.abis) > 1:
        raise UsageError(
            _("an image holds one module, and ABI {abi} (from {source}) makes {count}").format(
                abi=chosen.abi.value, source=chosen.abi.source, count=len(chosen.abis)
            ),
            code="abi-not-chosen",
            hint=_("say which: {options}").format(options=listed(f"--abi {abi}" for abi in chosen.abis)),
            details={"abis": list(chosen.abis)},
        )


def _judge(session: Session, project: Project, chosen: Choices, module: Module, *, force: bool) -> tuple[str, ...]:
    """The warnings about a module that the gateway takes, or with `force` about any."""
    own = project.has_source
    if not own:
        if force:
            return ()
        return refuse_for_gateway(session, project, module, own=False)
    wanted = Wanted(profile=chosen.profile.value, abi=chosen.abis[0], gateway=chosen.gateway.value)
    faults = (*target_faults(chosen), *findings(module, wanted))
    return refuse(map(_as_warning, faults) if force else faults)


def _as_warning(fault: Fault) -> Fault:
    return replace(fault, severity=Severity.WARNING)


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path, most_bytes=_MOST_BYTES)
    except OSError as error:
        raise read_error(path, error) from error


def _file(path: Path) -> PluginFile:
    """A file for the layer.

    Raises:
        UsageError: `image-file-invalid`.
        InvalidInput: `file-unreadable`.
    """
    if path.suffix.lower() == ".wasm":
        raise _unfit(path, _("a second module: the plugin server refuses images with more than one .wasm file"))
    if len(path.name.encode()) > _LONGEST_NAME:
        raise _unfit(path, _("its name is longer than {count} bytes").format(count=_LONGEST_NAME))
    return PluginFile(name=path.name, content=_content(path))


def _refuse_same_names(also: Sequence[PluginFile]) -> None:
    names = [file.name for file in also]
    for name in names:
        if names.count(name) > 1:
            raise _unfit(Path(name), _("another file of that name is there already"))


def _unfit(path: Path, reason: str) -> UsageError:
    return UsageError(
        _("{path} (from --also) cannot go into the image: {reason}").format(path=path, reason=reason),
        code="image-file-invalid",
        details={"path": path},
    )
