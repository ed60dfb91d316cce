"""Downloads from one address, appended to a file that may already have a part of the bytes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import SplitResult, urlsplit

from higress_cli.errors import DownloadError
from higress_cli.i18n import _
from higress_cli.reporter import Activity
from higress_cli.system.clock import Clock
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import refuse_special
from higress_cli.system.whole_numbers import whole_number

if TYPE_CHECKING:
    import httpx

_CHUNK: Final = 1 << 18
BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
# A host that sends less than this in that time is given up.
_SLOWEST_BYTES: Final = 30 << 10
_SLOWEST_SECONDS: Final = 30.0


class Client:
    """An HTTP client, created at first use: loading the certificates takes time, and local files need none."""

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
            from higress_cli.system import http  # noqa: PLC0415 -- it loads httpx, which local files do not need

            self._made = http.client(self._variables)
        return self._made


class PassingError(Exception):
    """A host answered but did not send everything; it may later. `retry_after` is in seconds, from the host."""

    def __init__(self, error: DownloadError, *, retry_after: float = 0.0) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after = retry_after


def bring(url: str, partial: Path, client: Client, activity: Activity, clock: Clock) -> None:
    """Append the missing bytes to `partial`.

    Raises:
        PassingError: the host answered, but is busy, or the connection broke.
        DownloadError: the address does not supply the file.
    """
    if _parts(url).scheme == "file":
        _copy(url, partial, activity)
        return
    import httpx

    from higress_cli.system import http  # noqa: PLC0415 -- the same

    has_answered = False
    try:
        with client.get().stream("GET", url, headers=_wanted(partial)) as response:
            has_answered = True
            _receive(response, partial, activity, _Pace(clock, url))
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        refused = DownloadError(
            _("{url} was refused: {reason}").format(url=url, reason=http.reason(error)),
            code="download-refused",
            details={"url": url, "status": status},
        )
        if status in BUSY:
            raise PassingError(refused, retry_after=retry_after(error.response.headers.get("Retry-After"))) from error
        raise refused from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        found = http.obstacle_of(error)
        failed = DownloadError(
            _("{url} cannot be downloaded: {reason}").format(url=url, reason=found.text),
            code="download-failed",
            hint=found.hint,
            details={"url": url},
        )
        if has_answered:
            raise PassingError(failed) from error
        raise failed from error


class _Pace:
    """Measures how fast bytes arrive."""

    def __init__(self, clock: Clock, url: str) -> None:
        self._clock = clock
        self._url = url
        self._since = clock.now()
        self._bytes = 0

    def require(self, count: int) -> None:
        """Count these bytes.

        Raises:
            DownloadError: `download-failed` if the rate was too low for too long.
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


def retry_after(value: str | None) -> float:
    """The seconds to wait from a Retry-After header (RFC 9110, 10.2.3), which has a number or a date."""
    if value is None:
        return 0.0
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def _wanted(partial: Path) -> dict[str, str]:
    """The headers of a request for the bytes that `partial` lacks."""
    done = _size(partial)
    # The digest is that of the file itself, so the server must not compress it.
    return {"Accept-Encoding": "identity", **({"Range": f"bytes={done}-"} if done else {})}


def _receive(response: "httpx.Response", partial: Path, activity: Activity, pace: _Pace) -> None:
    import httpx

    if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        # The kept part is at least as long as the file: complete or wrong, which the digest decides.
        return
    response.raise_for_status()
    done = _size(partial) if response.status_code == httpx.codes.PARTIAL_CONTENT else 0
    length = whole_number(response.headers.get("Content-Length", ""))
    total = done + length if length is not None else None
    with partial.open("ab" if done else "wb") as sink:
        # As they arrive: with fixed chunks, each broken connection would lose up to one.
        for chunk in response.iter_raw():
            sink.write(chunk)
            done += len(chunk)
            activity.advance(done, total)
            pace.require(len(chunk))


def _size(partial: Path) -> int:
    return partial.stat().st_size if partial.exists() else 0


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
    from urllib.request import url2pathname

    source = Path(url2pathname(_parts(url).path))
    try:
        refuse_special(source)
        reader = source.open("rb")
    except OSError as error:
        why = read_error(source, error)
        raise DownloadError(why.message, code="download-failed", hint=why.hint, details={"url": url}) from error
    total = source.stat().st_size
    done = 0
    with reader, partial.open("wb") as sink:
        while chunk := reader.read(_CHUNK):
            sink.write(chunk)
            done += len(chunk)
            activity.advance(done, total)
