"""A clock that passes the time of those who wait for it at once, and remembers how long they wanted to wait."""

from dataclasses import dataclass, field


@dataclass
class FakeClock:
    """`slept` are the seconds of each wait; each look at the clock takes `step` seconds."""

    time: float = 0.0
    step: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        self.time += self.step
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
