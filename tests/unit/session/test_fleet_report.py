"""This logger's report of itself: on events, every quarter of an hour, and never in a session's way."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import DatabaseUnavailable, JournalUnavailable
from nexuslims_logger.events import SessionReady, Trouble
from nexuslims_logger.messages import Backlog
from nexuslims_logger.session.fleet_report import REPORT_EVERY_S
from nexuslims_logger.session.service import EndSession, PauseSession, SetNote
from tests.unit.session.conftest import LAUNCH

if TYPE_CHECKING:
    import pytest

    from tests.unit.session.conftest import Pc

#: Time passes, nothing comes.
NOTHING = None
BACKLOG = Backlog(3, 3000, LAUNCH, None)


class Reports:
    """Collects what is reported, and refuses it on request."""

    def __init__(self, pc: Pc) -> None:
        self.told: list[Any] = []
        self.away: set[str] = set()
        pc.database.before = self._look

    def _look(self, name: str, *arguments: Any) -> None:
        if name in self.away:
            raise DatabaseUnavailable("The database does not answer", "It is tried again.")
        if name == "report_logger":
            self.told.append(arguments[0])

    @property
    def states(self) -> list[str]:
        return [report.state.value for report in self.told]


def rows(pc: Pc) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(pc.settings.embedded_database)
    try:
        return connection.execute(
            "SELECT logger_id, computer_name, instrument, state, session_identifier, files_waiting, bytes_waiting,"
            " last_error FROM loggers"
        ).fetchall()
    finally:
        connection.close()


def test_events_are_reported(pc: Pc) -> None:
    reports = Reports(pc)

    pc.run(BACKLOG, EndSession())

    assert reports.states[0] == "RUNNING"
    assert "ENDING" in reports.states
    assert reports.states[-2:] == ["IDLE", "STOPPED"]
    assert rows(pc) == [("logger-1", "TEM-PC", "TEM-PC", "STOPPED", None, 3, 3000, None)]


def test_a_pause_is_reported(pc: Pc) -> None:
    reports = Reports(pc)

    pc.run(PauseSession())

    assert reports.states[-2:] == ["PAUSED", "STOPPED"]
    # The session that was left open is named.
    assert rows(pc)[0][3:5] == ("STOPPED", "session-1")


def test_the_whole_row_is_filled(pc: Pc) -> None:
    pc.run(Backlog(3, 3000, LAUNCH, "away", LAUNCH, 4096), EndSession())

    connection = sqlite3.connect(pc.settings.embedded_database)
    try:
        connection.row_factory = sqlite3.Row
        (row,) = connection.execute("SELECT * FROM loggers")
    finally:
        connection.close()
    empty = [name for name in row.keys() if row[name] is None]  # noqa: SIM118 - a row's iterator gives values
    assert empty == ["session_identifier"]
    assert (row["oldest_waiting_at"], row["disk_free_bytes"]) == (f"{LAUNCH:%Y-%m-%d %H:%M:%S.%f}", 4096)


def test_every_quarter_of_an_hour(pc: Pc) -> None:
    reports = Reports(pc)
    minute = pc.later(60, NOTHING)

    pc.run(*[minute] * 45)

    # One at START, then one at each quarter.
    assert reports.states == [*["RUNNING"] * 4, "STOPPED"]
    assert timedelta(seconds=REPORT_EVERY_S) == timedelta(minutes=15)


def test_a_pass_is_no_report(pc: Pc) -> None:
    reports = Reports(pc)

    pc.run(BACKLOG, Backlog(2, 2000, LAUNCH, None), Backlog(0, 0, LAUNCH, None))

    assert reports.states == ["RUNNING", "STOPPED"]


def test_a_new_trouble_is_reported_once(pc: Pc) -> None:
    reports = Reports(pc)
    trouble = Backlog(3, 3000, LAUNCH, "The store is full: make room")

    pc.run(trouble, trouble)

    assert [report.last_error for report in reports.told[:-1]] == [None, trouble.problem]


def test_sessions_go_first_and_a_database_that_is_away_is_left_alone(pc: Pc) -> None:
    reports = Reports(pc)
    reports.away.add("apply_session")

    pc.run(*[pc.later(60, NOTHING)] * 30)

    assert reports.told == []
    assert "report_logger" not in pc.database.calls


def test_a_report_that_fails_harms_nothing(pc: Pc) -> None:
    reports = Reports(pc)
    reports.away.add("report_logger")

    told = pc.run(SetNote("a note"), *[pc.later(60, NOTHING)] * 20, EndSession())

    assert not [event for event in told if isinstance(event, Trouble)]
    assert [event for event in told if isinstance(event, SessionReady)]
    assert rows(pc) == []
    # At START, after a quarter of an hour, and at the END; not again and again.
    assert 3 <= pc.database.calls.count("report_logger") <= 5


def test_a_report_that_a_full_disk_prevents_is_made_when_there_is_room(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = Reports(pc)
    really_instrument, full = pc.facts.instrument, iter([True])

    def instrument() -> Any:
        if pc.loop.current and next(full, False):
            raise JournalUnavailable("The journal cannot be read", "Make room on the disk.")
        return really_instrument()

    monkeypatch.setattr(pc.facts, "instrument", instrument)
    pc.run(pc.later(60, NOTHING), pc.later(60, NOTHING))
    assert reports.states


def test_a_renamed_pc_is_another_logger(pc: Pc) -> None:
    pc.run(EndSession())
    pc.facts.set_meta("logger_id_of", "OLD-NAME")

    pc.run(EndSession())

    assert len(rows(pc)) == 2
    assert pc.facts.meta("logger_id_of") == "TEM-PC"
