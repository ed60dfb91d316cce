"""What plugins of one gateway share, and what outlives a VM: data by key, queues, metrics."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from higress_cli.proxy_wasm.enums import AbiStatus, MetricType

_BIT_32: Final = 1 << 32
_BIT_64: Final = 1 << 64
_ID_STEP: Final = 4
"""The two low bits of a metric's id are its type (Envoy, extensions/common/wasm/wasm.h)."""


class SharedData:
    """Values by key, each with a number that changes whenever it is set (proxy-wasm-cpp-host, shared_data.cc)."""

    def __init__(self) -> None:
        self._values: dict[bytes, tuple[bytes, int]] = {}
        self._last = 0

    def get(self, key: bytes) -> tuple[bytes, int] | None:
        """The value and its number, which is never 0."""
        return self._values.get(key)

    def set(self, key: bytes, value: bytes, *, expected: int) -> AbiStatus:
        """Set a value; with `expected` other than 0 only where the value that is there has this number."""
        old = self._values.get(key)
        if old is not None and expected and expected != old[1]:
            return AbiStatus.CAS_MISMATCH
        self._last = self._last % (_BIT_32 - 1) + 1
        self._values[key] = (value, self._last)
        return AbiStatus.OK

    def snapshot(self) -> Mapping[bytes, bytes]:
        """All values by key."""
        return {key: value for key, (value, _number) in self._values.items()}


@dataclass
class _Queue:
    entries: deque[bytes] = field(default_factory=deque)
    listener: Callable[[int], None] | None = None


class SharedQueues:
    """Queues by name; the last to register a queue is notified of each entry (proxy-wasm-cpp-host, shared_queue.cc)."""

    def __init__(self) -> None:
        self._tokens: dict[bytes, int] = {}
        self._queues: dict[int, _Queue] = {}

    def register(self, name: bytes, listener: Callable[[int], None]) -> int:
        """The queue's token, which `listener` gets for every entry that comes."""
        token = self._tokens.setdefault(name, len(self._tokens) + 1)
        self._queues.setdefault(token, _Queue()).listener = listener
        return token

    def resolve(self, name: bytes) -> int | None:
        """The token of a queue that somebody registered."""
        return self._tokens.get(name)

    def enqueue(self, token: int, entry: bytes) -> AbiStatus:
        """Add an entry and tell the listener."""
        queue = self._queues.get(token)
        if queue is None:
            return AbiStatus.NOT_FOUND
        queue.entries.append(entry)
        if queue.listener is not None:
            queue.listener(token)
        return AbiStatus.OK

    def dequeue(self, token: int) -> bytes | AbiStatus:
        """The oldest entry, or why there is none."""
        queue = self._queues.get(token)
        if queue is None:
            return AbiStatus.NOT_FOUND
        return queue.entries.popleft() if queue.entries else AbiStatus.EMPTY


class Metrics:
    """Counters, gauges and histograms by name (Envoy, extensions/common/wasm/context.cc)."""

    def __init__(self) -> None:
        self._ids: dict[tuple[MetricType, bytes], int] = {}
        self._values: dict[int, int] = {}
        self._records: dict[int, list[int]] = {}

    def define(self, kind: MetricType, name: bytes) -> int:
        """The id of the metric; a name that was defined before keeps its id and its value."""
        known = self._ids.get((kind, name))
        if known is not None:
            return known
        count = sum(1 for other, _name in self._ids if other is kind)
        identifier = _ID_STEP * (count + 1) + kind
        self._ids[kind, name] = identifier
        self._values[identifier] = 0
        self._records[identifier] = []
        return identifier

    def increment(self, identifier: int, offset: int) -> AbiStatus:
        """Add to a counter or a gauge; `offset` is signed, and below 1 only for gauges."""
        kind = identifier % _ID_STEP
        if kind not in {MetricType.COUNTER, MetricType.GAUGE}:
            return AbiStatus.BAD_ARGUMENT
        if identifier not in self._values:
            return AbiStatus.NOT_FOUND
        if kind == MetricType.COUNTER and offset <= 0:
            return AbiStatus.BAD_ARGUMENT
        self._values[identifier] = (self._values[identifier] + offset) % _BIT_64
        return AbiStatus.OK

    def record(self, identifier: int, value: int) -> AbiStatus:
        """Set a gauge, add to a counter, or note a value of a histogram."""
        if identifier not in self._values:
            return AbiStatus.NOT_FOUND
        kind = MetricType(identifier % _ID_STEP)
        if kind is MetricType.COUNTER:
            self._values[identifier] = (self._values[identifier] + value) % _BIT_64
        elif kind is MetricType.GAUGE:
            self._values[identifier] = value % _BIT_64
        else:
            self._values[identifier] += 1
            self._records[identifier].append(value % _BIT_64)
        return AbiStatus.OK

    def get(self, identifier: int) -> int | AbiStatus:
        """The value of a counter or a gauge."""
        if identifier % _ID_STEP not in {MetricType.COUNTER, MetricType.GAUGE}:
            return AbiStatus.BAD_ARGUMENT
        return self._values.get(identifier, AbiStatus.NOT_FOUND)

    def snapshot(self) -> Mapping[str, int]:
        """The value of every metric by its name; for a histogram how many values were recorded."""
        return {
            name.decode("utf-8", "replace"): self._values[identifier] for (_kind, name), identifier in self._ids.items()
        }


@dataclass(frozen=True, kw_only=True)
class Shared:
    """All that VMs of one gateway have in common."""

    data: SharedData = field(default_factory=SharedData)
    queues: SharedQueues = field(default_factory=SharedQueues)
    metrics: Metrics = field(default_factory=Metrics)
