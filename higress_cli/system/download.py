"""Downloads that are verified before they get their name, and continued where they were cut.

All addresses of a file are tried once before any is waited for. A host that answered, and is busy or was cut, gets
waits that grow; one that never sent a byte is given up at once.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import url2pathname

from higress_cli.errors import DownloadError
from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.system.clock import SYSTEM_CLOCK, Clock
from higress_cli.system.urls import shown
from higress_cli.system.writing import read_error, write_error

if TYPE_CHECKING:
    import httpx

_CHUNK: Final = 1 << 18
_SHA256_HEX_DIGITS: Final = 64
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# In all, for one file.
MOST_SECONDS_WAITED: Final = 60.0
_FIRST_WAIT_SECONDS: Final = 1.0
# How often a cut connection is continued without a wait, as long as each answer added something.
_MOST_CONTINUATIONS: Final = 5
# A host that sends less than this in such a time is given up.
_SLOWEST_BYTES: Final = 30 << 10
_SLOWEST_SECONDS: Final = 30.0


class HostsBusyError(DownloadError):
    """Hosts that answered were waited for in vain: `urls` are those of the file there."""

    urls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A file at one or more addresses (http, https or file), known by the SHA-256 of its bytes in lower-case hex."""

    urls: tuple[str, ...]
    sha256: str

    @property
    def file_name(self) -> str:
        try:
            return Path(unquote(urlsplit(self.urls[0]).path)).name or "archive"
        except ValueError:
            return "archive"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A file that is what it should be, and the address that it came from."""

    path: Path
    url: str


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes in lower-case hex."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def kept_at(archive: Archive, *, folder: Path) -> Path:
    """Where `fetch` keeps the archive; a file put there by hand is taken if its digest is right."""
    return folder / archive.sha256[:2] / archive.sha256 / archive.file_name


def fetch(
    archive: Archive, *, folder: Path, variables: Mapping[str, str], activity: Activity, clock: Clock = SYSTEM_CLOCK
) -> Fetched:
    """The archive as a file below `folder`, kept there by digest, so that a second call downloads nothing.

    Bytes go to a `.partial` file, which a later call continues; only what has the right digest is renamed. A
    kept file is hashed again before it is trusted.

    Raises:
        DownloadError: `download-failed`, `download-refused` (the server said no), `checksum-mismatch`,
            `certificates-unreadable`.
        HostsBusyError: `download-refused` or `download-failed`, after waiting for as long as is allowed.
        ConflictError: the kept file cannot be written (`write_error`).
    """
    if len(archive.sha256) != _SHA256_HEX_DIGITS:
        raise ValueError(f"not a SHA-256: {archive.sha256!r}")
    target = kept_at(archive, folder=folder)
    partial = target.with_name(target.name + ".partial")
    try:
        if target.exists():
            if sha256_of(target) == archive.sha256:
                return Fetched(path=target, url=archive.urls[0])
            target.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        with _Client(variables) as client:
            url = _Download(archive, partial, client, activity, clock).run()
        partial.replace(target)
    except OSError as error:
        raise write_error(partial, error) from error
    return Fetched(path=target, url=url)


@dataclass
class _Address:
    """One address of a file, and what became of it: `error` is the last one, `again` says that it is worth waiting."""

    url: str
    error: DownloadError | None = None
    again: bool = True
    not_before: float = 0.0


@dataclass
class _Download:
    archive: Archive
    partial: Path
    client: "_Client"
    activity: Activity
    clock: Clock
    waited: float = 0.0
    next_wait: float = _FIRST_WAIT_SECONDS
    pieced: bool = False
    addresses: list[_Address] = field(default_factory=list)

    def run(self) -> str:
        """Write the right bytes to `partial` and return the address that they came from.

        Raises:
            DownloadError: no address gave them.
        """
        self.addresses = [_Address(url) for url in self.archive.urls]
        while True:
            for address in self.addresses:
                if address.again and address.not_before <= self.clock.now() and self._try(address):
                    return address.url
            if not self._wait():
                raise self._failure()

    def _wait(self) -> bool:
        """Sleep until an address is worth another try; False where none is, or the time for waiting is used up."""
        waiting = [address for address in self.addresses if address.again]
        if not waiting:
            return False
        wanted = min(address.not_before for address in waiting) - self.clock.now()
        left = MOST_SECONDS_WAITED - self.waited
        seconds = max(wanted, min(self.next_wait, left))
        if left < _FIRST_WAIT_SECONDS or seconds > left:
            return False
        host = urlsplit(shown(waiting[0].url)).netloc
        self.activity.describe(_("{host} is busy; next try in {seconds:.0f} s").format(host=host, seconds=seconds))
        self.clock.sleep(seconds)
        self.waited += seconds
        self.next_wait *= 2
        return True

    def _try(self, address: _Address) -> bool:
        """Whether the right bytes are there now; else the address says why not."""
        if not self._transfer(address):
            return False
        if sha256_of(self.partial) == self.archive.sha256:
            return True
        # Parts of two answers may be of different files: the file changed, or another host has another one.
        if self.pieced:
            self.partial.unlink()
            self.pieced = False
            if not self._transfer(address):
                return False
            if sha256_of(self.partial) == self.archive.sha256:
                return True
        found = sha256_of(self.partial)
        self.partial.unlink()
        self.pieced = False
        address.again = False
        address.error = DownloadError(
            _("{url} is not what was pinned: SHA-256 {found}, expected {expected}").format(
                url=address.url, found=found, expected=self.archive.sha256
            ),
            code="checksum-mismatch",
            hint=_("nothing was installed; try another mirror, and tell its owner if it happens again"),
            details={"url": address.url, "found": found, "expected": self.archive.sha256},
        )
        return False

    def _transfer(self, address: _Address) -> bool:
        """Whether an answer was complete; one that was cut is continued at once if it added something."""
        for _continuation in range(_MOST_CONTINUATIONS):
            before = self._begun()
            self.pieced = self.pieced or before > 0
            try:
                _bring(address.url, self.partial, self.client, self.activity, self.clock)
            except _Passing as passing:
                address.error = passing.error
                address.not_before = self.clock.now() + passing.retry_after
                if self._begun() <= before:
                    return False
            except DownloadError as error:
                address.error, address.again = error, False
                return False
            else:
                return True
        return False

    def _begun(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    def _failure(self) -> DownloadError:
        errors = [address.error for address in self.addresses if address.error is not None]
        worst = next((error for error in errors if error.code == "checksum-mismatch"), errors[-1])
        busy = tuple(address.url for address in self.addresses if address.again)
        kind: Callable[..., DownloadError] = HostsBusyError if busy else DownloadError
        failed = kind(
            "; ".join(error.message for error in errors), code=worst.code, hint=worst.hint, details=worst.details
        )
        if isinstance(failed, HostsBusyError):
            failed.urls = busy
        return failed


class _Client:
    """An HTTP client that is made when it is first needed: to load the authorities takes time, and files need none."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._made: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._made is not None:
            self._made.close()

    def get(self) -> "httpx.Client":
        """The client.

        Raises:
            DownloadError, ValueError: see `http.client`.
        """
        if self._made is None:
            from higress_cli.system import http

            self._made = http.client(self._variables)
        return self._made


