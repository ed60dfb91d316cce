"""The command that compiles a plugin, as a value: the guide's, with the plugin's own tags and flags added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from higress_cli.abi import NEW_ABI_TAG, Abi
from higress_cli.profile import Profile

REVISION: Final = 1
"""Part of every fingerprint: raise it when what a recipe does changes without its words changing."""
_TINYGO_FLAGS: Final = ("-scheduler=none", "-target=wasi", "-gc=custom")
_TINYGO_TAGS: Final = ("custommalloc", "nottinygc_finalizer")
# TinyGo is a Go program that spends a seventh of its time collecting garbage; the module is the same without.
_TINYGO_GOGC: Final = "400"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """`argv` is run in the plugin's folder; `edits` are what its environment needs beside the tools' own."""

    profile: str
    abi: str
    argv: tuple[str, ...]
    edits: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def tags(self) -> tuple[str, ...]:
        """The build tags that it sets."""
        value = next((word for word in self.argv if word.startswith("-tags=")), "-tags=").removeprefix("-tags=")
        return tuple(value.replace(",", " ").split())


def make_recipe(
    *,
    profile: str,
    abi: str,
    output: str,
    tags: Sequence[str] = (),
    flags: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Recipe:
    """The recipe of a profile (`tinygo`, `go`) for an ABI; `output` is the file that the compiler writes.

    A GOGC in `variables` is the user's own and stays.
    """
    if profile == Profile.GO:
        own = (f"-tags={','.join(tags)}",) if tags else ()
        return Recipe(
            profile=profile,
            abi=abi,
            argv=("go", "build", "-buildmode=c-shared", "-o", output, *own, *flags, "./"),
            edits={"GOOS": "wasip1", "GOARCH": "wasm"},
        )
    all_tags = " ".join([*_TINYGO_TAGS, *tags, *([NEW_ABI_TAG] if abi == Abi.V0_2_100 else [])])
    return Recipe(
        profile=profile,
        abi=abi,
        argv=("tinygo", "build", "-o", output, *_TINYGO_FLAGS, f"-tags={all_tags}", *flags, "./"),
        edits={} if (variables or {}).get("GOGC") else {"GOGC": _TINYGO_GOGC},
    )
