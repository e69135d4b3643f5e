"""The manager's correction, on every database, and what the session's own logger makes of it."""

from __future__ import annotations

import dataclasses
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from nexuslims_logger.admin import amend
from nexuslims_logger.db.amend_session import Amendment
from nexuslims_logger.db.records import RecordStatus
from nexuslims_logger.db.tasks import amend_session, apply_manifest, apply_session, manifest_of
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.records import EndReason, ResultState
from nexuslims_logger.models import SESSION_LOG
from tests.integration.test_tasks import AT, ENDED, FILE, HOUR, READY, RUNNING, units
from tests.session_facts import with_note

if TYPE_CHECKING:
    from nexuslims_logger.db.unit_of_work import Units
    from tests.database_servers import Database

__all__ = ["units"]

MINUTE = timedelta(minutes=1)
WORK = Amendment(
    session_identifier=RUNNING.identifier,
    amended_by="mia",
    reason="the badge was another's",
    at=AT + 5 * HOUR,
    logger_version="0.1.0",
)
PENDING = dataclasses.replace(FILE, state=ResultState.PENDING, md5=None, generation=None, uploaded_at=None)


def rows(database: Database) -> dict[str, Any]:
    with database.engine.connect() as connection:
        return {row.event_type: row for row in connection.execute(select(SESSION_LOG))}


def test_the_user_is_corrected_in_both_rows(database: Database, units: Units) -> None:
    apply_session(units, READY)

    done = amend_session(units, dataclasses.replace(WORK, user="bob"))

    assert {row.user for row in rows(database).values()} == {"bob"}
    assert done.before.start is not None
    assert done.before.start.user == "ada"
    recorded = f"[amended 2026-11-01T13:00:00Z by mia: user ada -> bob. Reason: {WORK.reason}]"
    assert {row.session_note for row in rows(database).values()} == {f"{READY.note}\n{recorded}"}
    # Nothing else has moved.
    assert rows(database)["END"].end_reason is None
    assert {row.record_status for row in rows(database).values()} == {"TO_BE_BUILT"}