class _Passing(Exception):
    """A host that answered did not give all; it may later. `retry_after` is in seconds, as the host wishes."""

    def __init__(self, error: DownloadError, *, retry_after: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after = retry_after


def _bring(url: str, partial: Path, client: _Client, activity: Activity, clock: Clock) -> None:
    """Add what is missing to `partial`.

    Raises:
        _Passing: the host answered; it is busy, or the answer was cut.
        DownloadError: the address gives nothing.
    """
    if _parts(url).scheme == "file":
        _copy(url, partial, activity)
        return
    import httpx

    from higress_cli.system import http

    sent = _Sent()
    try:
        _stream(client.get(), url, partial, activity, sent, clock)
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        refused = DownloadError(
            _("{url} was refused: {reason}").format(url=url, reason=http.reason(error)),
            code="download-refused",
            details={"url": url, "status": status},
        )
        if status in _BUSY:
            raise _Passing(refused, retry_after=_retry_after(error.response.headers.get("Retry-After"))) from error
        raise refused from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        found = http.obstacle_of(error)
        failed = DownloadError(
            _("{url} cannot be downloaded: {reason}").format(url=url, reason=found.text),
            code="download-failed",
            hint=found.hint,
            details={"url": url},
        )
        if sent.anything:
            raise _Passing(failed) from error
        raise failed from error


@dataclass
class _Sent:
    """Whether a host has answered at all."""

    anything: bool = False


def _stream(client: "httpx.Client", url: str, partial: Path, activity: Activity, sent: _Sent, clock: Clock) -> None:
    import httpx

    done = partial.stat().st_size if partial.exists() else 0
    # The digest is of the file as it is kept, not of what a server makes of it on the way.
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}
    with client.stream("GET", url, headers=headers) as response:
        sent.anything = True
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            # The kept part is as long as the whole, or longer: it is all there, or wrong; the digest tells.
            return
        response.raise_for_status()
        if response.status_code != httpx.codes.PARTIAL_CONTENT:
            done = 0
        length = response.headers.get("Content-Length", "")
        total = done + int(length) if length.isdigit() else None
        pace = _Pace(clock, url)
        with partial.open("ab" if done else "wb") as sink:
            # As they come: whole chunks would cost up to one at each cut.
            for chunk in response.iter_raw():
                sink.write(chunk)
                done += len(chunk)
                activity.advance(done, total)
                pace.require(len(chunk))


class _Pace:
    """How fast bytes come."""

    def __init__(self, clock: Clock, url: str) -> None:
        self._clock = clock
        self._url = url
        self._since = clock.now()
        self._bytes = 0

    def require(self, count: int) -> None:
        """Count these bytes.

        Raises:
            DownloadError: `download-failed` where too few came for too long.
        """
        self._bytes += count
        seconds = self._clock.now() - self._since
        if seconds < _SLOWEST_SECONDS:
            return
        if self._bytes < _SLOWEST_BYTES:
            raise DownloadError(
                _("{url} is too slow: {bytes} bytes in {seconds:.0f} s").format(
                    url=self._url, bytes=self._bytes, seconds=seconds
                ),
                code="download-failed",
                details={"url": self._url},
            )
        self._since, self._bytes = self._clock.now(), 0


def _retry_after(value: str | None) -> float:
    """The seconds of a Retry-After header (RFC 9110, 10.2.3): a number, or the date of the next try."""
    if value is None:
        return 0.0
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise DownloadError(
            _("{url} cannot be downloaded: {reason}").format(url=url, reason=error),
            code="download-failed",
            details={"url": url},
        ) from error


def _copy(url: str, partial: Path, activity: Activity) -> None:
    source = Path(url2pathname(_parts(url).path))
    if not source.is_file():
        raise DownloadError(
            _("{path} does not exist").format(path=source),
            code="download-failed",
            details={"url": url},
        )
    try:
        reader = source.open("rb")
    except OSError as error:
        raise DownloadError(read_error(source, error).message, code="download-failed", details={"url": url}) from error
    total = source.stat().st_size
    done = 0
    with reader, partial.open("wb") as sink:
        while chunk := reader.read(_CHUNK):
            sink.write(chunk)
            done += len(chunk)
            activity.advance(done, total)
