"""The tools that a build uses, and the environment that makes a child process use them."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.profile import Profile
from higress_cli.system import process
from higress_cli.tool import Tool

CACHES: Final = ("go-build", "go-mod", "tinygo")
"""The folders in a cache of the compilers: Go's compiled packages, its downloaded modules, and all of TinyGo's."""


def cache_variables(folder: Path) -> dict[str, str]:
    """The variables by which Go and TinyGo keep what they can use again in `folder`.

    TinyGo takes the user's cache folder, and on macOS nothing moves that but HOME (Go's os.UserCacheDir).
    """
    build, modules, _tinygo = (str(folder / name) for name in CACHES)
    own = "LocalAppData" if os.name == "nt" else "XDG_CACHE_HOME"
    return {"GOCACHE": build, "GOMODCACHE": modules, own: str(folder)}


@dataclass(frozen=True, kw_only=True)
class Toolset:
    """Tools that work together. Profile `go` has neither `tinygo` nor `binaryen`.

    `search_path` has the folders to put first on a child's PATH; `goproxy` is the module proxy that the user chose
    for hgw, None if the go command's own setting applies. `cache` is where Go and TinyGo keep what they compiled and
    downloaded, None for their own places.
    """

    profile: Profile
    go: Tool
    tinygo: Tool | None
    binaryen: Tool | None
    search_path: tuple[Path, ...]
    goproxy: str | None = None
    cache: Path | None = None

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools of the set, Go first."""
        return tuple(tool for tool in (self.go, self.tinygo, self.binaryen) if tool is not None)

    def edits(self, variables: Mapping[str, str]) -> dict[str, str | None]:
        """The changes to make to `variables` for a child's environment; None deletes.

        GOTOOLCHAIN=local keeps a `toolchain` line in go.mod from switching to a Go that TinyGo refuses.
        """
        inherited = [entry for entry in variables.get("PATH", os.defpath).split(os.pathsep) if entry]
        ours = [str(folder) for folder in self.search_path]
        edits: dict[str, str | None] = {
            "PATH": os.pathsep.join([*ours, *(entry for entry in inherited if entry not in ours)]),
            "GOROOT": str(self.go.home) if self.go.home else None,
            "GOTOOLCHAIN": "local",
        }
        if self.tinygo is not None and self.tinygo.home is not None:
            edits["TINYGOROOT"] = str(self.tinygo.home)
        if self.binaryen is not None:
            edits["WASMOPT"] = str(self.binaryen.path)
        if self.goproxy is not None:
            edits["GOPROXY"] = self.goproxy
        return edits | (cache_variables(self.cache) if self.cache is not None else {})

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of a child process."""
        return process.child_environment(variables, self.edits(variables))