def test_a_logger_keeps_the_corrected_user(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    amend_session(units, dataclasses.replace(WORK, user="bob"))

    applied = apply_session(units, with_note(ENDED, "a new note"))

    assert applied.user == "bob"
    assert {row.user for row in rows(database).values()} == {"bob"}
    notes = [row.session_note.split("\n") for row in rows(database).values()]
    assert [(note[0], note[1][:8]) for note in notes] == [("a new note", "[amended")] * 2
    before = rows(database)
    apply_session(units, with_note(ENDED, "a new note"))
    assert rows(database) == before


def test_a_forgotten_end(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)

    amend_session(units, dataclasses.replace(WORK, ended_at=AT + HOUR))

    end = rows(database)["END"]
    assert (end.timestamp, end.end_reason, end.record_status) == (AT + HOUR, "AMENDED", "WAITING_FOR_END")
    start = rows(database)["START"]
    assert (end.user, end.instrument, end.computer_name) == (start.user, start.instrument, start.computer_name)


@pytest.mark.parametrize("later", [timedelta(), HOUR])
def test_its_own_logger_accepts_the_corrected_end(database: Database, units: Units, later: timedelta) -> None:
    apply_session(units, ENDED)
    amend_session(units, dataclasses.replace(WORK, ended_at=AT + 30 * MINUTE))

    moved = dataclasses.replace(READY, ended_at=AT + HOUR + later, end_reason=EndReason.LAST_FILE, paused_seconds=7)
    applied = apply_session(units, moved)

    end = rows(database)["END"]
    assert applied.ended_at == end.timestamp == AT + 30 * MINUTE
    assert (end.end_reason, end.paused_seconds) == ("AMENDED", ENDED.paused_seconds)
    assert applied.ready


def test_the_last_activity_is_the_newest_thing_known(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    newest = AT + 40 * MINUTE
    apply_manifest(units, (FILE, dataclasses.replace(FILE, object_name="Titan/last.dm4", modified_at=newest)))

    amend_session(units, dataclasses.replace(WORK, end_at_last_activity=True))

    assert rows(database)["END"].timestamp == newest


def test_a_session_whose_pc_is_gone(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    apply_manifest(units, (FILE, dataclasses.replace(PENDING, object_name="Titan/never.dm4")))

    done = amend_session(units, dataclasses.replace(WORK, skip_missing=True))

    assert done.left_out == 1
    assert {row.record_status for row in rows(database).values()} == {"TO_BE_BUILT"}
    skipped = [row for row in manifest_of(units, RUNNING.identifier) if row.state is ResultState.SKIPPED]
    assert [(row.decided_by, row.reason) for row in skipped] == [("mia", f"amended: {WORK.reason}")]
    # The PC comes back after all: what it sends is recorded, and nothing is undone.
    apply_manifest(units, (dataclasses.replace(FILE, object_name="Titan/never.dm4"),))
    assert apply_session(units, READY).ready
    assert rows(database)["END"].end_reason == "AMENDED"


def test_without_skip_missing_the_session_waits(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    apply_manifest(units, (PENDING,))

    amend_session(units, dataclasses.replace(WORK, ended_at=AT + HOUR))

    assert {row.record_status for row in rows(database).values()} == {"WAITING_FOR_END"}
    assert manifest_of(units, RUNNING.identifier)[0].state is ResultState.PENDING


def test_a_status_of_the_record_builder_stays(database: Database, units: Units) -> None:
    apply_session(units, READY)
    with database.engine.begin() as connection:
        connection.execute(SESSION_LOG.update().values(record_status="COMPLETED"))

    amend_session(units, dataclasses.replace(WORK, user="bob", ended_at=AT + 2 * HOUR))

    assert {row.record_status for row in rows(database).values()} == {"COMPLETED"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"session_identifier": "none"}, "There is no session none"),
        ({"ended_at": AT}, "cannot have ended then"),
        ({"ended_at": AT + 90 * timedelta(seconds=1)}, "pauses of 0:01:30"),
        ({"ended_at": AT + timedelta(days=3650)}, "in the future"),
        ({"user": "ada"}, "nothing to correct"),
        ({"user": "bob", "reason": "x" * 70_000}, "no room"),
    ],
)
def test_what_cannot_be_is_refused(database: Database, units: Units, change: dict[str, Any], told: str) -> None:
    apply_session(units, ENDED)
    before = rows(database)

    with pytest.raises(StopAndTell, match=told):
        amend_session(units, dataclasses.replace(WORK, **change))

    assert rows(database) == before


def test_a_correction_while_the_logger_writes_its_end(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    together = threading.Barrier(2)

    def end() -> None:
        together.wait(30)
        apply_session(units, ENDED)

    logger = threading.Thread(target=end)
    logger.start()
    together.wait(30)
    amend_session(units, dataclasses.replace(WORK, user="bob"))
    logger.join(60)

    assert not logger.is_alive()
    assert {(kind, row.user) for kind, row in rows(database).items()} == {("START", "bob"), ("END", "bob")}


def test_an_end_that_is_written_after_a_correction_it_has_not_seen(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    with units() as unit:
        seen = unit.repository.event_rows(RUNNING.identifier)
        assert seen.start is not None
        if database.kind != "sqlite":  # there a second writer waits for the first
            amend_session(units, dataclasses.replace(WORK, user="bob"))
        unit.repository.insert_end(
            seen.start,
            {
                "session_identifier": RUNNING.identifier,
                "instrument": "TITAN",
                "event_type": "END",
                "record_status": RecordStatus.WAITING_FOR_END,
            },
        )
        unit.commit()

    assert len({row.user for row in rows(database).values()}) == 1


def test_the_command_shows_before_and_after(
    database: Database, units: Units, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "UTC")
    apply_session(units, RUNNING)
    apply_manifest(units, (dataclasses.replace(FILE, modified_at=AT + 2 * HOUR),))

    code = amend.run(
        database.settings, session=RUNNING.identifier, reason="x", user="bob", end=AT + HOUR, skip_missing=False
    )

    assert code == ExitCode.COMPLETE
    shown = capsys.readouterr().out.splitlines()
    assert [line.split() for line in shown[:2]] == [["BEFORE", "AFTER"], ["user", "ada", "bob"]]
    assert shown[3].split()[:2] == ["END", "-"]
    assert shown[3].endswith("(AMENDED)")
    assert shown[4].split() == ["status", "OPEN", "CLOSED"]
    assert shown[5].startswith("Note: 1 files were modified after END")
    with pytest.raises(StopAndTell, match="Give --user"):
        amend.run(database.settings, session=RUNNING.identifier, reason="x", user=None, end=None, skip_missing=False)
