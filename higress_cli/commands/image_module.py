"""The module of a published plugin, pulled from a registry, and what the readers of Higress make of its image."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.commands.registries import Registries
from higress_cli.digest import ImageDigest
from higress_cli.errors import CheckFailed, InvalidInput
from higress_cli.gateway.plugin import GivenModule, module_missing
from higress_cli.i18n import _
from higress_cli.oci.formats import MalformedImageError, digest_of, may_be_layout
from higress_cli.oci.layout import read_layout
from higress_cli.oci.pull import Pulled, Source, pull, read_image
from higress_cli.oci.readers import Reader, Verdict, reader_name
from higress_cli.oci.reference import SCHEME, Reference, is_reference, names_image, parse_reference
from higress_cli.oci.store import Store
from higress_cli.reporter import SilentActivity
from higress_cli.session import Session
from higress_cli.system.os_errors import read_error
from higress_cli.wasm.binary import MAGIC
from higress_cli.wasm.module import read_module

_FOLDER: Final = "oci"


@dataclass(frozen=True, kw_only=True)
class ImageModule:
    """The module of an image: `path` is a file in the cache with exactly its bytes, `digest` that of the manifest."""

    path: Path
    content: bytes
    digest: ImageDigest
    verdicts: tuple[Verdict, ...]
    warnings: tuple[str, ...]


def image_store(cache: Path) -> Store:
    """Where pulled images are kept; `cache` is hgw's cache folder."""
    return Store(cache / _FOLDER)


def module_of_image(session: Session, address: str) -> ImageModule:
    """The module that a gateway gets from the image at `address`, with or without oci://.

    Raises:
        UsageError: `reference-invalid`.
        CheckFailed: `image-refused`: the gateway would not take the image.
        DownloadError, ConsentError: see `oci.pull`.
    """
    return _for_gateway(session, look_at_image(session, address))


def module_of_layout(session: Session, path: Path) -> ImageModule:
    """The module that a gateway gets from the image in an OCI layout: a folder, or a tar archive as of `hgw package`.

    Raises:
        InvalidInput: `layout-invalid`, `file-unreadable`.
        CheckFailed: `image-refused`.
    """
    store = image_store(session.dirs.cache)
    try:
        reference = Reference(host="", repository=str(path), digest=read_layout(path, store))
        pulled = read_image(reference, Source(registry=None, store=store, activity=SilentActivity()))
    except OSError as error:
        raise read_error(path, error) from error
    except MalformedImageError as error:
        raise InvalidInput(
            _("{path} is not an image that can be read: {reason}").format(path=path, reason=error),
            code="layout-invalid",
            details={"path": path},
        ) from error
    return _for_gateway(session, pulled)


def look_at_image(session: Session, address: str) -> Pulled:
    """The image at `address`, pulled and judged.

    Raises:
        UsageError: `reference-invalid`.
        DownloadError, ConsentError: see `oci.pull`.
    """
    reference = parse_reference(address)
    store = image_store(session.dirs.cache)
    with Registries(session) as registries:
        registry = None if session.offline else registries.at(reference.host)
        with session.reporter.activity(_("Pulling {image}").format(image=reference)) as activity:
            if registry is not None:
                registry.activity = activity
            return pull(reference, Source(registry=registry, store=store, activity=activity))


def module_named(session: Session, text: str, *, option: str) -> tuple[GivenModule, tuple[str, ...]]:
    """The module that `option` names by its path or as an image, and warnings about it.

    Raises:
        InvalidInput: `module-missing`, `wasm-invalid`.
        HgwError: see `module_of_image`.
    """
    if not is_reference(text):
        path = session.path(text)
        if not path.exists():
            as_image = _("an image is named like this: {example}").format(example=f"{option} {SCHEME}{text}")
            raise module_missing(path, hint=as_image if names_image(text) else _("give the path of a file that exists"))
        if may_be_layout(path):
            inside = module_of_layout(session, path)
            return GivenModule(path=inside.path, image=str(path)), inside.warnings
        _check_is_wasm(path)
        return GivenModule(path=path), ()
    found = module_of_image(session, text)
    return GivenModule(path=found.path, image=text), found.warnings


def image_refused(pulled: Pulled) -> CheckFailed:
    """The error for an image that the gateway does not take."""
    verdict = next(item for item in pulled.judged.verdicts if item.reader is Reader.GATEWAY)
    error = CheckFailed(
        _("the gateway would refuse this image: {reason}").format(reason=verdict.reason),
        code="image-refused",
        hint=_("an image that every reader takes: hgw push"),
        details={
            "image": str(pulled.reference),
            "gateway_says": verdict.says,
            "verdicts": [
                {"reader": item.reader.value, "accepted": item.accepted, "reason": item.reason}
                for item in pulled.judged.verdicts
            ],
        },
    )
    error.warnings = tuple(
        _("{reader} refuses it: {reason}").format(reader=reader_name(item.reader), reason=item.reason)
        if item.reason
        else _("{reader} accepts it").format(reader=reader_name(item.reader))
        for item in pulled.judged.verdicts
        if item is not verdict
    )
    return error


def _for_gateway(session: Session, pulled: Pulled) -> ImageModule:
    verdicts, module = pulled.judged.verdicts, pulled.judged.module
    if module is None or pulled.digest is None:
        raise image_refused(pulled)
    store = image_store(session.dirs.cache)
    digest = digest_of(module.content)
    path = store.get(digest) or store.put(digest, [module.content], most_bytes=len(module.content))
    store.trim()
    return ImageModule(
        path=path,
        content=module.content,
        digest=pulled.digest,
        verdicts=verdicts,
        warnings=_warnings(pulled),
    )


def _check_is_wasm(path: Path) -> None:
    """Check the first bytes of a file that the user named; whoever reads the module judges the others.

    Raises:
        InvalidInput: `wasm-invalid`.
    """
    head = MAGIC
    with contextlib.suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(len(MAGIC))
    if head == MAGIC:
        return
    try:
        read_module(head, path=path)
    except InvalidInput as error:
        # Any file can be typed here, so the catalogue's advice to build the plugin would not change anything.
        error.hint = _("give a module, such as the main.wasm that hgw build makes of Go source")
        raise


def _warnings(pulled: Pulled) -> tuple[str, ...]:
    reference = pulled.reference
    if reference.host and pulled.index_digest is not None and reference.digest == pulled.index_digest:
        return (
            _(
                "{image} is the digest of an index: the gateway compares it with that of the image for linux/amd64 and "
                "refuses it; name {digest}"
            ).format(image=reference, digest=pulled.digest),
        )
    return ()
