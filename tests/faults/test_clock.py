"""The PC's clock is set while the real program runs, or between two runs; sessions over midnight and a new hour."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.exit_codes import ExitCode
from tests.faults.machine import Forks, Machine, Run
from tests.faults.outside import in_the_end
from tests.faults.sweep import asked
from tests.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs the program many times by forking it")

#: The battery of its clock is empty.
RESET = datetime(2005, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as forks:
        yield forks


def until(at: datetime) -> timedelta:
    """Return by how much a clock is off that says `at` now."""
    return at - datetime.now(UTC)


def says(run: Run, words: str) -> None:
    for _ in waiting(f"nobody said {words!r}: {run.complaints.read_text()}"):
        if words in run.complaints.read_text():
            return


def events(machine: Machine, session: str) -> dict[str, tuple[datetime, int, str]]:
    rows = asked(machine)(
        "SELECT event_type, timestamp, utc_offset_min, record_status FROM session_log "
        f"WHERE session_identifier = '{session}'"
    )
    return {kind: (datetime.fromisoformat(at).replace(tzinfo=UTC), offset, status) for kind, at, offset, status in rows}


@pytest.mark.parametrize(
    ("turn", "before_min", "after_min"),
    [
        (datetime(2027, 3, 28, 1, tzinfo=UTC), 60, 120),  # the hour from two to three does not exist
        (datetime(2027, 10, 31, 1, tzinfo=UTC), 120, 60),  # the one from two to three comes twice
        (datetime(2027, 6, 30, 22, tzinfo=UTC), 120, 120),  # midnight
    ],
    ids=["spring", "autumn", "midnight"],
)
def test_a_session_over_a_change_of_hours(
    forks: Forks, tmp_path: Path, turn: datetime, before_min: int, after_min: int
) -> None:
    machine = Machine(tmp_path, forks, TZ="Europe/Berlin")
    machine.set_clock(until(turn - timedelta(minutes=2)))
    run = machine.start("headless", "--user", "Ada")
    session = machine.started(run)
    assert session
    machine.write("before.tif", b"before", session)
    machine.set_clock(until(turn + timedelta(minutes=2)))
    machine.write("after.tif", b"after", session)
    says(run, "2 of 2 files stored")
    machine.tell(run, signal.SIGINT)
    assert machine.finish(run) == ExitCode.COMPLETE, run.complaints.read_text()
    (start, start_min, _), (end, end_min, _) = (events(machine, session)[kind] for kind in ("START", "END"))
    assert (start_min, end_min) == (before_min, after_min)
    assert start < turn < end < turn + timedelta(minutes=15)
    verdict = in_the_end(asked(machine), machine)
    assert verdict.is_kept(), verdict


def test_a_clock_that_is_reset_while_a_session_runs(forks: Forks, tmp_path: Path) -> None:
    machine = Machine(tmp_path, forks)
    run = machine.start("headless", "--user", "Ada")
    session = machine.started(run)
    assert session
    machine.write("before.tif", b"before", session)
    says(run, "1 of 1 files stored")
    machine.set_clock(until(RESET))
    machine.write("after.tif", b"after", session)
    says(run, "2 of 2 files stored")
    machine.tell(run, signal.SIGINT)
    assert machine.finish(run) == ExitCode.WAITING, run.complaints.read_text()
    assert "The clock of this PC" in run.complaints.read_text()
    (start, *_), (end, *_) = (events(machine, session)[kind] for kind in ("START", "END"))
    assert start < end < start + timedelta(minutes=5)
    machine.set_clock(timedelta())
    assert machine.finish(machine.start("sync")) == ExitCode.WAITING, "nobody has said yet what the times are worth"
    assert {status for *_, status in events(machine, session).values()} == {"WAITING_FOR_END"}
    stored = asked(machine)("SELECT session_identifier, state FROM file_manifest")
    assert stored == [(session, "UPLOADED")] * 2
    assert machine.finish(machine.start("sync", "--confirm-clock", session)) == ExitCode.COMPLETE
    assert {status for *_, status in events(machine, session).values()} == {"TO_BE_BUILT"}


def test_a_clock_that_was_reset_between_two_runs_and_is_right_again(forks: Forks, tmp_path: Path) -> None:
    machine = Machine(tmp_path, forks)
    run = machine.start("headless", "--user", "Ada")
    hers = machine.started(run)
    assert hers
    machine.write("hers.tif", b"hers", hers)
    says(run, "1 of 1 files stored")
    machine.tell(run, signal.SIGKILL)
    machine.finish(run)

    machine.set_clock(until(RESET))
    run = machine.start("headless", "--user", "Bob")
    his = machine.started(run)
    assert his
    machine.write("his.tif", b"his", his)
    says(run, "1 of 1 files stored")
    machine.tell(run, signal.SIGINT)
    assert machine.finish(run) == ExitCode.WAITING, run.complaints.read_text()
    assert "The clock of this PC is in doubt: the session began at 2005-01-01" in run.complaints.read_text()

    machine.set_clock(timedelta())
    run = machine.start("sync")
    assert machine.finish(run) == ExitCode.WAITING, "nobody has said yet that his times are right"
    (start, *_), (end, *_) = (events(machine, hers)[kind] for kind in ("START", "END"))
    assert start < end < start + timedelta(minutes=5)
    held = events(machine, his)
    # Hers too: it was ended by a clock that was before its START.
    assert {status for *_, status in (*held.values(), *events(machine, hers).values())} == {"WAITING_FOR_END"}
    assert RESET <= held["START"][0] < held["END"][0] < RESET + timedelta(minutes=5)
    stored = asked(machine)("SELECT session_identifier, state FROM file_manifest ORDER BY object_name")
    assert stored == [(hers, "UPLOADED"), (his, "UPLOADED")]
