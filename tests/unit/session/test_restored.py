"""The database is put back to an earlier state: the journal knows more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.config import load_settings
from nexuslims_logger.db.tasks import open_database
from nexuslims_logger.events import InterruptedChoice, RecordState
from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.messages import RecordAgain
from nexuslims_logger.session.service import EndSession, SetNote
from tests.unit.bench import InlinePool
from tests.unit.session.conftest import InlineOutage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.session.conftest import Pc


def lose(pc: Pc, where: str) -> None:
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection, connection:
        connection.execute(f"DELETE FROM session_log WHERE {where}")


def lose_files(pc: Pc, where: str) -> None:
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection, connection:
        connection.execute(f"DELETE FROM file_manifest WHERE {where}")


def files(pc: Pc) -> list[str]:
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection:
        found = connection.execute("SELECT object_name FROM file_manifest ORDER BY object_name")
        return [name for (name,) in found]


def statuses(pc: Pc) -> list[tuple[str, str, str]]:
    return [(row[0], row[1], row[3]) for row in pc.rows()]


WHOLE = [("session-1", "START", "TO_BE_BUILT"), ("session-1", "END", "TO_BE_BUILT")]


def test_what_was_lost_is_written_again_at_the_next_start(pc: Pc) -> None:
    pc.run(EndSession())
    before = pc.rows()
    lose(pc, "TRUE")
    pc.run()
    assert pc.transfer.asked[0] != RecordAgain("session-1"), "the start waits for nothing of it"
    assert RecordAgain("session-1") in pc.transfer.asked
    assert [row for row in pc.rows() if row[0] == "session-1"] == before
    assert pc.session().state is SessionState.READY


@pytest.mark.parametrize("lost", ["FALSE", "event_type = 'END'"], ids=["only waiting", "no END"])
def test_an_older_state_in_which_it_was_not_ready(pc: Pc, lost: str) -> None:
    pc.run(EndSession())
    lose(pc, lost)
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection, connection:
        connection.execute("UPDATE session_log SET record_status = 'WAITING_FOR_END'")
    pc.run(catch_up_only=True)
    assert statuses(pc) == WHOLE


@pytest.mark.parametrize("state", ["", "gri", "gri\n[amended now by mia: END none -> then. Reason: forgotten]"])
def test_an_older_state_in_which_the_note_was_another(pc: Pc, state: str) -> None:
    """Written at the last screen, while the session was ready already."""
    pc.run(SetNote("gri"), EndSession(), None, SetNote("grid 7", "session-1"))
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection, connection:
        connection.execute("UPDATE session_log SET session_note = ?", [state])
    pc.run(catch_up_only=True)
    corrections = state.partition("\n")[1:]
    assert [row[4] for row in pc.rows()] == ["".join(("grid 7", *corrections))] * 2
    assert statuses(pc) == WHOLE
    pc.run(catch_up_only=True)
    assert RecordAgain("session-1") not in pc.transfer.asked, "once is enough"


def test_a_note_that_somebody_has_corrected_by_hand_was_not_lost(pc: Pc) -> None:
    pc.run(SetNote("grid 7"), EndSession())
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection, connection:
        connection.execute("UPDATE session_log SET session_note = 'grid 8'")
    pc.run(catch_up_only=True)
    assert RecordAgain("session-1") not in pc.transfer.asked
    assert [row[4] for row in pc.rows()] == ["grid 8"] * 2
    lose(pc, "event_type = 'END'")
    pc.run(catch_up_only=True)
    assert [row[4] for row in pc.rows()] == ["grid 8"] * 2


def test_what_the_builder_moved_on_was_not_lost(pc: Pc) -> None:
    pc.run(EndSession())
    with closing(sqlite3.connect(pc.settings.embedded_database)) as connection, connection:
        connection.execute("UPDATE session_log SET record_status = 'COMPLETED'")
    pc.run(catch_up_only=True)
    assert RecordAgain("session-1") not in pc.transfer.asked
    assert {row[3] for row in pc.rows()} == {"COMPLETED"}


def test_a_session_that_runs_on_gets_its_start_again(pc: Pc) -> None:
    pc.run()
    lose(pc, "TRUE")
    pc.run(EndSession(), interrupted=InterruptedChoice.CONTINUE)
    assert statuses(pc) == WHOLE


def test_a_database_that_is_away_at_the_start_is_asked_when_it_is_back(pc: Pc) -> None:
    pc.run(EndSession())
    lose(pc, "TRUE")
    outage = InlineOutage(pc)
    outage.begin()
    pc.run(outage.end, pc.later(600, None), EndSession())
    assert set(statuses(pc)) == {(session, *rest) for session in ("session-1", "session-2") for _, *rest in WHOLE}


def test_a_session_that_ended_meanwhile_is_not_ready_without_its_files(pc: Pc) -> None:
    """Files of it were recorded; the database went away, END came, and an earlier state of the database came back."""
    pc.manifest = ("a.tif", "b.tif")
    outage = InlineOutage(pc)

    def goes_away() -> SetNote:
        outage.begin()
        return SetNote("grid 7")

    pc.run(goes_away, EndSession())
    assert pc.session().state is SessionState.READY
    assert pc.session().revision > pc.session().database_revision
    lose(pc, "TRUE")
    lose_files(pc, "TRUE")
    outage.end()
    pc.run(pc.later(5, None), catch_up_only=True)
    assert RecordAgain("session-1") in pc.transfer.asked
    assert files(pc) == ["a.tif", "b.tif"]
    assert statuses(pc) == WHOLE


def test_a_state_in_which_only_some_files_were_known(pc: Pc) -> None:
    pc.manifest = ("a.tif", "b.tif")
    outage = InlineOutage(pc)

    def goes_away() -> SetNote:
        outage.begin()
        return SetNote("grid 7")

    pc.run(goes_away, EndSession())
    lose_files(pc, "object_name = 'b.tif'")
    outage.end()
    told = pc.run(pc.later(5, None), catch_up_only=True)
    assert files(pc) == ["a.tif", "b.tif"]
    assert statuses(pc) == WHOLE
    assert not [event for event in told if isinstance(event, RecordState) and event.problem], "it is mended by itself"


def test_an_open_session_whose_start_is_written_again_gets_its_files_again_at_once(pc: Pc) -> None:
    """*Continue* is a fact that the database lacks, so nothing was compared."""
    pc.run(SetNote("grid 7"))
    lose(pc, "TRUE")
    pc.run(interrupted=InterruptedChoice.CONTINUE)
    assert RecordAgain("session-1") in pc.transfer.asked


def test_another_database_is_no_restored_one(pc: Pc, tmp_path: Path) -> None:
    """From a test database to the facility's: what was tried out is not recorded there."""
    pc.run(EndSession(), database_label="the test database")
    settings, units, inline = pc.settings, pc.units, pc.database
    folders = {"HOME": str(tmp_path), "NEXUSLIMSGUI_FILESTORE_PATH": str(tmp_path / "data")}
    pc.settings = load_settings({**folders, "NEXUSLIMSGUI_HOME": str(tmp_path / "central")})
    pc.units = open_database(pc.settings)
    pc.database = InlinePool(first_arguments=(pc.units,))
    pc.clock.go_on(3600)

    pc.run(EndSession(), database_label="the facility's")
    assert statuses(pc) == [("session-2", *rest) for _, *rest in WHOLE]

    lose(pc, "TRUE")
    pc.run(catch_up_only=True, database_label="the facility's")
    assert statuses(pc) == [("session-2", *rest) for _, *rest in WHOLE], "this one it has had"
    pc.settings, pc.units, pc.database = settings, units, inline
    pc.clock.go_on(3600)
    lose(pc, "TRUE")
    pc.run(catch_up_only=True, database_label="the test database")
    assert statuses(pc) == [], "what it had before is not known any more"
