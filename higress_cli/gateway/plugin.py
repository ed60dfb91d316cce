"""The plugin under test: its module as it is on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.digest import Sha256, sha256_of_bytes
from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_bytes
from higress_cli.wasm.abi import DeclaredAbi, abi_of
from higress_cli.wasm.module import Module, read_module

_MOST_BYTES: Final = 256 * 1024 * 1024
"""Far above the size of any plugin, of which a gateway holds several copies."""
_BUFFER_PROPERTIES: Final = ("set_decoder_buffer_limit", "set_encoder_buffer_limit")
"""The properties by which a plugin lifts the buffer limits for a request (wasm-go, pkg/wrapper/plugin_wrapper.go)."""


@dataclass(frozen=True, kw_only=True)
class GivenModule:
    """A module in place of the project's own, at `path`; `image` is what it was pulled as, None for a file."""

    path: Path
    image: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A module as it was read from `path`; `sha256` is the digest of exactly these bytes.

    `image` is as in GivenModule.
    """

    path: Path
    content: bytes
    sha256: Sha256
    module: Module
    abi: DeclaredAbi
    image: str | None = None

    @property
    def called(self) -> str:
        """What messages call it: the image that somebody asked for, or its file."""
        return self.image or str(self.path)

    @property
    def stops_on_headers(self) -> bool:
        """Whether the module can stop iteration at the headers alone, which ABI 0.2.100 introduced."""
        return self.abi.version == Abi.V0_2_100

    @property
    def buffer_properties(self) -> tuple[str, ...]:
        """The buffer properties that the module contains; compilers drop names that are never used."""
        return tuple(name for name in _BUFFER_PROPERTIES if name.encode() in self.content)

    @property
    def host_functions(self) -> frozenset[str]:
        """The proxy-wasm host functions that the module imports."""
        return frozenset(
            wanted.name for wanted in self.module.imports if wanted.module == "env" and wanted.kind == "function"
        )


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Host functions that a plugin needs, and the module or the source at `path` that shows it."""

    path: Path
    host_functions: frozenset[str]


def module_missing(path: Path, *, hint: str) -> InvalidInput:
    """The error for a module file that does not exist."""
    return InvalidInput(
        _("the module {path} does not exist").format(path=path),
        code="module-missing",
        hint=hint,
        details={"path": path},
    )


def read_plugin(path: Path, *, image: str | None = None) -> Plugin:
    """Read a module file; `image` is as in GivenModule.

    Raises:
        InvalidInput: `module-missing`, `file-unreadable`, `wasm-invalid`.
    """
    try:
        content = read_bytes(path, most_bytes=_MOST_BYTES)
    except FileNotFoundError as error:
        raise module_missing(path, hint="hgw build") from error
    except OSError as error:
        raise read_error(path, error) from error
    module = read_module(content, path=path)
    return Plugin(
        path=path,
        content=content,
        sha256=sha256_of_bytes(content),
        module=module,
        abi=abi_of(module),
        image=image,
    )
