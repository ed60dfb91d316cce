"""What is in a layer: its modules, and the digest of the unpacked layer. Nothing is unpacked to the disk."""

import gzip
import hashlib
import tarfile
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from io import BufferedIOBase
from typing import Final

from higress_cli.digest import ImageDigest, Sha256, image_digest
from higress_cli.oci.formats import GZIPPED_TARS, RAW_MODULE, Descriptor

MOST_UNPACKED: Final = 256 << 20
"""The gateway's agent stops there too (istio, pkg/wasm/imagefetcher.go)."""
_PLAIN_TAR: Final = "application/vnd.oci.image.layer.v1.tar"
_CHUNK: Final = 1 << 20


class LayerProblem(StrEnum):
    """Why a layer cannot be read."""

    NOT_GZIP = "not-gzip"
    NOT_TAR = "not-tar"
    TOO_LARGE = "too-large"


@dataclass(frozen=True, kw_only=True)
class ModuleFile:
    """A file whose name ends in .wasm; `content` is empty where it is a link."""

    name: str
    content: bytes = field(repr=False)

    @property
    def base(self) -> str:
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer that was read. `diff_id` is the digest of the unpacked layer, None where hgw cannot unpack it."""

    descriptor: Descriptor
    modules: tuple[ModuleFile, ...] = ()
    diff_id: ImageDigest | None = None
    problem: LayerProblem | None = None


def is_read(media_type: str) -> bool:
    """Whether modules can be in a layer of this type."""
    return media_type in GZIPPED_TARS or media_type in {RAW_MODULE, _PLAIN_TAR}


def read_layer(descriptor: Descriptor, blob: BufferedIOBase, *, most_unpacked: int = MOST_UNPACKED) -> Layer:
    """Read a layer from its content, which has the digest that `descriptor` says."""
    if descriptor.media_type == RAW_MODULE:
        content = blob.read(most_unpacked + 1)
        if len(content) > most_unpacked:
            return Layer(descriptor=descriptor, problem=LayerProblem.TOO_LARGE)
        return Layer(descriptor=descriptor, modules=(ModuleFile(name="", content=content),))
    if descriptor.media_type in GZIPPED_TARS:
        return _read_tar(descriptor, gzip.GzipFile(fileobj=blob), most_unpacked)
    if descriptor.media_type == _PLAIN_TAR:
        return _read_tar(descriptor, blob, most_unpacked)
    return Layer(descriptor=descriptor)


class _TooLargeError(Exception):
    """More came out of a layer than is read."""


class _Unpacked:
    """The unpacked layer, counted and hashed as it is read."""

    def __init__(self, source: BufferedIOBase, most: int) -> None:
        self._source = source
        self._left = most
        self._hash = hashlib.sha256()

    def read(self, count: int) -> bytes:
        chunk = self._source.read1(count)  # what comes before a fault is not lost
        self._left -= len(chunk)
        if self._left < 0:
            raise _TooLargeError
        self._hash.update(chunk)
        return chunk

    def digest(self) -> ImageDigest:
        """The digest of what was read."""
        return image_digest(Sha256(self._hash.hexdigest()))

    def drain(self) -> None:
        while self.read(_CHUNK):
            pass


def _read_tar(descriptor: Descriptor, source: BufferedIOBase, most: int) -> Layer:
    unpacked = _Unpacked(source, most)
    modules: list[ModuleFile] = []
    problem = None
    try:
        _collect(modules, unpacked)
    except _TooLargeError:
        problem = LayerProblem.TOO_LARGE
    except (EOFError, gzip.BadGzipFile, zlib.error):
        problem = LayerProblem.NOT_GZIP
    except (tarfile.TarError, ValueError, OverflowError, RecursionError):
        problem = LayerProblem.NOT_TAR
    return Layer(
        descriptor=descriptor,
        modules=tuple(modules),
        diff_id=None if problem else unpacked.digest(),
        problem=problem,
    )


def _collect(modules: list[ModuleFile], unpacked: _Unpacked) -> None:
    """Read the layer to its end. What was found before a fault counts: readers may stop before they reach it."""
    with tarfile.open(fileobj=unpacked, mode="r|", bufsize=_CHUNK) as tar:  # type: ignore[call-overload] # only read() is called
        for entry in tar:
            if entry.name.endswith(".wasm"):
                file = tar.extractfile(entry) if entry.isreg() else None
                modules.append(ModuleFile(name=entry.name, content=file.read() if file else b""))
            tar.members = []  # a layer of a million entries would fill the memory
    unpacked.drain()
