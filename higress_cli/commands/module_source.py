"""The bytes of a module from wherever somebody names one: a file, a URL, standard input or an image."""

import shlex
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from higress_cli.errors import DownloadError, UsageError
from higress_cli.i18n import _, listed
from higress_cli.oci.formats import may_be_layout
from higress_cli.oci.reference import SCHEME, names_image
from higress_cli.session import Session
from higress_cli.system.os_errors import read_error
from higress_cli.system.urls import shown
from higress_cli.system.user_file import read_bytes

if TYPE_CHECKING:
    from higress_cli.commands.image_module import ImageModule

MOST_BYTES: Final = 256 << 20
"""The most that the gateway's agent takes (istio, pkg/wasm/imagefetcher.go)."""
STDIN: Final = "-"


@dataclass(frozen=True, kw_only=True)
class FoundModule:
    """A file's bytes; `path` is the file, or what messages call it. `image` is that of which it comes."""

    content: bytes
    path: Path
    image: "ImageModule | None" = None


def find_module(session: Session, address: str, *, stdin: Callable[[int], bytes]) -> FoundModule:
    """The bytes at `address`: the path of a file, an address with a scheme, or `-`.

    `stdin` reads at most that many bytes from standard input.

    Raises:
        InvalidInput: `file-unreadable`.
        DownloadError: `offline`, `module-too-large`, or see `transfer.bring`.
        UsageError: `address-unknown`.
        HgwError: see `module_of_image`.
    """
    if address == STDIN:
        return FoundModule(content=_bounded(stdin(MOST_BYTES + 1), _("standard input")), path=Path("stdin"))
    scheme, separator, _rest = address.partition("://")
    if not separator:
        path = session.path(address)
        if may_be_layout(path):
            return _unpack(session, path)
        try:
            return FoundModule(content=read_bytes(path, most_bytes=MOST_BYTES), path=path)
        except OSError as error:
            failure = read_error(path, error)
            if path.is_dir():
                failure.hint = _hint_for_folder(path, address)
            if not path.exists() and names_image(address):
                failure.hint = f"hgw inspect {SCHEME}{address}"
            raise failure from error
    reader = READERS.get(scheme.lower())
    if reader is None:
        raise UsageError(
            _("{address}: hgw gets modules by {schemes}, not by {scheme}").format(
                address=shown(address), schemes=listed(f"{name}://" for name in READERS), scheme=f"{scheme}://"
            ),
            code="address-unknown",
            hint="hgw inspect main.wasm",
            details={"address": shown(address)},
        )
    return reader(session, address)


def _hint_for_folder(path: Path, address: str) -> str:
    """The command for the module in a folder that was named, if there is exactly one."""
    there = sorted(path.glob("*.wasm"))
    if len(there) != 1:
        return _("give the path of a file")
    return shlex.join(["hgw", "inspect", str(PurePath(address, there[0].name))])


class _Limit:
    """An `Activity` that ends a download once it is larger than a module can be."""

    def __init__(self, address: str) -> None:
        self._address = address

    def advance(self, completed: int, total: int | None) -> None:
        if max(completed, total or 0) > MOST_BYTES:
            raise _too_large(self._address)

    def describe(self, text: str) -> None:
        """Nobody reads."""


def _download(session: Session, address: str) -> FoundModule:
    if session.offline:
        raise DownloadError(
            _("{address} cannot be downloaded: {reason}").format(
                address=shown(address), reason=_("--offline forbids it")
            ),
            code="offline",
            hint=_("run it without --offline"),
            details={"url": shown(address)},
        )
    # Only for an address, as what speaks with the network takes half as long again as a file.
    from higress_cli.system.clock import SYSTEM_CLOCK  # noqa: PLC0415 -- see above
    from higress_cli.system.transfer import Client, PassingError, bring  # noqa: PLC0415 -- see above

    with tempfile.TemporaryDirectory(prefix="hgw-") as folder, Client(session.variables) as client:
        partial = Path(folder) / "module.wasm"
        with session.reporter.activity(_("Getting {address}").format(address=shown(address))):
            try:
                bring(address, partial, client, _Limit(address), SYSTEM_CLOCK)
            except PassingError as error:
                raise _with_hint(error.error, address) from error
            except DownloadError as error:
                raise _with_hint(error, address) from error
        return FoundModule(content=partial.read_bytes(), path=Path(shown(address)))


def _with_hint(error: DownloadError, address: str) -> DownloadError:
    """The error with a hint about this address: the catalogue's is about the tools that `hgw install` downloads."""
    if error.hint is None and error.code in {"download-failed", "download-refused"}:
        if address.lower().startswith("file:"):
            error.hint = _("give the path of a file that exists")
        else:
            error.hint = _("check the address and the connection, and try again; behind a proxy: set HTTPS_PROXY")
    return error


def _pull(session: Session, address: str) -> FoundModule:
    from higress_cli.commands.image_module import module_of_image  # noqa: PLC0415 -- the same

    found = module_of_image(session, address)
    return FoundModule(content=found.content, path=Path(address), image=found)


def _unpack(session: Session, path: Path) -> FoundModule:
    from higress_cli.commands.image_module import module_of_layout  # noqa: PLC0415 -- the same

    found = module_of_layout(session, path)
    return FoundModule(content=found.content, path=path, image=found)


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > MOST_BYTES:
        raise _too_large(name)
    return content


def _too_large(name: str) -> DownloadError:
    return DownloadError(
        _("{name} is larger than {megabytes} MB, which no gateway accepts").format(
            name=shown(name), megabytes=MOST_BYTES >> 20
        ),
        code="module-too-large",
        details={"address": shown(name), "most_bytes": MOST_BYTES},
    )


Reader = Callable[[Session, str], FoundModule]
READERS: Final[Mapping[str, Reader]] = {"https": _download, "http": _download, "file": _download, "oci": _pull}
"""How to get the module at an address, by its scheme. A further kind of address is one more row."""
