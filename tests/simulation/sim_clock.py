"""A PC's clock in a simulated world: virtual time with an error, which somebody may change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulation.scheduler import NANOSECONDS

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.faults import Faults
    from tests.simulation.scheduler import Scheduler

#: Virtual time zero.
EPOCH = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
#: No clock that is right is before this.
BUILT_AT = EPOCH - timedelta(days=1)
EPOCH_NS = int(EPOCH.timestamp()) * NANOSECONDS
#: What a dead battery leaves.
RESET = datetime(2005, 1, 1, tzinfo=UTC)
#: A step up to this is NTP's; all others are far larger.
SMALL_S = 5.0
#: What becomes of a clock, and by how many hours it is set.
WAYS = ("ntp", "hours", "reset", "right", "right", "summer time")
HOURS = (-3.0, -1.0, 1.0, 3.0)


class SimClock:
    """Virtual time, with the error that this PC's clock has.

    Attributes
    ----------
    offset_min
        Of local time from UTC.
    steps
        When it was set (virtual ns), and by how many microseconds.
    """

    def __init__(self, scheduler: Scheduler, error_s: float = 0.0, offset_min: int = 60) -> None:
        self._scheduler = scheduler
        self._error_us = round(error_s * 1_000_000)
        self.offset_min = offset_min
        self.steps: list[tuple[int, int]] = []
        self._read: dict[datetime, int] = {}
        self._highest = EPOCH

    def now(self) -> datetime:
        now = EPOCH + timedelta(microseconds=self._scheduler.now_ns // 1000 + self._error_us)
        self._read[now] = self._scheduler.now_ns
        return now

    def now_ns(self) -> int:
        """Return what a file written now gets as its time."""
        return EPOCH_NS + self._scheduler.now_ns + self._error_us * 1000

    def monotonic(self) -> float:
        return 1000.0 + self._scheduler.now_ns / NANOSECONDS

    def utc_offset_min(self) -> int:
        return self.offset_min

    # What the PC does not know.

    def true_ns(self, shown: datetime | None = None) -> int:
        """Return the virtual time (ns) now, or that at which the clock was read as `shown`; now where it never was."""
        now_ns = self._scheduler.now_ns
        return now_ns if shown is None else self._read.get(shown, now_ns)

    def highest(self) -> datetime:
        """Return the latest time that it has ever shown."""
        return max(self._highest, self.now())

    def set_by(self, seconds: float) -> None:
        """Set it forwards, or (negative) back."""
        self._highest = self.highest()
        step_us = round(seconds * 1_000_000)
        self._error_us += step_us
        self.steps.append((self._scheduler.now_ns, step_us))

    def set_right(self) -> None:
        """Take the error away."""
        self.set_by(-self._error_us / 1_000_000)

    def was_set_between(self, first_ns: int, last_ns: int) -> float:
        """Return by how many seconds it was set within this virtual time, all steps together."""
        return sum(step_us for at_ns, step_us in self.steps if first_ns <= at_ns <= last_ns) / 1_000_000


class ClockSetter:
    """Sets a PC's clock again and again, until the calm: NTP, people, a dead battery, summer time."""

    def __init__(self, scheduler: Scheduler, faults: Faults, name: str, clock: SimClock, random: Random) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._name = name
        self._clock = clock
        self._random = random

    def run(self) -> None:
        """Set the clock by seed; afterwards it is often right."""
        hours = self._random.choice(HOURS)
        while not self._faults.calm:
            self._scheduler.wait(self._random.choice((2.0, 30.0, 200.0)))
            how = self._random.choice(WAYS)
            self._scheduler.note(f"{self._name} clock is set:", how)
            if how == "ntp":
                self._clock.set_by(self._random.uniform(-SMALL_S, SMALL_S))
            elif how == "hours":
                self._clock.set_by(hours * 3600)
            elif how == "reset":
                self._clock.set_by((RESET - self._clock.now()).total_seconds())
            elif how == "right":
                self._clock.set_right()
            else:
                self._clock.offset_min = 180 - self._clock.offset_min
        if self._random.random() < 0.7:
            self._clock.set_right()
