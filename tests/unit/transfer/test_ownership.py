"""Whose a file is by its own times, whatever became of the PC's clock since START."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.transfer.ownership import spans
from tests.unit.bench import ManualClock

if TYPE_CHECKING:
    from tests.unit.transfer.conftest import Transfer

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("set_by", "written", "own"),
    [
        (timedelta(), timedelta(minutes=1), True),
        (timedelta(), -timedelta(minutes=1), False),
        (timedelta(), HOUR, True),  # by a share whose clock is ahead
        (-3 * HOUR, timedelta(minutes=1), True),  # before it was set back
        (-3 * HOUR, timedelta(minutes=1) - 3 * HOUR, True),  # and afterwards
        (-3 * HOUR, -HOUR, False),  # an hour before START
        (3 * HOUR, timedelta(minutes=1), True),
        (3 * HOUR, timedelta(minutes=1) + 3 * HOUR, True),
        (3 * HOUR, HOUR, False),  # two hours before START, which was three hours late
        # At START it was 2005: what is there of last year is not new.
        (timedelta(days=7730), timedelta(minutes=1), True),
        (timedelta(days=7730), timedelta(days=7730, minutes=1), True),
        (timedelta(days=7730), timedelta(days=7400), False),
        (-timedelta(days=7730), timedelta(minutes=1) - timedelta(days=7730), True),
        (-timedelta(days=7730), -timedelta(days=7400), False),
    ],
)
def test_a_clock_that_was_set_since_start(transfer: Transfer, set_by: timedelta, written: timedelta, own: bool) -> None:
    clock = ManualClock(START)
    session = transfer.a_session(started_at=START, began_monotonic=clock.monotonic())
    clock.go_on(120)
    clock.set_by(set_by.total_seconds())
    assert any(first <= START + written <= last for first, last in spans(session, clock)) is own


def test_a_clock_that_is_still_reset_finds_nothing_new_among_old_files(transfer: Transfer) -> None:
    clock = ManualClock(START - timedelta(days=7730))
    session = transfer.a_session(started_at=clock.now(), began_monotonic=clock.monotonic())
    assert not any(first <= START <= last for first, last in spans(session, clock))


def test_of_an_earlier_run_only_the_time_is_known(transfer: Transfer) -> None:
    session = transfer.a_session(started_at=START)
    for now in (START + HOUR, START - HOUR):
        assert any(first <= START + HOUR / 2 <= last for first, last in spans(session, ManualClock(now)))


def test_a_file_of_the_step_of_the_clock_in_which_start_was_taken_is_the_sessions(transfer: Transfer) -> None:
    """Windows' clock stands still for 15.6 ms: nobody can tell which of the two was first."""
    transfer.clock.go_on(3600)  # the disk's own times of these files are before START, and tell nothing
    session = transfer.a_session()
    transfer.write("before.tif", b"before", session.started_at - timedelta(microseconds=15625))
    transfer.write("same.tif", b"same", session.started_at)
    transfer.track(session)
    transfer.settle()
    assert transfer.stored().keys() == {"Titan/same.tif"}
