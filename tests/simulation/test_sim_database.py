"""The database of a simulated world, with the real tasks on it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.db.tasks import apply_session, find_instrument
from nexuslims_logger.errors import AccessDenied, DatabaseUnavailable
from nexuslims_logger.journal.records import SessionState
from tests.session_facts import a_session
from tests.simulation.faults import Faults
from tests.simulation.program import Program
from tests.simulation.scheduler import Scheduler
from tests.simulation.sim_clock import EPOCH, SimClock
from tests.simulation.sim_database import SimDatabase

if TYPE_CHECKING:
    from nexuslims_logger.journal.records import SessionFacts


def _facts(**changes: object) -> SessionFacts:
    return a_session("one", instrument_pid="pc", started_at=EPOCH, **changes)


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler(1)


@pytest.fixture
def database(scheduler: Scheduler) -> SimDatabase:
    return SimDatabase(scheduler, "test", SimClock(scheduler))


def _program(scheduler: Scheduler, **rates: float) -> Program:
    return Program(scheduler, "pc run 1", Faults(scheduler.random, rates=rates))


def _events(database: SimDatabase) -> list[tuple[str, str]]:
    return (
        database.connect()
        .execute("SELECT event_type, record_status FROM session_log ORDER BY event_type DESC")
        .fetchall()
    )


def test_two_programs_at_once_write_one_start_and_one_end(scheduler: Scheduler, database: SimDatabase) -> None:
    clock = SimClock(scheduler)
    commits: list[int] = []
    database.on_commit.append(lambda: commits.append(len(_events(database))))

    def write(program: Program) -> None:
        units = database.units(program, clock)
        find_instrument(units, "pc", None, True)
        for _ in range(3):
            applied = apply_session(units, _facts(ended_at=EPOCH + timedelta(hours=1), state=SessionState.READY))
            assert applied.ready

    def direct() -> None:
        programs = [_program(scheduler) for _ in range(3)]
        for actor in [program.spawn("database", write, program) for program in programs]:
            scheduler.join(actor)

    scheduler.run(scheduler.spawn("director", direct))
    assert _events(database) == [("START", "TO_BE_BUILT"), ("END", "TO_BE_BUILT")]
    assert max(commits) == 2
    recorded_at = database.connect().execute("SELECT DISTINCT recorded_at FROM session_log").fetchall()
    assert [row[0][:16] for row in recorded_at] == ["2026-03-02 08:00"]


@pytest.mark.parametrize(
    ("fault", "error", "written"),
    [
        ("database.away", DatabaseUnavailable, 0),
        ("database.denied", AccessDenied, 0),
        ("database.failed", DatabaseUnavailable, 0),
        ("database.answer lost", DatabaseUnavailable, 1),
    ],
)
def test_faults_mean_what_they_say(
    scheduler: Scheduler, database: SimDatabase, fault: str, error: type[Exception], written: int
) -> None:
    def write() -> None:
        find_instrument(database.units(_program(scheduler), SimClock(scheduler)), "pc", None, True)
        units = database.units(_program(scheduler, **{fault: 1.0}), SimClock(scheduler))
        with pytest.raises(error):
            apply_session(units, _facts())

    scheduler.run(scheduler.spawn("director", write))
    assert len(_events(database)) == written


def test_a_program_killed_in_its_transaction_leaves_the_server_free(
    scheduler: Scheduler, database: SimDatabase
) -> None:
    clock = SimClock(scheduler)

    def write(program: Program) -> None:
        units = database.units(program, clock)
        find_instrument(units, "pc", None, True)
        with units() as unit:
            unit.repository.event_rows("one")
            program.pause(3600)

    def direct() -> None:
        program = _program(scheduler)
        program.spawn("database", write, program)
        scheduler.wait(1)
        scheduler.kill(program.life)
        apply_session(database.units(_program(scheduler), clock), _facts())

    scheduler.run(scheduler.spawn("director", direct))
    assert _events(database) == [("START", "WAITING_FOR_END")]
