"""The command that compiles a plugin, as a value: Higress's documented one plus the plugin's own tags and flags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

from higress_cli.abi import Abi
from higress_cli.profile import Profile

REVISION: Final = 1
"""Part of every fingerprint: raise it when a recipe builds something else with the same command line."""
_TINYGO_FLAGS: Final = ("-scheduler=none", "-target=wasi", "-gc=custom")
_TINYGO_TAGS: Final = ("custommalloc", "nottinygc_finalizer")
_PLATFORM_FLAGS: Final = ("-target=", "-gc=", "-scheduler=")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A compiler's command, run in the plugin's folder.

    `output` is the file that it writes and `tags` are all build tags. `flags` are the author's own; they follow the
    profile's. `edits` are changes to the environment on top of those that the tools need.
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
        """The flags that determine TinyGo's platform and the files that it compiles."""
        own = [word for word in self.flags if word.startswith(_PLATFORM_FLAGS)]
        return (*_TINYGO_FLAGS, self._tinygo_tags, *own)

    def collecting(self, collector: Mapping[str, str]) -> Self:
        """The recipe with the variables for the garbage collector of TinyGo itself; native Go's stays as it is."""
        return self if self.profile is Profile.GO else replace(self, edits={**self.edits, **collector})

    @property
    def _tinygo_tags(self) -> str:
        return f"-tags={' '.join(self.tags)}"


def make_recipe(
    *,
    profile: Profile,
    abi: Abi,
    output: str,
    tags: Sequence[str] = (),
    flags: Sequence[str] = (),
) -> Recipe:
    """The recipe of a profile for an ABI, with the author's own tags and flags added."""
    abi_tag = abi.tag
    edits: dict[str, str | None] = {}
    if profile == Profile.GO:
        all_tags = tuple(tags)
        edits = {"GOOS": "wasip1", "GOARCH": "wasm"}
    else:
        all_tags = (*_TINYGO_TAGS, *tags, *((abi_tag,) if abi_tag else ()))
    return Recipe(profile=profile, abi=abi, output=output, tags=all_tags, flags=tuple(flags), edits=edits)
