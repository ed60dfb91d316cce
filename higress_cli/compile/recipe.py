"""The command that compiles a plugin, as a value: the guide's, with the plugin's own tags and flags added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from higress_cli.abi import Abi
from higress_cli.profile import Profile

REVISION: Final = 1
"""Part of every fingerprint: raise it when what a recipe does changes without its words changing."""
_TINYGO_FLAGS: Final = ("-scheduler=none", "-target=wasi", "-gc=custom")
_TINYGO_TAGS: Final = ("custommalloc", "nottinygc_finalizer")
_PLATFORM_FLAGS: Final = ("-target=", "-gc=", "-scheduler=")
# TinyGo is a Go program that spends a seventh of its time collecting garbage; the module is the same without.
_TINYGO_GOGC: Final = "400"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A compiler's command, run in the plugin's folder.

    `output` is the file that it writes; `tags` are all build tags; `flags` are the author's own, after those of the
    profile; `edits` are what its environment needs besides the tools' own.
    """

    profile: Profile
    abi: Abi
    output: str
    tags: tuple[str, ...]
    flags: tuple[str, ...]
    edits: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def argv(self) -> tuple[str, ...]:
        """The command line."""
        if self.profile is Profile.GO:
            tags = (f"-tags={','.join(self.tags)}",) if self.tags else ()
            return ("go", "build", "-buildmode=c-shared", "-o", self.output, *tags, *self.flags, "./")
        return ("tinygo", "build", "-o", self.output, *_TINYGO_FLAGS, self._tinygo_tags, *self.flags, "./")

    @property
    def platform_flags(self) -> tuple[str, ...]:
        """The flags by which TinyGo chooses the platform and the files that it compiles."""
        own = [word for word in self.flags if word.startswith(_PLATFORM_FLAGS)]
        return (*_TINYGO_FLAGS, self._tinygo_tags, *own)

    @property
    def _tinygo_tags(self) -> str:
        return f"-tags={' '.join(self.tags)}"


def make_recipe(
    *,
    profile: str,
    abi: str,
    output: str,
    tags: Sequence[str] = (),
    flags: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Recipe:
    """The recipe of a profile for an ABI, with the author's own tags and flags added.

    A GOGC in `variables` is the user's own and stays.
    """
    abi_tag = Abi(abi).tag
    if profile == Profile.GO:
        all_tags = tuple(tags)
        edits: dict[str, str | None] = {"GOOS": "wasip1", "GOARCH": "wasm"}
    else:
        all_tags = (*_TINYGO_TAGS, *tags, *((abi_tag,) if abi_tag else ()))
        edits = {} if (variables or {}).get("GOGC") else {"GOGC": _TINYGO_GOGC}
    return Recipe(profile=Profile(profile), abi=Abi(abi), output=output, tags=all_tags, flags=tuple(flags), edits=edits)
