"""Envoy's log, line by line, and what of it the plugin said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from higress_cli.gateway.events import CallbackReturned, CallRefused, Event, PluginLine, Trap
from higress_cli.gateway.words import trap_lines
from higress_cli.i18n import chained
from higress_cli.system.whole_numbers import whole_number

FORMAT: Final = "[%Y-%m-%dT%T.%e%z][%t][%l][%n] %_"
"""Envoy's `--log-format`: time, thread, level, logger, and the message with its line ends escaped."""

_LINE: Final = re.compile(r"\[(?P<time>[^]]+)]\[(?P<thread>\d+)]\[(?P<level>\w+)]\[(?P<logger>\w+)] (?P<message>.*)")
VM_PREFIX: Final = "hgw-"
"""What the name of each of the plugin's machines begins with; the number of the change follows."""
_PLUGIN: Final = re.compile(rf"wasm log (?:[^:]* )?(?P<vm>{VM_PREFIX}\d+): (?P<text>.*)")
_TRAP: Final = re.compile(r"Function: (?P<function>\S+) failed: (?P<reason>[^\n]*)(?P<more>.*)", re.DOTALL)
_FRAME: Final = re.compile(r"^ *\d+: +0x[0-9a-f]+ - (?P<name>.+)$", re.MULTILINE)
_FAULT: Final = re.compile(r"(?:Uncaught )?(?:\w*Error: )?")
# What a trap leaves at trace level: calls into the machine and out of it, with their results.
_CALL: Final = re.compile(
    r"\[(?P<way>host->vm|host<-vm|vm->host|vm<-host)] (?P<name>[\w.]+)(?:\(.*\)| return: (?P<result>\w+))"
)
_CALLBACK: Final = "proxy_on_"
_INSIDE: Final = "proxy_on_memory_allocate"
_FINE: Final = 2
"""Statuses below it, Ok and NotFound, are answers."""
_BAD: Final = frozenset({"error", "critical"})
# What Envoy says about each refused plugin, whatever the reason was.
_ECHOES: Final = re.compile(r"Plugin .* failed to load|Wasm VM failed Failed to (?:start|configure) base Wasm.*")
_CONFIG_REFUSED: Final = "Failed to configure base Wasm plugin"
_REJECTED: Final = "config update rejected: "
_PANIC: Final = ("panic:", "fatal error:")
_PANIC_SECONDS: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """A line of Envoy's log. `vm` is set where the plugin itself wrote it; `message` is then its own text."""

    at: datetime
    thread: str
    level: str
    logger: str
    message: str
    vm: str | None = None


def parse_line(text: str) -> LogLine | None:
    """A line of Envoy's log, None where it is something else, such as the dynamic linker's complaint."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(found["time"])
    except ValueError:
        return None
    spoken = _PLUGIN.fullmatch(found["message"])
    return LogLine(
        at=at,
        thread=found["thread"],
        level="warn" if found["level"] == "warning" else found["level"],
        logger=found["logger"],
        message=(spoken["text"] if spoken else found["message"]).replace("\\n", "\n"),
        vm=spoken["vm"] if spoken else None,
    )


class LogReader:
    """Turns lines of the log into events. It remembers what a later line may be about."""

    def __init__(self) -> None:
        self._panics: dict[str, tuple[str, PluginLine]] = {}
        self._callbacks: dict[str, list[tuple[str, datetime]]] = {}

    def running(self) -> tuple[str, datetime] | None:
        """The callback that was called first of those that have not returned, and when; None where all have."""
        begun = [calls[0] for calls in self._callbacks.values() if calls]
        return min(begun, key=lambda call: call[1], default=None)

    def read(self, line: LogLine) -> Event | None:
        """What the line says has happened, None where it is about something else."""
        if line.vm is not None:
            said = PluginLine(at=line.at, level=line.level, text=line.message)
            if line.message.startswith(_PANIC):
                self._panics[line.thread] = line.vm, said
            return said
        if line.logger != "wasm":
            return None
        if line.level == "error":
            return self._trap(line)
        return self._call(line) if line.level == "trace" else None

    def _trap(self, line: LogLine) -> Trap | None:
        found = _TRAP.fullmatch(line.message)
        if found is None:
            return None
        self._callbacks.pop(line.thread, None)
        vm, panic = self._panics.pop(line.thread, (None, None))
        if panic is not None and (line.at - panic.at).total_seconds() > _PANIC_SECONDS:
            vm, panic = None, None
        return Trap(
            at=line.at,
            function=found["function"],
            reason=_FAULT.sub("", found["reason"], count=1),
            panic=panic.text.splitlines()[0] if panic else None,
            frames=tuple(frame["name"] for frame in _FRAME.finditer(found["more"])),
            version=int(vm.removeprefix(VM_PREFIX)) if vm else None,
        )

    def _call(self, line: LogLine) -> Event | None:
        found = _CALL.fullmatch(line.message)
        if found is None:
            return None
        name, inside = found["name"], self._callbacks.setdefault(line.thread, [])
        if name.startswith(_CALLBACK) and name != _INSIDE:
            if found["way"] == "host->vm":
                inside.append((name, line.at))
                return None
            if inside:
                inside.pop()
            return CallbackReturned(at=line.at, function=name, action=_number(found["result"]))
        if found["way"] == "vm<-host" and name.startswith("env.") and inside:
            status = _number(found["result"])
            if status is not None and status >= _FINE:
                return CallRefused(at=line.at, function=inside[0][0], call=name.removeprefix("env."), status=status)
        return None


@dataclass(frozen=True, kw_only=True)
class Start:
    """How a plugin failed to start: what it said, where it trapped, whether it said no to its configuration.

    `reason` is what Envoy said last about it, empty where it said nothing.
    """

    said: tuple[PluginLine, ...]
    trap: Trap | None
    config_refused: bool
    reason: str


def read_start(lines: Sequence[str]) -> Start:
    """What the log of a failed start says. Envoy's admin API knows only that the plugin could not be created."""
    reader = LogReader()
    parsed = [line for line in map(parse_line, lines) if line is not None]
    events = [event for line in parsed if (event := reader.read(line)) is not None]
    return Start(
        said=tuple(event for event in events if isinstance(event, PluginLine)),
        trap=next((event for event in reversed(events) if isinstance(event, Trap)), None),
        config_refused=any(line.logger == "wasm" and _CONFIG_REFUSED in line.message for line in parsed),
        reason=next(
            (line.message.partition(_REJECTED)[2] for line in reversed(parsed) if _REJECTED in line.message), ""
        ),
    )


def reasons(lines: Sequence[str]) -> tuple[str, ...]:
    """Why a gateway did not start or refused a plugin, in its own words: each once, the plugin's own last lines too.

    Lines that are not in Envoy's format come from below it (the linker, the operating system) and are reasons too.
    """
    found: dict[str, None] = {}
    reader = LogReader()
    for text in lines:
        line = parse_line(text)
        if line is None:
            if text.strip():
                found[text.strip()] = None
            continue
        event = reader.read(line)
        if isinstance(event, Trap):
            found[chained(trap_lines(event))] = None
        elif isinstance(event, PluginLine) or (
            line.level in _BAD and line.logger in {"wasm", "main", "config"} and not _ECHOES.fullmatch(line.message)
        ):
            found[f"[{line.level}] {line.message}"] = None
    return tuple(found)[-12:]


def _number(text: str | None) -> int | None:
    return whole_number(text) if text is not None else None
