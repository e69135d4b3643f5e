"""A session whose user is yet to be confirmed: safe on this PC, and not told to the database under a guess."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import Defect
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.journal.sqlite import open_journal_file
from tests.session_facts import a_session, with_note

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
STARTED = a_session(user="shared-account", started_at=AT, revision=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "facts.db"


def reopened(path: Path) -> FactsJournal:
    return FactsJournal(open_journal_file(path))


def test_it_is_safe_and_waits_whatever_is_changed(path: Path) -> None:
    facts = reopened(path)
    facts.add(STARTED)
    facts.change("s1", note="grid 7")
    facts.change("s1", state=SessionState.PAUSED, paused_at=AT)
    facts.change("s1", state=SessionState.RUNNING, paused_at=None)

    after_a_crash = reopened(path)
    assert after_a_crash.open_sessions() == [replace(with_note(STARTED, "grid 7"), revision=0)]
    assert after_a_crash.unsent() == []


def test_a_confirmed_name_is_sent_and_stays(path: Path) -> None:
    facts = reopened(path)
    facts.add(STARTED)
    confirmed = facts.confirm("s1", "ada", "P-17")

    assert reopened(path).unsent() == [confirmed]
    assert (confirmed.user, confirmed.project, confirmed.confirmed) == ("ada", "P-17", True)
    with pytest.raises(Defect):
        facts.confirm("s1", "bob", None)
    assert facts.change("s1", note="x").revision == 2


def test_an_end_without_confirmation_is_sent_with_the_name_that_it_started_with(path: Path) -> None:
    facts = reopened(path)
    facts.add(STARTED)
    facts.change("s1", state=SessionState.ENDING, ended_at=AT + timedelta(hours=1))

    (ended,) = facts.unsent()
    assert (ended.user, ended.state, ended.confirmed) == ("shared-account", SessionState.ENDING, True)
