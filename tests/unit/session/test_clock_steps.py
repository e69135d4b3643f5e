"""Windows' clock stands still for 15.6 ms: what happens within one of its steps has one time."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.journal.results import ns_of, time_of
from nexuslims_logger.session.service import ChangeUser, EndSession, SetNote
from tests.unit.bench import ManualClock
from tests.unit.session.conftest import LAUNCH

if TYPE_CHECKING:
    from tests.unit.session.conftest import Pc

STEP_S = 0.015625


class SteppedClock(ManualClock):
    """Shows the time at which its present step has begun."""

    def now(self) -> datetime:
        since = (super().now() - LAUNCH).total_seconds()
        return LAUNCH + timedelta(seconds=since // STEP_S * STEP_S)


@pytest.fixture(autouse=True)
def stepped(pc: Pc) -> None:
    pc.clock = SteppedClock(LAUNCH)


def found_by_the_builder(pc: Pc, mtime_ns: int) -> list[str]:
    """Return the sessions whose files the record builder looks for at this time: START < mtime <= END."""
    question = (
        "SELECT one.session_identifier FROM session_log one JOIN session_log two "
        "ON two.session_identifier = one.session_identifier AND two.event_type = 'END' "
        "WHERE one.event_type = 'START' AND one.record_status = 'TO_BE_BUILT' AND two.record_status = 'TO_BE_BUILT' "
        "AND one.timestamp < :at AND :at <= two.timestamp"
    )
    at = f"{time_of(mtime_ns).astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection:
        return [row[0] for row in connection.execute(question, {"at": at})]


def within_a_step(pc: Pc, message: object) -> Any:
    return pc.later(STEP_S / 10, message)


def test_start_note_and_end_within_one_step(pc: Pc) -> None:
    pc.run(within_a_step(pc, SetNote("grid 7")), within_a_step(pc, EndSession()))
    assert pc.clock.now() == LAUNCH
    assert pc.rows() == [
        ("session-1", "START", "ada", "TO_BE_BUILT", "grid 7", "2026-11-20 09:00:00.000000", None),
        ("session-1", "END", "ada", "TO_BE_BUILT", "grid 7", "2026-11-20 09:00:00.000001", None),
    ]


def test_a_change_of_user_within_the_step_of_start(pc: Pc) -> None:
    pc.run(within_a_step(pc, ChangeUser("bob", None)), within_a_step(pc, EndSession()))
    assert [(row[2], row[1], row[5][-6:]) for row in pc.rows()] == [
        ("ada", "START", "000000"),
        ("ada", "END", "000001"),
        ("bob", "START", "000000"),
        ("bob", "END", "000001"),
    ]


@pytest.mark.parametrize("later_ns", [0, 100, 900])
def test_a_file_of_the_step_of_end_is_found(pc: Pc, later_ns: int) -> None:
    """A disk keeps 100 ns, of which the PC's clock drops what is below the microsecond."""
    click = LAUNCH + timedelta(seconds=64 * STEP_S)
    pc.last_file_at = time_of(ns_of(click) + later_ns)
    pc.files_arrive = False
    pc.run(pc.later(64 * STEP_S, EndSession()))
    pc.clock.go_on(10)
    pc.files_arrive = True
    pc.run(catch_up_only=True)
    assert found_by_the_builder(pc, ns_of(click) + later_ns) == ["session-1"]
    assert pc.session().ended_at == click + timedelta(microseconds=1 if later_ns else 0)
