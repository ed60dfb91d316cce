"""`hgw package`: write the image of a plugin to a file."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.choice import Choice
from higress_cli.commands.plugin_image import ImageWishes, PluginImage, plugin_image
from higress_cli.digest import ImageDigest, Sha256
from higress_cli.errors import ConflictError
from higress_cli.i18n import _
from higress_cli.oci.formats import LAYOUT_MARKER, Descriptor
from higress_cli.oci.layout import layout_files, layout_tar
from higress_cli.result import Result
from higress_cli.session import Session
from higress_cli.system.fs import write_atomically
from higress_cli.system.os_errors import write_error
from higress_cli.system.staging import reveal, staging_folder

_FOLDER: Final = "dist"


@dataclass(frozen=True, kw_only=True)
class PackageResult(Result):
    """An image that was written to a file or a folder."""

    path: Path
    """The file or folder, absolute."""
    digest: ImageDigest
    """The digest of the manifest, `sha256:HEX`."""
    bytes: int
    """The size of all that a registry keeps of the image."""
    name: Choice[str]
    """What the image is called."""
    version: Choice[str]
    """Its version."""
    abi: Abi | None
    """The ABI of the module; null if it declares none that a gateway knows."""
    module: Path
    """The module, absolute."""
    module_sha256: Sha256
    """The digest of the module."""
    module_bytes: int
    """The module's size."""
    files: tuple[str, ...]
    """What the layer holds."""
    layers: tuple[Descriptor, ...]
    """The layer, as in the manifest."""
    annotations: dict[str, str]
    """The annotations of the manifest."""


def package(session: Session, *, directory: Path, wishes: ImageWishes, out: Path | None = None) -> PackageResult:
    """Write the image of the plugin in `directory` to `out` (absolute), a .tar file or a folder.

    Raises:
        ConflictError: `image-out-taken`: `out` is a folder with something else in it; or it cannot be written.
        HgwError: whatever `plugin_image` raises.
    """
    made = plugin_image(session, directory, wishes)
    target = out or directory / _FOLDER / file_name(made)
    _write(made, target)
    return PackageResult(
        path=target,
        digest=made.image.digest,
        bytes=made.image.bytes,
        name=made.naming.name,
        version=made.naming.version,
        abi=made.abi,
        module=made.module,
        module_sha256=made.module_sha256,
        module_bytes=made.module_bytes,
        files=made.files,
        layers=made.image.layers,
        annotations=dict(made.image.annotations),
        warnings=made.warnings,
    )


def file_name(made: PluginImage) -> str:
    """`NAME-VERSION.oci.tar`, with only characters that every file system takes."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", made.naming.name.value).strip("-.") or "plugin"
    return f"{name}-{made.naming.version.value}.oci.tar"


def _write(made: PluginImage, target: Path) -> None:
    tag = made.naming.version.value
    try:
        if target.suffix == ".tar":
            write_atomically(target, layout_tar(made.image, tag=tag))
            return
        _refuse_taken(target)
        with staging_folder(target) as folder:
            staged = folder / target.name
            for file in layout_files(made.image, tag=tag):
                path = staged / file.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.content)
            reveal(staged, target)
    except OSError as error:
        raise write_error(target, error) from error


def _refuse_taken(target: Path) -> None:
    """Check that replacing `target` loses nothing but an older image."""
    if not target.exists() or (target / LAYOUT_MARKER).is_file():
        return
    if target.is_dir() and not any(target.iterdir()):
        return
    raise ConflictError(
        _("{path} holds something other than an image").format(path=target),
        code="image-out-taken",
        hint=_("name a new folder, or a file that ends in .tar"),
        details={"path": target},
    )
