"""Known errors in what compilers and gateways print: which one it is, why it happens and how to cure it.

The patterns are data (`data/compiler-errors.toml`), the words are here; both share the error's id.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from higress_cli import data
from higress_cli.i18n import N_, _
from higress_cli.knowledge.compatibility import release

_UNKNOWN: Final = "?"


@dataclass(frozen=True, kw_only=True)
class Words:
    """Texts with `{group}` for what a pattern found."""

    title: str
    cause: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Match:
    """A known error in a text: `line` is where, counted from 1; `fix` is a command, or says what to do."""

    id: str
    title: str
    cause: str
    fix: str
    line: int


@dataclass(frozen=True, kw_only=True)
class _Signature:
    pattern: re.Pattern[str]
    id: str | None = None
    above: str | None = None
    below: str | None = None

    def __post_init__(self) -> None:
        if (self.id is None) != (self.above is not None and self.below is not None):
            raise ValueError("a row has either `id`, or `above` and `below`")


@dataclass(frozen=True, kw_only=True)
class _Signatures:
    """data/compiler-errors.toml."""

    error: tuple[_Signature, ...]


WORDS: Final[Mapping[str, Words]] = {
    "go-too-new": Words(
        title=N_("Go is too new for TinyGo"),
        cause=N_("this TinyGo takes Go up to {highest}, and it was run with Go {found}"),
        fix=N_("hgw install (it gets a Go that fits and leaves yours alone)"),
    ),
    "go-too-old": Words(
        title=N_("Go is too old for the compiler"),
        cause=N_("the Go in use lacks what this compiler builds on"),
        fix=N_("hgw install (it gets a Go that fits and leaves yours alone)"),
    ),
    "go-missing": Words(
        title=N_("there is no Go"), cause=N_("TinyGo needs the go command, and found none"), fix=N_("hgw install")
    ),
    "go-unreadable": Words(
        title=N_("Go's version cannot be read"),
        cause=N_("GOROOT names a folder without a complete Go, or one that this TinyGo is too old to understand"),
        fix=N_("unset GOROOT, then: hgw doctor"),
    ),
    "tinygo-root-wrong": Words(
        title=N_("TinyGo does not find its own files"),
        cause=N_("TINYGOROOT is wrong, or the tinygo program was moved away from its folder"),
        fix=N_("unset TINYGOROOT, then: hgw doctor"),
    ),
    "tinygo-incomplete": Words(
        title=N_("this TinyGo is incomplete"),
        cause=N_("it was built without its C library or linker, which a build for WebAssembly needs"),
        fix=N_("hgw install tinygo"),
    ),
    "tinygo-target-unknown": Words(
        title=N_("TinyGo does not know the target"),
        cause=N_("this TinyGo has no target called {target}"),
        fix=N_("leave -target out: hgw sets it"),
    ),
    "tinygo-too-old": Words(
        title=N_("TinyGo is too old"),
        cause=N_("the garbage collector of Higress plugins needs TinyGo 0.28.1 or newer"),
        fix=N_("hgw install tinygo"),
    ),
    "tinygo-no-cache": Words(
        title=N_("TinyGo has no folder for its cache"),
        cause=N_("neither HOME nor XDG_CACHE_HOME is set"),
        fix=N_("set HOME or XDG_CACHE_HOME to a folder that you can write to"),
    ),
    "wasm-opt-missing": Words(
        title=N_("wasm-opt is missing"),
        cause=N_("TinyGo runs wasm-opt at the end of each build and does not find it"),
        fix=N_("hgw install binaryen"),
    ),
    "wasm-opt-too-old": Words(
        title=N_("wasm-opt is too old"),
        cause=N_("TinyGo needs wasm-opt {lowest} or newer, and {path} is older"),
        fix=N_("hgw install binaryen"),
    ),
    "wasm-opt-broken": Words(
        title=N_("wasm-opt does not run"),
        cause=N_("the wasm-opt that TinyGo found, or that WASMOPT names, cannot be executed"),
        fix=N_("unset WASMOPT, then: hgw install binaryen"),
    ),
    "wasm-opt-failed": Words(
        title=N_("wasm-opt failed"),
        cause=N_("wasm-opt ended with {reason}; a machine with little memory is the usual reason"),
        fix=N_("free some memory and build again; then try another version: hgw install binaryen"),
    ),
    "collector-flags-missing": Words(
        title=N_("the garbage collector's flags are missing"),
        cause=N_("the SDK's collector needs both -gc=custom and the tag custommalloc, and one of them was changed"),
        fix=N_("leave -gc and -tags to hgw: hgw build"),
    ),
    "buildmode-missing": Words(
        title=N_("the plugin ends in its start function"),
        cause=N_("native Go was built without -buildmode=c-shared, or TinyGo is 0.35 or newer"),
        fix=N_("hgw build"),
    ),
    "sdk-for-tinygo": Words(
        title=N_("this is the SDK for TinyGo"),
        cause=N_("go.mod asks for the SDK's line v1.x, which native Go does not compile"),
        fix=N_("hgw doctor go-mod --fix"),
    ),
    "sdk-too-old": Words(
        title=N_("the SDK is too old for this TinyGo"),
        cause=N_("TinyGo has not compiled the SDK's version v1.0.0 since 0.32"),
        fix=N_("hgw doctor go-mod --fix"),
    ),
    "wrapper-for-go": Words(
        title=N_("the wrapper is not in this version of its module"),
        cause=N_("go.mod asks for a version from after the move to native Go; {package} is not in it"),
        fix=N_("hgw doctor go-mod --fix"),
    ),
    "wrapper-log": Words(
        title=N_("the callbacks take another log type"),
        cause=N_("in the wrapper for native Go the last parameter of a callback is log.Log of its package log"),
        fix=N_("import github.com/higress-group/wasm-go/pkg/log and write log.Log instead of wrapper.Log"),
    ),
    "go-mod-too-new": Words(
        title=N_("go.mod asks for a newer Go"),
        cause=N_("the `go` line of go.mod names a version that the Go of this build does not have"),
        fix=N_("hgw doctor go-mod --fix"),
    ),
    "go-mod-invalid": Words(
        title=N_("go.mod has a line that this Go does not know"),
        cause=N_("Go has known the `toolchain` line since 1.21 only"),
        fix=N_("hgw doctor go-mod --fix"),
    ),
    "go-modules-unreachable": Words(
        title=N_("Go modules cannot be downloaded"),
        cause=N_("the module proxy that GOPROXY names cannot be reached from here, or refuses"),
        fix=N_("set HGW_MIRROR_GOPROXY to a proxy that you can reach (`china` is a preset), then build again"),
    ),
    "module-name-taken": Words(
        title=N_("the module is called like a package of Go itself"),
        cause=N_("go.mod names the module `{package}`, and Go's standard library has a package of that name"),
        fix=N_("go mod edit -module my-{package}, and the same in the imports of the plugin's own packages"),
    ),
    "go-sum-mismatch": Words(
        title=N_("a Go module is not what go.sum says"),
        cause=N_("{module} was changed after go.sum was written, by its author or on the way here"),
        fix=N_("ask who changed it; if the change is right, remove its lines from go.sum and build again"),
    ),
}


def recognise(text: str) -> tuple[Match, ...]:
    """The known errors in `text`, in the order of their lines, each id once."""
    found: dict[str, Match] = {}
    for identifier, match in sorted(_hits(text), key=lambda hit: hit[1].start()):
        if identifier not in found:
            found[identifier] = _match(identifier, match, line=text.count("\n", 0, match.start()) + 1)
    return tuple(found.values())


def _hits(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """The first place of each signature; a place that an earlier signature took is no other's."""
    taken: set[int] = set()
    for signature in data.load("compiler-errors.toml", _Signatures).error:
        for match in signature.pattern.finditer(text):
            line = text.count("\n", 0, match.start())
            if line not in taken:
                taken.add(line)
                yield _identify(signature, match), match
                break


def _identify(signature: _Signature, match: re.Match[str]) -> str:
    if signature.id is not None:
        return signature.id
    assert signature.above is not None  # noqa: S101 -- a signature without an id has both
    assert signature.below is not None  # noqa: S101
    return signature.above if release(match["found"]) > release(match["highest"]) else signature.below


def _match(identifier: str, match: re.Match[str], *, line: int) -> Match:
    words = WORDS[identifier]
    groups = _Groups({name: value for name, value in match.groupdict().items() if value})
    title, cause, fix = (_(text).format_map(groups) for text in (words.title, words.cause, words.fix))
    return Match(id=identifier, title=title, cause=cause, fix=fix, line=line)


class _Groups(dict[str, str]):
    """What a pattern found; a group that this pattern does not have reads as a question mark."""

    def __missing__(self, key: str) -> str:
        return _UNKNOWN
