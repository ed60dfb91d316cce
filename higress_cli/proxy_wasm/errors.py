"""Why a plugin does not run. The texts are English: they are reasons within somebody else's message."""

from dataclasses import dataclass


class LoadError(Exception):
    """The module cannot be loaded; the text says why, in a gateway's words where it has some."""


class StartError(Exception):
    """The plugin was loaded and refused to start or to take its configuration; `callback` returned false."""

    def __init__(self, reason: str, *, callback: str) -> None:
        super().__init__(reason)
        self.callback = callback


class MemoryFault(Exception):
    """The plugin passed an address outside its memory."""


@dataclass(frozen=True, kw_only=True)
class StackFrame:
    """A function on the plugin's stack; without a name section in the module it has only a number."""

    function: str


@dataclass(frozen=True, kw_only=True)
class Crash:
    """A call into the plugin that did not return.

    `callback` is the export that was called; `reason` is wasmtime's word for the trap, such as `unreachable`;
    `panic` is what the plugin's own runtime said, None where it said nothing; `frames` start with the innermost.
    """

    callback: str
    reason: str
    panic: str | None
    frames: tuple[StackFrame, ...]

    def __str__(self) -> str:
        said = f": {self.panic}" if self.panic else ""
        stack = "".join(f"\n  at {frame.function}" for frame in self.frames)
        return f"{self.callback} crashed ({self.reason}){said}{stack}"


class CrashError(Exception):
    """The call crashed; the VM cannot be used any more."""

    def __init__(self, crash: Crash) -> None:
        super().__init__(str(crash))
        self.crash = crash
