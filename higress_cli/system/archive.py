"""Unpacking archives, never outside their target folder."""

import errno
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from higress_cli.errors import DownloadError
from higress_cli.i18n import _
from higress_cli.system.os_errors import write_error
from higress_cli.system.unpacking import Contradiction, Escape, Unpacked

_ZIPS = frozenset({".zip", ".whl"})
# What the libraries raise for a file that is not what it says. RuntimeError is a zip that is encrypted or compressed in
# an unknown way; RecursionError, OverflowError and struct.error come from headers that contradict themselves.
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OverflowError,
    RuntimeError,
    ValueError,
    Contradiction,
)

# Such a name fits no file system or contradicts another one. On Windows, a long path may be the fault of the folder.
_IMPOSSIBLE_NAMES = frozenset(
    {errno.EINVAL, errno.EILSEQ, errno.ELOOP, errno.ENOTDIR, errno.EEXIST, errno.EISDIR}
    | ({errno.ENAMETOOLONG} if os.name != "nt" else set())
)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz, .tar.xz, .zip or .whl (recognized by its name) into the empty folder `folder`.

    Refuses members outside `folder`, links that lead out of it, and device files; an absolute path in a tar is taken
    as relative to `folder`. Where a member lands is judged here, for every version of Python (see `unpacking`).

    Raises:
        DownloadError: `archive-unsafe` or `archive-damaged`.
        ConflictError: `folder` cannot be written (`write_error`).
    """
    try:
        unpacked = Unpacked(folder)
        (_unpack_zip if archive.suffix in _ZIPS else _unpack_tar)(archive, unpacked)
        unpacked.finish()
    except Escape as error:
        raise _unsafe(archive, str(error)) from error
    except _DAMAGED as error:
        raise _damaged(archive, str(error)) from error
    except OSError as error:
        # Errors that the libraries raise for a damaged archive have no errno; a write has one of a few.
        if error.errno is None or error.errno in _IMPOSSIBLE_NAMES:
            raise _damaged(archive, error.strerror or str(error)) from error
        raise write_error(folder, error) from error


def only_folder(folder: Path) -> Path:
    """The single folder at the top of an unpacked archive, or `folder` itself if there are more."""
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


def _unpack_tar(archive: Path, unpacked: Unpacked) -> None:
    with tarfile.open(archive) as tar:
        for member in _members(tar):
            name = member.name.lstrip("/")
            if member.isdir():
                unpacked.folder(name)
            elif member.issym():
                unpacked.link(name, target=member.linkname)
            elif member.islnk():
                unpacked.hard_link(name, target=member.linkname.lstrip("/"))
            elif member.isreg() and not member.issparse():
                source = tar.extractfile(member)
                assert source is not None  # noqa: S101 -- a regular member has content
                unpacked.file(name, source, size=member.size, mode=member.mode, changed=member.mtime)
            elif member.issparse():
                raise Contradiction(_("{name} is stored with holes").format(name=name))
            else:
                raise Escape(name)


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of a tar, each further on than the one before. Without that, a tar can be endless (CVE-2025-8194)."""
    end = -1
    for member in tar:
        if member.size < 0 or member.offset <= end:
            raise Contradiction(_("{name} has a size that cannot be").format(name=member.name))
        end = member.offset
        yield member


def _unpack_zip(archive: Path, unpacked: Unpacked) -> None:
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            name = member.filename.replace("\\", "/")
            path = PurePosixPath(name)
            mode = member.external_attr >> 16
            special = mode and stat.S_IFMT(mode) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
            if special or path.is_absolute() or ".." in path.parts or (path.parts and ":" in path.parts[0]):
                raise Escape(member.filename)
            if name.endswith("/"):
                unpacked.folder(name)
                continue
            with bundle.open(member) as source:
                unpacked.file(name, source, size=member.file_size, mode=mode)


def _damaged(archive: Path, reason: str) -> DownloadError:
    return DownloadError(
        _("{path} cannot be unpacked: {reason}").format(path=archive, reason=reason),
        code="archive-damaged",
        details={"path": archive},
    )


def _unsafe(archive: Path, member: str) -> DownloadError:
    return DownloadError(
        _("{path} was not unpacked: a member would land outside its folder: {member}").format(
            path=archive, member=member
        ),
        code="archive-unsafe",
        details={"path": archive, "member": member},
    )
