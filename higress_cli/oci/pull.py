"""Get an image from a registry as the readers of Higress would: its manifest, its layers and what is in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.digest import ImageDigest
from higress_cli.errors import DownloadError
from higress_cli.i18n import _
from higress_cli.oci.formats import (
    DOCKER_CONFIG,
    INDEXES,
    MANIFESTS,
    OCI_CONFIG,
    Descriptor,
    MalformedImageError,
    digest_of,
)
from higress_cli.oci.layer import MOST_UNPACKED, Layer, is_read, read_layer
from higress_cli.oci.manifest import MOST_BYTES, Index, Manifest, diff_ids, parse_manifest
from higress_cli.oci.readers import Judged, Published, entry_for_gateway, judge, judge_index_alone
from higress_cli.oci.reference import Reference
from higress_cli.oci.registry import Access, Ask, Registry
from higress_cli.oci.store import OtherContentError, Store
from higress_cli.reporter import Activity
from higress_cli.system.web import NoReplyError, TooLongError

_OK: Final = 200
_DIGEST: Final = "docker-content-digest"
_KNOWN: Final = MANIFESTS | INDEXES


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """An image that was read.

    `digest` is that of the manifest for linux/amd64, None if there is none; `index_digest` is that of the index in
    which it is, None if it is in none.
    """

    reference: Reference
    digest: ImageDigest | None
    index_digest: ImageDigest | None
    judged: Judged


@dataclass(frozen=True)
class Source:
    """Where images come from: a registry and the store; `registry` None is offline."""

    registry: Registry | None
    store: Store
    activity: Activity


def pull(reference: Reference, source: Source) -> Pulled:
    """Read an image. Nothing is taken that has another digest than was asked for.

    Raises:
        DownloadError, ConsentError: see `registry_errors`; `image-digest-mismatch`, `image-too-large`,
            `image-invalid`, `offline`.
    """
    try:
        return read_image(reference, source)
    except MalformedImageError as error:
        raise DownloadError(
            _("{image} is not an image that can be read: {reason}").format(image=reference, reason=error),
            code="image-invalid",
            details={"image": str(reference)},
        ) from error


def read_image(reference: Reference, source: Source) -> Pulled:
    """The same, for an image of which all may be in the store.

    Raises:
        MalformedImageError: it is not valid, or a piece of an image without a host is missing.
        DownloadError, ConsentError: as `pull`.
    """
    content, kind = _manifest(reference, source)
    digest = digest_of(content)
    found = parse_manifest(content, content_type=kind)
    if not isinstance(found, Index):
        judged = _judged(reference, found, source)
        return Pulled(reference=reference, digest=digest, index_digest=None, judged=judged)
    entry = entry_for_gateway(found)
    if entry is None:
        return Pulled(reference=reference, digest=None, index_digest=digest, judged=judge_index_alone(found))
    child = _blob(reference, entry, source, kind="manifests")
    manifest = _one(parse_manifest(child, content_type=entry.media_type))
    judged = _judged(reference, manifest, source, index=found)
    return Pulled(reference=reference, digest=entry.digest, index_digest=digest, judged=judged)


def _one(found: Manifest | Index) -> Manifest:
    if isinstance(found, Index):
        raise MalformedImageError(_("its index holds another index"))
    return found


def _judged(reference: Reference, manifest: Manifest, source: Source, *, index: Index | None = None) -> Judged:
    wanted = [layer for layer in manifest.layers if is_read(layer.media_type)]
    if sum(layer.bytes for layer in wanted) > MOST_UNPACKED:
        raise _too_large(str(reference))
    ids = None
    if manifest.config.media_type in {OCI_CONFIG, DOCKER_CONFIG}:
        try:
            ids = diff_ids(_blob(reference, manifest.config, source))
        except MalformedImageError:
            ids = None
    layers = tuple(_layer(reference, layer, source) for layer in manifest.layers)
    return judge(Published(manifest=manifest, layers=layers, index=index, diff_ids=ids))


def _layer(reference: Reference, layer: Descriptor, source: Source) -> Layer:
    if not is_read(layer.media_type):
        return Layer(descriptor=layer)
    with _piece(reference, layer, source, kind="blobs").open("rb") as blob:
        return read_layer(layer, blob)


def _manifest(reference: Reference, source: Source) -> tuple[bytes, str | None]:
    """The manifest or index that a reference names, and what the registry calls it."""
    kept = source.store.get(reference.digest) if reference.digest else None
    if kept is not None:
        return kept.read_bytes(), None
    registry = _online(reference, source, digest=reference.digest)
    ask = Ask(
        method="GET",
        path=f"/v2/{reference.repository}/manifests/{reference.wanted}",
        access=Access(repository=reference.repository),
        headers={"accept": ", ".join(sorted(_KNOWN))},
    )
    try:
        with registry.ask(ask) as reply:
            if reply.status != _OK:
                raise registry.refusal(reply, what=str(reference))
            content = reply.read(most_bytes=MOST_BYTES)
            kind, promised = reply.headers.get("content-type"), reply.headers.get(_DIGEST)
    except TooLongError as error:
        raise _too_large(str(reference)) from error
    except NoReplyError as error:
        raise registry.broken(error) from error
    found = digest_of(content)
    for expected in (reference.digest, promised):
        if expected is not None and expected != found:
            raise _mismatch(str(reference), expected=expected, found=found)
    source.store.put(found, [content], most_bytes=MOST_BYTES)
    return content, (kind or "").partition(";")[0].strip() or None


def _blob(reference: Reference, part: Descriptor, source: Source, *, kind: str = "blobs") -> bytes:
    """A small piece of an image: a configuration or a manifest."""
    if part.bytes > MOST_BYTES:
        raise _too_large(str(reference))
    return _piece(reference, part, source, kind=kind).read_bytes()


def _piece(reference: Reference, part: Descriptor, source: Source, *, kind: str) -> Path:
    """The file of a piece in the store, fetched if it is not there.

    Raises:
        MalformedImageError: the manifest says that it has another size, for which the gateway refuses it
            (go-containerregistry, internal/verify).
    """
    path = source.store.get(part.digest)
    if path is None:
        _fetch(reference, part, source, kind=kind)
        path = source.store.get(part.digest)
    if path is None:
        raise _mismatch(str(reference), expected=part.digest, found=None)
    size = path.stat().st_size
    if size != part.bytes:
        raise MalformedImageError(
            _("{digest} has {size} bytes, and its manifest says {expected}").format(
                digest=part.digest, size=size, expected=part.bytes
            )
        )
    return path


def _fetch(reference: Reference, part: Descriptor, source: Source, *, kind: str) -> None:
    """Put a piece into the store; a connection that breaks in the middle is tried again from the start."""
    registry = _online(reference, source, digest=part.digest)
    ask = Ask(
        method="GET",
        path=f"/v2/{reference.repository}/{kind}/{part.digest}",
        access=Access(repository=reference.repository),
        headers={"accept": part.media_type} if kind == "manifests" else None,
    )
    tries = 0
    while True:
        try:
            with registry.ask(ask) as reply:
                if reply.status != _OK:
                    raise registry.refusal(reply, what=f"{reference} ({part.digest})")
                source.store.put(part.digest, _counted(reply.chunks, part, source.activity), most_bytes=part.bytes)
                return
        except NoReplyError as error:
            seconds = registry.next_wait(tries)
            if seconds is None:
                raise registry.broken(error) from error
            registry.wait(seconds)
            tries += 1
        except OtherContentError as error:
            raise _mismatch(f"{reference} ({part.digest})", expected=part.digest, found=error.found) from error


def _counted(chunks: Callable[[], Iterator[bytes]], part: Descriptor, activity: Activity) -> Iterator[bytes]:
    done = 0
    for chunk in chunks():
        done += len(chunk)
        activity.advance(done, part.bytes)
        yield chunk


def _online(reference: Reference, source: Source, *, digest: ImageDigest | None) -> Registry:
    """The registry to fetch the piece with this digest from."""
    if not reference.host:
        raise MalformedImageError(_("{digest} is missing in it").format(digest=digest))
    if source.registry is None:
        raise DownloadError(
            _("{image} would have to be pulled, and --offline forbids it").format(image=reference),
            code="offline",
            hint=_("pull it once without --offline, and name it by its digest: {example}").format(
                example=f"oci://{reference.host}/{reference.repository}@sha256:..."
            ),
            details={"image": str(reference)},
        )
    return source.registry


def _too_large(what: str) -> DownloadError:
    return DownloadError(
        _("{image} is larger than any plugin: its layers may take 256 MiB, its manifest 4 MiB").format(image=what),
        code="image-too-large",
        details={"image": what},
    )


def _mismatch(what: str, *, expected: str, found: ImageDigest | None) -> DownloadError:
    if found:
        message = _("{image} has the digest {found}, and {expected} was asked for")
    else:
        message = _("{image} is longer than its manifest says, or changed while it was read: {expected} was asked for")
    return DownloadError(
        message.format(image=what, found=found, expected=expected),
        code="image-digest-mismatch",
        hint=_("nothing of it was used; try again, and tell the registry's owner if it happens again"),
        details={"image": what, "found": found, "expected": expected},
    )
