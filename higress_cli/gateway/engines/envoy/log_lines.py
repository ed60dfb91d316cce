"""The gateway's log files, followed line by line, and what of them the plugin said."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

FORMAT: Final = "[%Y-%m-%d %T.%e][%l][%n] %_"
"""Envoy's `--log-format`: time, level, logger, and the message with its line ends escaped."""

_LINE: Final = re.compile(r"\[(?P<time>[^]]+)]\[(?P<level>\w+)]\[(?P<logger>\w+)] (?P<message>.*)")
_PLUGIN: Final = re.compile(r"wasm log (?:[^:]* )?(?P<vm>hgw-\d+): (?P<text>.*)")
_BAD: Final = frozenset({"error", "critical"})


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """A line of Envoy's log. `vm` is set where the plugin itself wrote it; `message` is then its own text."""

    level: str
    logger: str
    message: str
    vm: str | None = None


def parse_line(text: str) -> LogLine | None:
    """A line of Envoy's log, None where it is something else, such as the dynamic linker's complaint."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    message = found["message"].replace("\\n", "\n")
    spoken = _PLUGIN.fullmatch(found["message"])
    return LogLine(
        level=found["level"],
        logger=found["logger"],
        message=spoken["text"].replace("\\n", "\n") if spoken else message,
        vm=spoken["vm"] if spoken else None,
    )


class Tail:
    """The lines that a growing file gained since the last look. A line that is not complete yet waits."""

    def __init__(self, path: Path, *, only_new: bool = False) -> None:
        """Follow `path`, which need not exist yet; with `only_new`, what it holds by now is skipped."""
        self._path = path
        self._offset = path.stat().st_size if only_new and path.exists() else 0

    def lines(self) -> list[str]:
        """The new whole lines, oldest first."""
        try:
            with self._path.open("rb") as source:
                source.seek(self._offset)
                content = source.read()
        except OSError:
            return []
        whole = content[: content.rfind(b"\n") + 1]
        self._offset += len(whole)
        return whole.decode("utf-8", errors="replace").splitlines()

    def objects(self) -> Iterator[dict[str, Any]]:
        """The new lines of a file that has a JSON object a line."""
        for line in self.lines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


def reasons(lines: Sequence[str]) -> tuple[str, ...]:
    """Why a gateway did not start or refused a plugin, in its own words: each once, the plugin's own last lines too.

    Lines that are not in Envoy's format come from below it (the linker, the operating system) and are reasons too.
    """
    found: dict[str, None] = {}
    for text in lines:
        line = parse_line(text)
        if line is None:
            if text.strip():
                found[text.strip()] = None
        elif line.vm is not None or (line.level in _BAD and line.logger in {"wasm", "main", "config"}):
            found[f"[{line.level}] {line.message}"] = None
    return tuple(found)[-12:]
