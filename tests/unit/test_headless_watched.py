"""How long an unattended run waits for what does not move."""

from __future__ import annotations

from datetime import UTC, datetime

from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.events import Healed, Problem, Trouble
from nexuslims_logger.headless_watched import Standstill, Watched


class SetClock(SystemClock):
    """A clock that stands where it is put."""

    time_s = 100.0

    def monotonic(self) -> float:
        return self.time_s


def test_what_hangs_is_waited_for_as_long_as_it_may_go_on() -> None:
    clock, watched = SetClock(), Watched()
    standstill = Standstill(clock)
    assert standstill.stuck_s(watched) == 0.0
    hangs = Trouble("stuck nexuslims-upload-1", Problem("No progress", "Look at the share.", datetime.now(UTC)))

    watched.take(hangs)
    assert standstill.stuck_s(watched) == 0.0, "an unattended run gives up at once"
    clock.time_s += 200.0
    assert standstill.stuck_s(watched) == 200.0

    watched.take(Healed(hangs.kind))
    assert standstill.stuck_s(watched) == 0.0
    clock.time_s += 200.0
    watched.take(hangs)
    assert standstill.stuck_s(watched) == 0.0
