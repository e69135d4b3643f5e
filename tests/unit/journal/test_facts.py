from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.errors import Defect, JournalDamaged
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.records import (
    ALLOWED,
    EndReason,
    Instrument,
    SessionState,
)
from nexuslims_logger.journal.sqlite import open_journal_file, read_journal_file
from tests.session_facts import START, a_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nexuslims_logger.journal.records import SessionFacts

#: Columns that a journal of version 1 has not.
ADDED = ("joined", "manifest_rows", "manifest_newest_at", "note_revision", "earlier_notes")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "facts.db"


@pytest.fixture
def facts(path: Path) -> Iterator[FactsJournal]:
    file = open_journal_file(path)
    yield FactsJournal(file)
    file.close()


def reopened(path: Path) -> SessionFacts:
    file = open_journal_file(path)
    try:
        return FactsJournal(file).session("s1")
    finally:
        file.close()


def test_a_start_is_on_the_disk_when_it_was_added(facts: FactsJournal, path: Path) -> None:
    facts.add(a_session(note="é\nü"))
    assert reopened(path) == a_session(note="é\nü")


def test_every_change_raises_the_revision(facts: FactsJournal, path: Path) -> None:
    facts.add(a_session())
    facts.change("s1", note="x")
    changed = facts.change(
        "s1",
        state=SessionState.ENDING,
        ended_at=START + timedelta(hours=1),
        clicked_at=START + timedelta(hours=1),
        end_reason=EndReason.LAST_ACTIVITY,
    )
    assert changed.revision == 3
    assert reopened(path) == changed
    assert [one.identifier for one in facts.unsent()] == ["s1"]
    facts.mark("s1", 2)
    assert [one.identifier for one in facts.unsent()] == ["s1"], "a fact written meanwhile is still owed"
    facts.mark("s1", 3)
    assert facts.unsent() == []


@pytest.mark.parametrize("before", SessionState)
@pytest.mark.parametrize("after", SessionState)
def test_only_the_allowed_steps(facts: FactsJournal, before: SessionState, after: SessionState) -> None:
    ended: dict[str, Any] = {} if before in {SessionState.RUNNING, SessionState.PAUSED} else {"ended_at": START}
    facts.add(a_session(state=before, **ended))
    if after is before:
        return
    changes = {"state": after, "ended_at": START if after not in {SessionState.RUNNING, SessionState.PAUSED} else None}
    if after in ALLOWED[before]:
        assert facts.change("s1", **changes).state is after
    else:
        with pytest.raises(Defect):
            facts.change("s1", **changes)
        assert facts.session("s1").state is before


def test_what_is_open_and_what_is_owed(facts: FactsJournal) -> None:
    facts.add(a_session("running"))
    facts.add(a_session("paused", state=SessionState.PAUSED))
    facts.add(a_session("closed", state=SessionState.CLOSED, ended_at=START))
    facts.add(a_session("ready", state=SessionState.READY, ended_at=START))
    facts.add(a_session("done", state=SessionState.READY, ended_at=START, database_revision=1))
    assert {one.identifier for one in facts.open_sessions()} == {"running", "paused"}
    assert {one.identifier for one in facts.unfinished()} == {"closed", "ready"}
    facts.forget_before(START + timedelta(days=60))
    with pytest.raises(KeyError):
        facts.session("done")
    assert facts.session("ready").state is SessionState.READY


def test_the_instruments_copy(facts: FactsJournal) -> None:
    assert facts.instrument() is None
    titan = Instrument("TITAN", "FEI Titan", "./Titan", "TEM-PC", "Europe/Berlin")
    facts.remember_instrument(titan)
    assert facts.instrument() == titan


def test_a_refusal_is_kept_and_forgotten(facts: FactsJournal) -> None:
    facts.add(a_session())
    facts.mark_refused("s1", "No right to write")
    assert facts.session("s1").database_error == "No right to write"
    facts.mark("s1", 1)
    assert facts.session("s1").database_error is None


def test_a_note_knows_those_before_it(facts: FactsJournal, path: Path) -> None:
    facts.add(a_session(note="first"))
    facts.mark("s1", 1)
    facts.change("s1", last_activity_at=START + timedelta(hours=1))
    facts.change("s1", note="first")
    assert (facts.session("s1").note_is_news, facts.session("s1").revision) == (False, 3)
    facts.change("s1", note="second")
    changed = facts.change("s1", note="third")
    assert reopened(path) == changed
    assert [changed.had_note(text) for text in ("", "first", "second", "third", "fourth")] == [True] * 4 + [False]
    assert (changed.note_is_news, facts.mark("s1", 5).note_is_news) == (True, False)


def test_it_is_no_news_that_a_database_has_lost_a_note(facts: FactsJournal) -> None:
    facts.add(a_session(note="first"))
    facts.add(a_session("s2", note="first"))
    facts.mark("s1", 1)
    for identifier in ("s1", "s2"):
        facts.owe_again(identifier)
    assert [one.note_is_news for one in facts.unsent()] == [False, True]


def of_version_1(path: Path) -> None:
    with closing(open_journal_file(path)) as file:
        FactsJournal(file).add(a_session(revision=2))
        with file.transaction() as connection:
            for column in ADDED:
                connection.execute(f"ALTER TABLE session DROP COLUMN {column}")
            connection.execute("PRAGMA user_version = 1")


def test_an_older_programs_journal_can_be_looked_at(path: Path) -> None:
    """By `doctor`, between the installation of a newer program and its first start."""
    of_version_1(path)
    before = path.read_bytes()
    with closing(read_journal_file(path)) as file:
        assert FactsJournal(file).session("s1") == a_session(revision=2, note_revision=2)
    assert path.read_bytes() == before


def test_an_older_programs_journal_goes_on(path: Path) -> None:
    of_version_1(path)

    assert reopened(path) == a_session(revision=2, note_revision=2), "nobody knows when its note was written"
    file = open_journal_file(path)
    facts = FactsJournal(file)
    facts.add(a_session("s2", joined=True))
    assert facts.session("s2").joined is True
    assert (facts.knows("s2"), facts.knows("s3")) == (True, False)
    file.close()


def test_a_newer_programs_journal_is_not_touched(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    file = open_journal_file(path)
    with pytest.raises(JournalDamaged, match="newer"):
        FactsJournal(file)
    file.close()


def test_a_file_that_is_no_database_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all, but long enough to look like one" * 100)
    with pytest.raises(JournalDamaged, match=r"facts\.db"):
        open_journal_file(path)


def test_a_transaction_that_fails_leaves_nothing(facts: FactsJournal, path: Path) -> None:
    facts.add(a_session())
    with pytest.raises(sqlite3.IntegrityError):
        facts.add(a_session())
    assert reopened(path) == a_session()
