"""How much of a module each function and each package takes, by the names that the compiler left in it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from higress_cli.wasm.binary import CODE_SECTION, Cursor, Frame

NAMELESS: Final = ""
"""The package of functions that have no name, or a name without one, such as those of C."""
_CRATE: Final = re.compile(r"[A-Za-z_]\w*(?=::)")
_MANGLED: Final = re.compile(r"_ZN[KVr]*(?P<size>\d{1,3})(?P<rest>.*)")
# How TinyGo names the methods of types that no package names: its text of the type stands in front.
_UNNAMED_TYPES: Final = ("interface:{", "struct:{")
_GO: Final = re.compile(
    # TinyGo: `(*net/http.Client).Do`, `example.com/a.b/c.F`. A path's last element has no dot but for `.v2`.
    r"\(?\*?(?P<path>(?:[^()\[\]*\s/]+/)+[^()\[\]*\s./]+(?:\.v\d+)?|"
    # Go itself: `github.com_tidwall_gjson.Parse`, `encoding_json.__decodeState_.value`.
    r"(?:[\w-]+\.)+[a-z]{2,}_[^.()]+(?:\.v\d+)?|"
    r"\w[\w-]*)\."
)


@dataclass(frozen=True, kw_only=True)
class FunctionSize:
    """A function of the module."""

    name: str
    """Its name, empty if the module was stripped of it."""
    bytes: int
    """The size of its body."""


@dataclass(frozen=True, kw_only=True)
class PackageSize:
    """What the functions of a package, crate or namespace take."""

    name: str
    """Its name, empty for functions without one."""
    functions: int
    """How many functions it has."""
    bytes: int
    """The size of their bodies."""


def function_sizes(
    content: bytes, sections: Iterable[Frame], *, names: Mapping[int, str], imported: int
) -> tuple[FunctionSize, ...]:
    """The defined functions in their order.

    Raises:
        MalformedError: the code section is damaged.
    """
    found: list[FunctionSize] = []
    for frame in sections:
        if frame.id != CODE_SECTION:
            continue
        cursor = Cursor(content, frame.payload, frame.end)
        for number in range(cursor.u32()):
            size = cursor.u32()
            cursor.skip(size)
            found.append(FunctionSize(name=names.get(imported + number, ""), bytes=size))
    return tuple(found)


def package_sizes(functions: Iterable[FunctionSize], *, paths: Sequence[str] = ()) -> tuple[PackageSize, ...]:
    """The packages, largest first. `paths` are Go modules, whose names Go's compiler writes with `_` for `/`."""
    known = {re.sub(r"[^\w.]", "_", path): path for path in sorted(paths, key=len)}
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for function in functions:
        name = _readable(package_of(function.name), known)
        sizes[name] += function.bytes
        counts[name] += 1
    return tuple(PackageSize(name=name, functions=counts[name], bytes=size) for name, size in sizes.most_common())


def package_of(name: str) -> str:
    """The package that a function's name names: a Go package, a crate, a C++ namespace or an AssemblyScript file."""
    if name.startswith(_UNNAMED_TYPES):
        return NAMELESS
    if name.startswith("~lib/") or ("/" in name and "." not in name):
        return name.rpartition("/")[0]
    if (mangled := _MANGLED.match(name)) is not None:
        return mangled["rest"][: int(mangled["size"])]
    if "::" in name and (crate := _CRATE.search(name)) is not None:
        return crate[0]
    found = _GO.match(name)
    return found["path"] if found else NAMELESS


def _readable(package: str, known: Mapping[str, str]) -> str:
    """A package's path as it is in source: Go's own compiler replaces each `/` and `-` by `_`."""
    if "_" not in package or "/" in package:
        return package
    for mangled, path in known.items():
        if package == mangled or package.startswith(f"{mangled}_"):
            return path + package[len(mangled) :].replace("_", "/")
    return package.replace("_", "/") if known else package
