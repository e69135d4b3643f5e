"""The database knows more than the journal: a new disk, another account, an image of the PC that was put back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from nexuslims_logger.errors import DatabaseUnavailable
from nexuslims_logger.events import InterruptedChoice, InterruptedFound, SessionReady, SessionStarted
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.session.service import AnswerInterrupted, EndSession, SetNote
from tests.unit.session.conftest import LAUNCH, InlineOutage, Pc


def with_journal(pc: Pc, content: bytes | None = None) -> None:
    """Put a journal in the place of the present one; None: an empty one."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    if content is not None:
        connection.deserialize(content)
    pc.facts = FactsJournal(JournalFile(connection))


def image(pc: Pc) -> bytes:
    content: bytes = pc.facts._file.connection.serialize()
    return content


def of_kind(told: list[Any], kind: type) -> list[Any]:
    return [event for event in told if isinstance(event, kind)]


def test_a_session_that_was_open_when_the_disk_died_is_offered_and_ended(pc: Pc) -> None:
    pc.run(pc.later(60, SetNote("grid 7")))
    with_journal(pc)
    pc.clock.go_on(600)

    told = pc.run(AnswerInterrupted(InterruptedChoice.END), user="bob")

    (found,) = of_kind(told, InterruptedFound)
    assert (found.session_identifier, found.user, found.started_at) == ("session-1", "ada", LAUNCH)
    assert found.last_activity_at == LAUNCH + timedelta(seconds=60)
    (started,) = of_kind(told, SessionStarted)
    assert (started.user, started.continued) == ("bob", False)
    theirs = [row[1:] for row in pc.rows() if row[0] == "session-1"]
    assert theirs == [
        ("START", "ada", "TO_BE_BUILT", "grid 7", "2026-11-20 09:00:00.000000", None),
        ("END", "ada", "TO_BE_BUILT", "grid 7", "2026-11-20 09:01:00.000000", "LAST_ACTIVITY"),
    ]


def test_it_can_be_continued(pc: Pc) -> None:
    pc.run(SetNote("grid 7"))
    with_journal(pc)
    pc.clock.go_on(600)

    told = pc.run(AnswerInterrupted(InterruptedChoice.CONTINUE), pc.later(60, EndSession()))

    (started,) = of_kind(told, SessionStarted)
    assert (started.session_identifier, started.continued, started.note) == ("session-1", True, "grid 7")
    assert of_kind(told, SessionReady)
    assert [row[:4] for row in pc.rows()] == [
        ("session-1", "START", "ada", "TO_BE_BUILT"),
        ("session-1", "END", "ada", "TO_BE_BUILT"),
    ]


def test_a_database_that_is_away_holds_nothing_up(pc: Pc, monkeypatch: pytest.MonkeyPatch) -> None:
    pc.run()
    instrument = pc.facts.instrument()
    assert instrument is not None
    with_journal(pc)
    pc.facts.remember_instrument(instrument)
    pc.facts.set_meta("instrument_from", "the embedded database")

    def away(*_: object) -> None:
        raise DatabaseUnavailable("The database does not answer", "Wait.")

    monkeypatch.setattr(pc.database, "before", away)
    told = pc.run(user="bob")

    assert not of_kind(told, InterruptedFound)
    assert [event.user for event in of_kind(told, SessionStarted)] == ["bob"]


def test_an_image_put_back_from_before_the_end_doubles_nothing(pc: Pc) -> None:
    pc.run(SetNote("grid 7"))
    before_the_end = image(pc)
    pc.clock.go_on(600)
    pc.run(pc.later(60, EndSession()), interrupted=InterruptedChoice.CONTINUE)
    rows = pc.rows()
    assert [row[1] for row in rows] == ["START", "END"]
    with_journal(pc, before_the_end)
    pc.clock.go_on(86_400)

    pc.run(interrupted=InterruptedChoice.END, user="bob")

    assert [row for row in pc.rows() if row[0] == "session-1"] == rows, "the END that the database has wins"
    assert pc.session().ended_at == LAUNCH + timedelta(seconds=660)
    assert pc.session().state is SessionState.READY


@pytest.mark.parametrize("choice", InterruptedChoice)
def test_a_note_that_was_written_after_the_image_stays(pc: Pc, choice: InterruptedChoice) -> None:
    pc.run(SetNote("first line"))
    before_the_result = image(pc)
    pc.clock.go_on(600)
    pc.run(SetNote("first line\ngrid 7 is austenite"), EndSession(), interrupted=InterruptedChoice.CONTINUE)
    rows = pc.rows()
    with_journal(pc, before_the_result)
    pc.clock.go_on(600)

    pc.run(interrupted=choice)

    assert [row for row in pc.rows() if row[0] == "session-1"] == rows


def test_what_is_written_after_the_image_was_put_back_stands_below(pc: Pc) -> None:
    """The database is away meanwhile, and the note is changed again and again."""
    pc.run(SetNote("first line"))
    before_the_result = image(pc)
    pc.clock.go_on(600)
    pc.run(SetNote("grid 7 is austenite"), interrupted=InterruptedChoice.CONTINUE)
    with_journal(pc, before_the_result)
    pc.clock.go_on(600)
    outage = InlineOutage(pc)
    outage.begin()
    pc.run(SetNote("first line\nand"), SetNote("first line\nand more"), interrupted=InterruptedChoice.CONTINUE)
    outage.end()

    pc.run(SetNote("first line\nand more"), interrupted=InterruptedChoice.CONTINUE)
    assert [row[4] for row in pc.rows()] == ["grid 7 is austenite\nfirst line\nand more"]
    pc.run(SetNote("first line, corrected"), EndSession(), interrupted=InterruptedChoice.CONTINUE)
    assert [row[4] for row in pc.rows()] == ["grid 7 is austenite\nfirst line, corrected"] * 2


def test_an_image_put_back_from_before_a_whole_session_doubles_nothing(pc: Pc) -> None:
    pc.run(EndSession())
    old = image(pc)
    pc.clock.go_on(600)
    pc.run(EndSession())
    rows = pc.rows()
    with_journal(pc, old)
    pc.clock.go_on(600)

    told = pc.run(catch_up_only=True)

    assert pc.rows() == rows
    assert not of_kind(told, SessionStarted)


def test_what_a_restored_database_lost_is_not_what_the_journal_lost(pc: Pc) -> None:
    """An ended session of this computer is nobody's to continue."""
    pc.run(EndSession())
    with_journal(pc)
    pc.clock.go_on(600)

    told = pc.run(user="bob")

    assert not of_kind(told, InterruptedFound)
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection:
        assert connection.execute("SELECT COUNT(DISTINCT session_identifier) FROM session_log").fetchone() == (2,)
