"""What compiled a module, as far as its bytes tell: producers, build information, names, imports and exports."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from higress_cli.wasm.go_build_info import GoBuildInfo
from higress_cli.wasm.module import Module

_COMPILERS: Final[Mapping[str, tuple[str, str]]] = {
    "TinyGo": ("tinygo", "Go"),
    "Go cmd/compile": ("go", "Go"),
    "rustc": ("rustc", "Rust"),
    "AssemblyScript": ("asc", "AssemblyScript"),
    "clang": ("clang", "C or C++"),
}
"""The names of the section `producers` (tool-conventions, ProducersSection.md), the most telling first."""
_RUST_SOURCE: Final = re.compile(rb"/rustc/[0-9a-f]{40}/")
_VERSION: Final = re.compile(r"(?:go)?(\d[\w.+-]*)")
_ASSEMBLYSCRIPT_LIBRARY: Final = "~lib/rt".encode("utf-16-le")
_ASSEMBLYSCRIPT_ABORT: Final = ("env", "abort", "(i32, i32, i32, i32) -> ()")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """`compiler` is tinygo, go, rustc, asc, clang or emscripten. Each is None if nothing tells."""

    compiler: str | None = None
    version: str | None = None
    language: str | None = None


def origin_of(module: Module, content: bytes, *, build_info: GoBuildInfo | None) -> Origin:
    """What compiled `module`."""
    tools = {producer.name: producer.version for producer in module.producers if producer.field == "processed-by"}
    languages = {producer.name for producer in module.producers if producer.field == "language"}
    emscripten = any(section.name == "emscripten_metadata" for section in module.sections) or any(
        name.startswith(("emscripten_", "_emscripten_")) for name in module.functions
    )
    for name, (compiler, language) in _COMPILERS.items():
        found = next((version for tool, version in tools.items() if tool == name or tool.endswith(f" {name}")), None)
        if found is None or (name == "clang" and "Rust" in languages):
            continue
        if name == "clang":
            is_cpp = any(language.startswith("C_plus_plus") for language in languages)
            return Origin(
                compiler="emscripten" if emscripten else compiler,
                version=_version(found),
                language="C++" if is_cpp else "C" if languages else language,
            )
        return Origin(compiler=compiler, version=_version(found), language=language)
    return _without_producers(module, content, build_info=build_info, emscripten=emscripten)


def is_native_go(module: Module) -> bool:
    """Whether Go itself, not TinyGo, compiled `module`, as it says."""
    return any(
        producer.field == "processed-by" and _COMPILERS.get(producer.name, ("", ""))[0] == "go"
        for producer in module.producers
    )


def flags_of(module: Module, origin: Origin, *, build_info: GoBuildInfo | None, named: bool) -> tuple[str, ...]:
    """The compiler flags that the module shows signs of. `named` says whether its functions have names."""
    if origin.compiler == "go":
        settings = build_info.settings if build_info else {}
        flags = [f"{name}={value}" for name, value in settings.items() if name.startswith("-") and name != "-compiler"]
        if "-buildmode=c-shared" not in flags and "_initialize" in module.functions:
            flags.append("-buildmode=c-shared")
        return (*flags, *(() if named or any("-ldflags" in flag for flag in flags) else ("-ldflags=-s",)))
    if origin.compiler != "tinygo":
        return ()
    flags = []
    if "onCollectionEvent" in module.functions:
        flags.append("-gc=custom")
        flags += [] if "calloc" in module.functions else ["-tags=custommalloc"]
    flags.append("-scheduler=asyncify" if "asyncify_start_unwind" in module.functions else "-scheduler=none")
    if not any(section.name.startswith(".debug_") for section in module.sections):
        flags.append("-no-debug")
    if "proxy_abi_version_0_2_100" in module.functions:
        flags.append("-tags=proxy_wasm_version_0_2_100")
    return tuple(flags)


def _version(text: str) -> str | None:
    found = _VERSION.match(text)
    return found[1] if found else text or None


def _without_producers(module: Module, content: bytes, *, build_info: GoBuildInfo | None, emscripten: bool) -> Origin:
    imports = {(item.module, item.name, item.type) for item in module.imports}
    if build_info is not None or any(section.name == "go:buildid" for section in module.sections):
        return Origin(compiler="go", language="Go")
    if "onCollectionEvent" in module.functions:
        return Origin(compiler="tinygo", language="Go")
    if emscripten:
        return Origin(compiler="emscripten", language="C or C++")
    if _RUST_SOURCE.search(content):
        return Origin(compiler="rustc", language="Rust")
    if _ASSEMBLYSCRIPT_ABORT in imports or _ASSEMBLYSCRIPT_LIBRARY in content:
        return Origin(compiler="asc", language="AssemblyScript")
    return Origin()
