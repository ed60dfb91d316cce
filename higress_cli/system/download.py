"""Downloads that are verified before they get their final name, and continued after an interruption.

All addresses of a file are tried once before waiting for any. A host that answered, but is busy or whose connection
broke, is tried again after growing waits; one that never sent a byte is given up at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from higress_cli.digest import Sha256
from higress_cli.errors import DownloadError
from higress_cli.i18n import _, chained
from higress_cli.reporter import Activity
from higress_cli.system.clock import SYSTEM_CLOCK, Clock
from higress_cli.system.fs import sha256_of
from higress_cli.system.growing_waits import GrowingWaits
from higress_cli.system.os_errors import write_error
from higress_cli.system.transfer import Client, PassingError, bring
from higress_cli.system.urls import shown

_SHA256_HEX_DIGITS: Final = 64
_FIRST_WAIT_SECONDS: Final = 1.0
# How often a broken transfer is continued without a wait, as long as each response added something.
_MOST_CONTINUATIONS: Final = 5


class HostsBusyError(DownloadError):
    """Hosts answered, but stayed busy for as long as hgw waits; `urls` are the file's addresses there."""

    urls: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A file at one or more addresses (http, https or file), and the SHA-256 of its bytes in lower-case hex."""

    urls: tuple[str, ...]
    sha256: Sha256

    @property
    def file_name(self) -> str:
        try:
            return Path(unquote(urlsplit(self.urls[0]).path)).name or "archive"
        except ValueError:
            return "archive"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A verified file, and the address that it came from."""

    path: Path
    url: str


def kept_at(archive: Archive, *, folder: Path) -> Path:
    """Where `fetch` keeps the archive; a file put there by hand is taken if its digest is right."""
    return folder / archive.sha256[:2] / archive.sha256 / archive.file_name


def fetch(
    archive: Archive, *, folder: Path, variables: Mapping[str, str], activity: Activity, clock: Clock = SYSTEM_CLOCK
) -> Fetched:
    """Download an archive to `folder`, named by its digest, so that a second call downloads nothing.

    Bytes go to a `.partial` file, which a later call continues and which is renamed only if its digest is right. A
    kept file is hashed again before it is used.

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
        with Client(variables) as client:
            url = _Download(archive, partial, client, activity, clock).run()
        partial.replace(target)
    except OSError as error:
        raise write_error(partial, error) from error
    return Fetched(path=target, url=url)


@dataclass
class _Address:
    """One address of a file: `error` is its last error, `again` says whether another try is worthwhile."""

    url: str
    error: DownloadError | None = None
    again: bool = True
    not_before: float = 0.0


@dataclass
class _Download:
    archive: Archive
    partial: Path
    client: "Client"
    activity: Activity
    clock: Clock
    pieced: bool = False
    addresses: list[_Address] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = GrowingWaits(first=_FIRST_WAIT_SECONDS, clock=self.clock)
        self._waits = 0

    def run(self) -> str:
        """Write the verified bytes to `partial` and return the address that they came from.

        Raises:
            DownloadError: no address supplied them.
        """
        self.addresses = [_Address(url) for url in self.archive.urls]
        while True:
            for address in self.addresses:
                if address.again and address.not_before <= self.clock.now() and self._try(address):
                    return address.url
            if not self._wait():
                raise self._failure()

    def _wait(self) -> bool:
        """Sleep until an address is worth another try. False if none is, or if the time for waiting is used up."""
        waiting = [address for address in self.addresses if address.again]
        if not waiting:
            return False
        wanted = min(address.not_before for address in waiting) - self.clock.now()
        seconds = self._waiting.next_wait(self._waits, at_least=wanted)
        if seconds is None:
            return False
        host = urlsplit(shown(waiting[0].url)).netloc
        self._waiting.wait(seconds, host=host, activity=self.activity)
        self._waits += 1
        return True

    def _try(self, address: _Address) -> bool:
        """Whether the bytes are complete and verified; otherwise `address` has the error."""
        if not self._transfer(address):
            return False
        if sha256_of(self.partial) == self.archive.sha256:
            return True
        # Parts from two responses may belong to different files: the file changed, or hosts differ.
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
        """Whether a response was complete; a broken one is continued at once if it added something."""
        for _continuation in range(_MOST_CONTINUATIONS):
            before = self._size()
            self.pieced = self.pieced or before > 0
            try:
                bring(address.url, self.partial, self.client, self.activity, self.clock)
            except PassingError as passing:
                address.error = passing.error
                address.not_before = self.clock.now() + passing.retry_after
                if self._size() <= before:
                    return False
            except DownloadError as error:
                address.error, address.again = error, False
                return False
            else:
                return True
        return False

    def _size(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    def _failure(self) -> DownloadError:
        errors = [address.error for address in self.addresses if address.error is not None]
        worst = next((error for error in errors if error.code == "checksum-mismatch"), errors[-1])
        busy = tuple(address.url for address in self.addresses if address.again)
        kind: Callable[..., DownloadError] = HostsBusyError if busy else DownloadError
        failed = kind(
            chained(error.message for error in errors), code=worst.code, hint=worst.hint, details=worst.details
        )
        if isinstance(failed, HostsBusyError):
            failed.urls = busy
        return failed
