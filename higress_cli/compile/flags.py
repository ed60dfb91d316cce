"""Which compiler arguments do no more than say how a module is compiled.

The others run programs (`-toolexec`, `-exec`, a linker in `-ldflags`, a target file that names one), replace files
(`-overlay`) or write wherever they are told (`-cpuprofile`). New versions of the compilers bring new ones, so it is the
harmless ones that are listed (`go help build`, `go tool compile`, `go tool link`, `tinygo help build`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

_SWITCHES: Final = frozenset({"a", "json", "n", "no-debug", "trimpath", "v", "work", "x"})
_LINKER: Final = frozenset({"-s", "-w", "-X"})
_COMPILER: Final = frozenset({"-B", "-N", "-e", "-l", "-m", "-v"})


def _any(_value: str) -> bool:
    return True


def _is_target_name(value: str) -> bool:
    """A target that the compiler brings, not a file."""
    return not value.endswith(".json") and "/" not in value and "\\" not in value


def _is_plain_linking(value: str) -> bool:
    words = _after_pattern(value).split()
    values = {index + 1 for index, word in enumerate(words) if word == "-X"}
    return all(index in values or word in _LINKER or word.startswith("-X=") for index, word in enumerate(words))


def _is_plain_compiling(value: str) -> bool:
    return all(word in _COMPILER for word in _after_pattern(value).split())


_WITH_VALUE: Final[Mapping[str, Callable[[str], bool]]] = {
    **dict.fromkeys(("buildvcs", "gc", "interp-timeout", "llvm-features", "mod", "opt", "p", "panic"), _any),
    **dict.fromkeys(("print-allocs", "scheduler", "size", "stack-size"), _any),
    "gcflags": _is_plain_compiling,
    "ldflags": _is_plain_linking,
    "target": _is_target_name,
}


def far_reaching(arguments: Sequence[str]) -> tuple[str, ...]:
    """Those of `arguments` that are not known to be harmless, with their values."""
    return tuple(_far_reaching(iter(arguments)))


def _after_pattern(value: str) -> str:
    """The arguments in `all=-N -l`, which may name packages first."""
    return value if value.startswith("-") else value.partition("=")[2]


def _far_reaching(words: Iterator[str]) -> Iterator[str]:
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-"):
            yield word
        elif name in _WITH_VALUE:
            given = value if equals else next(words, "")
            if not _WITH_VALUE[name](given):
                yield word if equals else f"{word} {given}"
        elif name not in _SWITCHES:
            yield word
