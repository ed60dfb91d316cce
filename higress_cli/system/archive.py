"""Unpacking archives, never outside their target folder."""

import lzma
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Any

from higress_cli.errors import DownloadError
from higress_cli.i18n import _
from higress_cli.system.writing import write_error


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz, .tar.xz, .zip or .whl (recognized by its name) into the empty folder `folder`.

    Refuses members outside `folder`, links that lead out of it, and device files; an absolute path in a tar is taken
    as relative to `folder`.

    Raises:
        DownloadError: `archive-unsafe` or `archive-damaged`.
        ConflictError: `folder` cannot be written (`write_error`).
    """
    library = _tar_library()
    try:
        if archive.suffix in {".zip", ".whl"}:
            _unpack_zip(archive, folder)
        else:
            with library.open(archive) as tar:
                tar.extractall(folder, filter="data")
    except library.FilterError as error:
        raise _unsafe(archive, str(error)) from error
    except (
        library.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        RuntimeError,  # a zip that is encrypted or uses an unsupported compression
    ) as error:
        # Errors that the libraries raise for a damaged archive have no errno.
        if isinstance(error, OSError) and error.errno is not None:
            raise write_error(folder, error) from error
        raise DownloadError(
            _("{path} cannot be unpacked: {reason}").format(path=archive, reason=error),
            code="archive-damaged",
            details={"path": archive},
        ) from error


def only_folder(folder: Path) -> Path:
    """The single folder at the top of an unpacked archive, or `folder` itself if there are more."""
    entries = list(folder.iterdir())
    return entries[0] if len(entries) == 1 and entries[0].is_dir() else folder


def _tar_library() -> Any:
    """The standard library's tarfile, or its backport if this Python's has no filters yet.

    Filters came with 3.11.4; Debian 12 has 3.11.2.
    """
    if hasattr(tarfile, "data_filter"):
        return tarfile
    from backports import tarfile as newer

    return newer


def _unpack_zip(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as bundle:
        for member in bundle.infolist():
            name = PurePosixPath(member.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts or (name.parts and ":" in name.parts[0]):
                raise _unsafe(archive, member.filename)
            mode = member.external_attr >> 16
            if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and stat.S_IFMT(mode):
                raise _unsafe(archive, member.filename)
            written = Path(bundle.extract(member, folder))
            if mode & stat.S_IXUSR and written.is_file():
                written.chmod(written.stat().st_mode | 0o111)


def _unsafe(archive: Path, member: str) -> DownloadError:
    return DownloadError(
        _("{path} was not unpacked: a member would land outside its folder: {member}").format(
            path=archive, member=member
        ),
        code="archive-unsafe",
        details={"path": archive, "member": member},
    )
