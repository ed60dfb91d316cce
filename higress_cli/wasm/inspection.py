"""All that is known of a module from its bytes alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.digest import Sha256, sha256_of_bytes
from higress_cli.i18n import N_, _
from higress_cli.wasm.abi import DeclaredAbi, abi_of
from higress_cli.wasm.binary import MAGIC, MalformedError, frames
from higress_cli.wasm.component import component_sections, is_component
from higress_cli.wasm.go_build_info import GoBuildInfo, go_build_info
from higress_cli.wasm.module import Module, invalid, read_module
from higress_cli.wasm.names import function_names
from higress_cli.wasm.origin import Origin, flags_of, origin_of
from higress_cli.wasm.sizes import FunctionSize, PackageSize, function_sizes, package_sizes

_BEGINNINGS: Final = (
    (b"\x1f\x8b", N_("a gzip archive")),
    (b"PK\x03\x04", N_("a zip archive")),
    (b"\x7fELF", N_("a program of Linux")),
    (b"MZ", N_("a program of Windows")),
    (b"version https://git-lfs", N_("a pointer of Git LFS: the file itself was not fetched")),
    (b"(module", N_("WebAssembly text, which has to be compiled with wat2wasm first")),
    (b"(component", N_("WebAssembly text, which has to be compiled with wasm-tools first")),
    (b"<!DOCTYPE html", N_("a web page")),
    (b"<html", N_("a web page")),
    (b"{", N_("JSON")),
)
"""What else is found where a module was expected."""
_ENTRIES: Final = ("_initialize", "_start")


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A module, or a component, of which only `sections` are known. `functions` are in the order of the module."""

    sha256: Sha256
    module: Module
    is_component: bool = False
    abi: DeclaredAbi
    origin: Origin
    flags: tuple[str, ...] = ()
    build_info: GoBuildInfo | None = None
    functions: tuple[FunctionSize, ...] = ()
    packages: tuple[PackageSize, ...] = ()

    @property
    def entry(self) -> str | None:
        """The export by which a gateway starts the module."""
        return next((name for name in _ENTRIES if name in self.module.functions), None)

    @property
    def has_names(self) -> bool:
        """Whether the compiler left names of functions."""
        return any(function.name for function in self.functions)


def inspect_bytes(content: bytes, *, path: Path) -> Inspection:
    """Everything about the module or component in `content`; `path` is only used in messages.

    Raises:
        InvalidInput: `wasm-invalid` with the reason, or with what it is instead.
    """
    sha256 = sha256_of_bytes(content)
    if content[: len(MAGIC)] != MAGIC:
        head = content.removeprefix(b"\xef\xbb\xbf").lstrip()
        known = next((what for begin, what in _BEGINNINGS if head.lower().startswith(begin.lower())), None)
        raise invalid(path, _instead(known, empty=not content))
    try:
        if is_component(content):
            return _component(content, sha256=sha256, path=path)
        module = read_module(content, path=path)
        sections = list(frames(content))
        names = function_names(content, sections)
        imported = sum(1 for item in module.imports if item.kind == "function")
        functions = function_sizes(content, sections, names=names, imported=imported)
    except MalformedError as error:
        raise invalid(path, str(error)) from error
    build_info = go_build_info(content)
    origin = origin_of(module, content, build_info=build_info)
    used = (build_info.module, *build_info.dependencies) if build_info else ()
    return Inspection(
        sha256=sha256,
        module=module,
        abi=abi_of(module),
        origin=origin,
        flags=flags_of(module, origin, build_info=build_info, named=bool(names)),
        build_info=build_info,
        functions=functions,
        packages=package_sizes(functions, paths=[item.path for item in used if item is not None]),
    )


def _instead(known: str | None, *, empty: bool) -> str:
    if empty:
        return _("it is empty")
    if known is None:
        return _("it does not start with the magic number of WebAssembly")
    return _("it is {what}").format(what=_(known))


def _component(content: bytes, *, sha256: Sha256, path: Path) -> Inspection:
    sections = component_sections(content)
    module = Module(path=path, bytes=len(content), imports=(), exports=(), sections=sections, producers=())
    return Inspection(sha256=sha256, module=module, is_component=True, abi=abi_of(module), origin=Origin())
