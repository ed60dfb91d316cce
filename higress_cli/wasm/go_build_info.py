"""What the Go compiler writes into each program: its Go modules and settings (runtime/debug, BuildInfo)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

# cmd/go/internal/modload/build.go puts these bytes around the text.
_BEGIN: Final = bytes.fromhex("3077af0c9274080241e1c107e6d618e6")
_END: Final = bytes.fromhex("f932433186182072008242104116d8f2")
_MOST_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class GoModule:
    """A Go module that was compiled in."""

    path: str
    """Its path."""
    version: str
    """Its version, (devel) for one that was built from a folder; with => what replaced it."""


@dataclass(frozen=True, kw_only=True)
class GoBuildInfo:
    """What the Go compiler says of a build."""

    path: str
    """The path of the main package."""
    module: GoModule | None
    """The Go module that it belongs to; null outside of one."""
    dependencies: tuple[GoModule, ...]
    """The Go modules that it uses."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The settings of the build, such as -ldflags and GOOS."""


def go_build_info(content: bytes) -> GoBuildInfo | None:
    """The build information in a module that the Go compiler made; None for any other. TinyGo writes none."""
    begin = content.find(_BEGIN)
    if begin < 0:
        return None
    begin += len(_BEGIN)
    end = content.find(_END, begin, begin + _MOST_BYTES)
    if end < 0:
        return None
    return _parse(content[begin:end].decode("utf-8", errors="replace"))


def _parse(text: str) -> GoBuildInfo:
    path, module = "", None
    dependencies: list[GoModule] = []
    settings: dict[str, str] = {}
    for line in text.splitlines():
        kind, *fields = line.split("\t")
        match kind, fields:
            case "path", [found, *_]:
                path = found
            case "mod", [found, version, *_]:
                module = GoModule(path=found, version=version)
            case "dep", [found, version, *_]:
                dependencies.append(GoModule(path=found, version=version))
            case "=>", [found, version, *_] if dependencies:
                replaced = dependencies.pop()
                version = f"{replaced.version} => {found} {version}".strip()
                dependencies.append(GoModule(path=replaced.path, version=version))
            case "build", [setting, *_]:
                name, _separator, value = setting.partition("=")
                settings[name] = value
            case _:
                pass
    return GoBuildInfo(path=path, module=module, dependencies=tuple(dependencies), settings=settings)
