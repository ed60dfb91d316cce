"""Downloads that are verified before they get their name, and resumed where they were cut."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import url2pathname

from higress_cli.errors import DownloadError
from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.system.writing import read_error, write_error

_CHUNK: Final = 1 << 18
_ATTEMPTS: Final = 4
_PASSING_STATUS: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHA256_HEX_DIGITS: Final = 64


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A file to be had at `url` (http, https or file), known by the SHA-256 of its bytes in lower-case hex."""

    url: str
    sha256: str

    @property
    def file_name(self) -> str:
        return Path(unquote(_parts(self.url).path)).name or "archive"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes in lower-case hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def kept_at(archive: Archive, *, folder: Path) -> Path:
    """Where `fetch` keeps the archive; a file put there by hand is taken if its digest is right."""
    return folder / archive.sha256[:2] / archive.sha256 / archive.file_name


def fetch(archive: Archive, *, folder: Path, variables: Mapping[str, str], activity: Activity) -> Path:
    """The archive as a file below `folder`, kept there by digest, so that a second call downloads nothing.

    Bytes go to a `.partial` file, which a later call continues; only what has the right digest is renamed. A
    kept file is hashed again before it is trusted.

    Raises:
        DownloadError: `download-failed`, `download-refused` (the server or a proxy said no),
            `checksum-mismatch`.
        ConflictError: the kept file cannot be written (`write_error`).
    """
    if len(archive.sha256) != _SHA256_HEX_DIGITS:
        raise ValueError(f"not a SHA-256: {archive.sha256!r}")
    target = kept_at(archive, folder=folder)
    if target.exists():
        if sha256_of(target) == archive.sha256:
            return target
        target.unlink()
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        found = _bring(archive, partial, variables, activity)
    except OSError as error:
        raise write_error(partial, error) from error
    if found != archive.sha256:
        partial.unlink()
        raise DownloadError(
            _("{url} is not what was pinned: SHA-256 {found}, expected {expected}").format(
                url=archive.url, found=found, expected=archive.sha256
            ),
            code="checksum-mismatch",
            hint=_("nothing was installed; try another mirror, and tell its owner if it happens again"),
            details={"url": archive.url, "found": found, "expected": archive.sha256},
        )
    partial.replace(target)
    return target


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise DownloadError(
            _("{url} cannot be downloaded: {reason}").format(url=url, reason=error),
            code="download-failed",
            details={"url": url},
        ) from error


def _bring(archive: Archive, partial: Path, variables: Mapping[str, str], activity: Activity) -> str:
    """Bring the bytes to `partial` and return their digest. A kept part that was of something else is tried anew."""
    if _parts(archive.url).scheme == "file":
        _copy(archive, partial, activity)
        return sha256_of(partial)
    continued = partial.exists() and partial.stat().st_size > 0
    _download(archive, partial, variables, activity)
    found = sha256_of(partial)
    if found != archive.sha256 and continued:
        partial.unlink()
        _download(archive, partial, variables, activity)
        found = sha256_of(partial)
    return found


def _copy(archive: Archive, partial: Path, activity: Activity) -> None:
    source = Path(url2pathname(_parts(archive.url).path))
    if not source.is_file():
        raise DownloadError(
            _("{path} does not exist").format(path=source),
            code="download-failed",
            details={"url": archive.url},
        )
    try:
        reader = source.open("rb")
    except OSError as error:
        raise DownloadError(
            read_error(source, error).message, code="download-failed", details={"url": archive.url}
        ) from error
    total = source.stat().st_size
    done = 0
    with reader, partial.open("wb") as sink:
        while chunk := reader.read(_CHUNK):
            sink.write(chunk)
            done += len(chunk)
            activity.advance(done, total)


def _download(archive: Archive, partial: Path, variables: Mapping[str, str], activity: Activity) -> None:
    """Try, wait and continue where the connection was cut; a refusal is final at once."""
    import httpx
    import tenacity

    from higress_cli.system import http

    def passing(error: BaseException) -> bool:
        if isinstance(error, httpx.HTTPStatusError):
            return error.response.status_code in _PASSING_STATUS
        # A host that cannot even be reached stays so: the next source is the better try.
        return isinstance(error, httpx.TransportError) and not isinstance(
            error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError | httpx.UnsupportedProtocol
        )

    attempt = tenacity.Retrying(
        retry=tenacity.retry_if_exception(passing),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=tenacity.wait_exponential(multiplier=0.5, max=8) + tenacity.wait_random(0, 0.5),
        reraise=True,
    )
    try:
        with http.client(variables) as client:
            attempt(_stream, client, archive.url, partial, activity)
    except httpx.HTTPStatusError as error:
        raise DownloadError(
            _("{url} was refused: {reason}").format(url=archive.url, reason=http.reason(error)),
            code="download-refused",
            details={"url": archive.url, "status": error.response.status_code},
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        text = http.reason(error) if isinstance(error, httpx.HTTPError) else str(error)
        raise DownloadError(
            _("{url} cannot be downloaded: {reason}").format(url=archive.url, reason=text),
            code="download-failed",
            details={"url": archive.url},
        ) from error


def _stream(client: "httpx.Client", url: str, partial: Path, activity: Activity) -> None:  # type: ignore[name-defined] # noqa: F821
    import httpx

    done = partial.stat().st_size if partial.exists() else 0
    # The digest is of the file as it is kept, not of what a server makes of it on the way.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            # The kept part is as long as the whole, or longer: it is all there, or wrong; the digest tells.
            return
        response.raise_for_status()
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            done = 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with partial.open("ab" if done else "wb") as sink:
            # As they come: whole chunks would cost up to one at each cut.
            for chunk in response.iter_raw():
                sink.write(chunk)
                done += len(chunk)
                activity.advance(done, total)
