"""Two PCs at one instrument: what the start asks, and what becomes of each answer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.db.tasks import apply_session, find_instrument
from nexuslims_logger.errors import DatabaseUnavailable
from nexuslims_logger.events import (
    InterruptedChoice,
    NeighbourChoice,
    NeighbourFound,
    RecordState,
    SessionEnding,
    SessionReady,
    SessionStarted,
    Trouble,
)
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.records import EndReason, SessionState
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.messages import RecordAgain
from nexuslims_logger.session.service import AnswerNeighbour, EndSession, SetNote
from tests.unit.session.conftest import LAUNCH, Pc

if TYPE_CHECKING:
    from pathlib import Path

ADAS = "session-1"


class Pair:
    """The microscope's PC, whose session runs and whose program is away for now, and the camera's PC beside it."""

    def __init__(self, folder: Path) -> None:
        self.microscope = Pc(folder)
        find_instrument(self.microscope.units, "TEM-PC", None, register=True)
        self.camera = Pc(folder)
        self.camera.facts = FactsJournal(JournalFile(sqlite3.connect(":memory:", isolation_level=None)))
        self.camera.random = self.microscope.random

    def ada(self, *script: Any, **station: Any) -> list[Any]:
        return self.microscope.run(*script, **{"this_pc_only": False, "gap_s": 0.0, **station})

    def bob(self, *script: Any, **station: Any) -> list[Any]:
        self.camera.clock.go_on(600)
        known = {"computer_name": "CAM-PC", "user": "bob", "this_pc_only": False, "instrument_pid": "TEM-PC"}
        return self.camera.run(*script, **{**known, **station})

    def waits_for(self) -> str | None:
        with sqlite3.connect(self.microscope.settings.embedded_database) as connection:
            found: str | None = connection.execute(
                "SELECT waits_for FROM session_log WHERE session_identifier = ? AND event_type = 'START'", (ADAS,)
            ).fetchone()[0]
        connection.close()
        return found


def of_kind(told: list[Any], kind: type) -> list[Any]:
    return [event for event in told if isinstance(event, kind)]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    made = Pair(tmp_path)
    made.ada()
    assert [row[:2] for row in made.microscope.rows()] == [(ADAS, "START")]
    return made


def test_joining_writes_no_row_of_its_own(pair: Pair) -> None:
    told = pair.bob(AnswerNeighbour(NeighbourChoice.JOIN), SetNote("not here"), EndSession())

    (found,) = of_kind(told, NeighbourFound)
    assert (found.user, found.computer_name, found.started_at, found.may_join) == ("ada", "TEM-PC", LAUNCH, True)
    (started,) = of_kind(told, SessionStarted)
    assert (started.session_identifier, started.user, started.joined) == (ADAS, "ada", True)
    assert of_kind(told, SessionReady)  # this PC's part
    assert [row[:5] for row in pair.microscope.rows()] == [(ADAS, "START", "ada", "WAITING_FOR_END", "")]
    assert pair.waits_for() == "TEM-PC"
    assert pair.camera.transfer.tracked == ()


def test_the_owner_waits_for_the_part_and_says_so(pair: Pair) -> None:
    pair.bob(AnswerNeighbour(NeighbourChoice.JOIN))
    told = pair.ada(EndSession(), interrupted=InterruptedChoice.CONTINUE)
    assert not of_kind(told, SessionReady)
    problems = [event.problem.title for event in of_kind(told, RecordState) if event.problem]
    assert "The session waits for CAM-PC" in problems

    told = pair.bob(interrupted=InterruptedChoice.CONTINUE)  # and meets the END

    assert [event.session_identifier for event in of_kind(told, SessionReady)] == [ADAS]
    assert {row[3] for row in pair.microscope.rows()} == {"TO_BE_BUILT"}
    assert of_kind(pair.ada(catch_up_only=True), SessionReady)


def test_taking_over_ends_theirs_at_its_last_activity_and_starts_mine(pair: Pair) -> None:
    told = pair.bob(AnswerNeighbour(NeighbourChoice.TAKE_OVER))

    (started,) = of_kind(told, SessionStarted)
    assert (started.user, started.joined, started.started_at) == ("bob", False, LAUNCH + timedelta(seconds=600))
    theirs = [row for row in pair.microscope.rows() if row[0] == ADAS]
    assert [(row[1], row[2], row[3]) for row in theirs] == [
        ("START", "ada", "WAITING_FOR_END"),
        ("END", "ada", "WAITING_FOR_END"),
    ]
    assert theirs[1][5:] == ("2026-11-20 09:00:00.000001", "TAKEN_OVER")

    told = pair.ada(
        interrupted=InterruptedChoice.CONTINUE, neighbour=NeighbourChoice.OWN
    )  # Ada comes back to her window

    (trouble,) = [event for event in of_kind(told, Trouble) if event.kind == "ended elsewhere"]
    assert "taken over by CAM-PC" in trouble.problem.title
    assert of_kind(told, SessionEnding)
    assert pair.microscope.session().end_reason is EndReason.TAKEN_OVER
    assert {row[3] for row in pair.microscope.rows() if row[0] == ADAS} == {"TO_BE_BUILT"}


@pytest.mark.parametrize("answer", [AnswerNeighbour(NeighbourChoice.OWN), None])
def test_one_of_ones_own_changes_nothing_of_theirs(pair: Pair, answer: AnswerNeighbour | None) -> None:
    before = pair.microscope.rows()

    def nobody_answers() -> None:
        pair.camera.clock.go_on(61)

    told = pair.bob(answer or nobody_answers)

    (started,) = of_kind(told, SessionStarted)
    assert (started.user, started.started_at) == ("bob", LAUNCH + timedelta(seconds=600))
    assert [row for row in pair.microscope.rows() if row[0] == ADAS] == before


@pytest.mark.parametrize(
    ("user", "gap_s", "suggested"),
    [("ada", 3600.0, NeighbourChoice.JOIN), ("ada", 60.0, NeighbourChoice.OWN), ("bob", 3600.0, NeighbourChoice.OWN)],
)
def test_joining_is_suggested_to_the_same_user_soon_after(
    pair: Pair, user: str, gap_s: float, suggested: NeighbourChoice
) -> None:
    told = pair.bob(user=user, gap_s=gap_s, neighbour=NeighbourChoice.OWN)
    assert of_kind(told, NeighbourFound)[0].suggestion is suggested


def test_a_part_that_is_finished_is_not_joined_again(pair: Pair) -> None:
    pair.bob(EndSession(), neighbour=NeighbourChoice.JOIN)
    told = pair.bob(neighbour=NeighbourChoice.JOIN)
    assert not of_kind(told, NeighbourFound)[0].may_join
    assert not of_kind(told, SessionStarted)[0].joined


def test_a_finished_part_that_the_database_has_lost_is_joined_and_finished_again(pair: Pair) -> None:
    pair.camera.manifest = ("frame.dm4",)
    pair.bob(AnswerNeighbour(NeighbourChoice.JOIN), EndSession())
    with closing(sqlite3.connect(pair.microscope.settings.embedded_database)) as connection, connection:
        connection.execute("DELETE FROM file_manifest")
        connection.execute("UPDATE session_log SET waits_for = NULL")

    told = pair.bob(catch_up_only=True)

    assert RecordAgain(ADAS) in pair.camera.transfer.asked
    assert of_kind(told, SessionReady)  # this PC's part, once more
    assert pair.waits_for() == "TEM-PC"
    with closing(sqlite3.connect(pair.microscope.settings.embedded_database)) as connection:
        assert connection.execute("SELECT object_name FROM file_manifest").fetchall() == [("frame.dm4",)]


def test_who_ended_meanwhile_is_not_joined(pair: Pair) -> None:
    def ada_ends() -> AnswerNeighbour:
        pair.ada(EndSession(), interrupted=InterruptedChoice.CONTINUE)
        return AnswerNeighbour(NeighbourChoice.JOIN)

    told = pair.bob(ada_ends)

    (trouble,) = [event for event in of_kind(told, Trouble) if event.kind == "neighbour"]
    assert "has ended" in trouble.problem.message
    assert not of_kind(told, SessionStarted)[0].joined
    assert {row[3] for row in pair.microscope.rows() if row[0] == ADAS} == {"TO_BE_BUILT"}


def test_an_answer_that_was_lost_is_taken_back(pair: Pair) -> None:
    really_submit = pair.camera.database.submit

    def submit(function: Any, *args: Any, ticket: object, reply_to: Any) -> None:
        if function.__name__ == "join_session":

            def and_lose(*given: Any) -> None:
                function(*given)
                raise DatabaseUnavailable("The database does not answer", "The network may be gone.")

            really_submit(and_lose, *args, ticket=ticket, reply_to=reply_to)
        else:
            really_submit(function, *args, ticket=ticket, reply_to=reply_to)

    pair.camera.database.submit = submit  # type: ignore[method-assign] # the network
    told = pair.bob(neighbour=NeighbourChoice.JOIN)

    assert not of_kind(told, SessionStarted)[0].joined
    assert pair.waits_for() == "TEM-PC"  # it had arrived, and was withdrawn
    pair.ada(EndSession(), interrupted=InterruptedChoice.CONTINUE)
    assert {row[3] for row in pair.microscope.rows() if row[0] == ADAS} == {"TO_BE_BUILT"}


def test_a_crash_after_the_question_is_taken_back_at_the_next_start(pair: Pair) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    really_add = pair.camera.facts.add
    pair.camera.facts.add = die  # type: ignore[method-assign,assignment] # the power
    with pytest.raises(KeyboardInterrupt):
        pair.bob(neighbour=NeighbourChoice.JOIN)
    assert pair.waits_for() == "TEM-PC, CAM-PC"
    pair.camera.facts.add = really_add  # type: ignore[method-assign]

    pair.bob(catch_up_only=True)

    assert pair.waits_for() == "TEM-PC"


def test_a_database_that_is_away_holds_no_start(pair: Pair) -> None:
    pair.bob(neighbour=NeighbourChoice.OWN)  # the journal knows the instrument from now on

    def refuse(*_: object) -> None:
        raise DatabaseUnavailable("The database does not answer", "The network may be gone.")

    pair.camera.database.before = refuse
    told = pair.bob(interrupted=InterruptedChoice.END)
    assert not of_kind(told, NeighbourFound)
    assert not of_kind(told, SessionStarted)[0].joined


def test_the_embedded_default_asks_nobody(pair: Pair) -> None:
    told = pair.camera.run(computer_name="CAM-PC")
    assert not of_kind(told, NeighbourFound)


def test_a_managers_end_reaches_the_window(pair: Pair) -> None:
    """Any END by another hand wins, at the next look at the rows."""
    ended = pair.microscope.session()

    def manager() -> None:
        facts = replace(ended, state=SessionState.ENDING, ended_at=LAUNCH + timedelta(hours=1))
        apply_session(pair.microscope.units, facts)

    told = pair.ada(manager, SetNote("still here"), interrupted=InterruptedChoice.CONTINUE)

    assert of_kind(told, SessionEnding)[0].ended_at == LAUNCH + timedelta(hours=1)
