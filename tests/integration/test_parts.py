"""One session on two computers: joined, taken over, or left alone, and what each does to the rows."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from sqlalchemy import text

from nexuslims_logger.db import migrate
from nexuslims_logger.db.amend_session import Amendment
from nexuslims_logger.db.grants import Role
from nexuslims_logger.db.parts import LATEST_FRAME, WaitsForParts
from nexuslims_logger.db.tasks import (
    amend_session,
    apply_manifest,
    apply_part,
    apply_session,
    find_lacking,
    find_neighbour,
    join_session,
    manifest_of,
    recent_sessions,
    take_over,
)
from nexuslims_logger.db.unit_of_work import units_on
from nexuslims_logger.errors import LoggerError, ManifestLacking, StopAndTell, TryLater
from nexuslims_logger.journal.records import EndReason, Neighbour, ResultState, SessionState
from tests.integration.test_rights import granted
from tests.integration.test_tasks import AT, ENDED, FILE, HOUR, READY, RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.db.unit_of_work import Units
    from nexuslims_logger.journal.records import SessionFacts
    from tests.database_servers import Database
    from tests.integration.test_rights import Granted

__all__ = ["granted"]

IDENTIFIER = RUNNING.identifier
PART = dataclasses.replace(RUNNING, computer_name="CAM-PC", started_at=AT + HOUR / 2, joined=True, revision=1)
PART_READY = dataclasses.replace(PART, state=SessionState.READY, clicked_at=AT + HOUR, ended_at=AT + HOUR, revision=5)
CAMERA_FILE = dataclasses.replace(FILE, computer_name="CAM-PC", object_name="Titan/frame.dm4")


@pytest.fixture
def units(database: Database) -> Units:
    register(database)
    return units_on(database.engine)


def register(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO instruments (instrument_pid, schema_name, filestore_path, computer_name)"
                " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')"
            )
        )


def rows(database: Database) -> dict[str, Any]:
    with database.engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM session_log ORDER BY id_session_log")).all()
    assert len({(row.session_identifier, row.event_type) for row in found}) == len(found)
    return {row.event_type: row for row in found}


def statuses(database: Database) -> tuple[str, str]:
    found = rows(database)
    return found["START"].record_status, found["END"].record_status


WAITING = ("WAITING_FOR_END", "WAITING_FOR_END")
RELEASED = ("TO_BE_BUILT", "TO_BE_BUILT")


def test_nobody_is_there(units: Units) -> None:
    assert find_neighbour(units, "TITAN", "CAM-PC") is None
    apply_session(units, RUNNING)
    assert find_neighbour(units, "TITAN", "tem-pc-1") is None  # one's own, however it is written
    assert find_neighbour(units, "ANOTHER", "CAM-PC") is None
    apply_session(units, ENDED)
    assert find_neighbour(units, "TITAN", "CAM-PC") is None


def test_the_newest_open_session_of_another_computer(units: Units) -> None:
    apply_session(units, dataclasses.replace(RUNNING, identifier="older", started_at=AT - HOUR))
    apply_session(units, RUNNING)
    apply_manifest(units, (dataclasses.replace(FILE, modified_at=AT + HOUR / 4),))

    found = find_neighbour(units, "TITAN", "CAM-PC")

    assert found == Neighbour(IDENTIFIER, "ada", "TEM-PC-1", AT, AT + HOUR / 4)


def test_the_joiner_finishes_first(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    join_session(units, IDENTIFIER, "CAM-PC")
    join_session(units, IDENTIFIER, "cam-pc")  # repeated after a lost answer
    assert rows(database)["START"].waits_for == "TEM-PC-1, CAM-PC"
    apply_part(units, PART)
    apply_manifest(units, (CAMERA_FILE,))

    apply_part(units, PART_READY)
    apply_part(units, PART_READY)

    assert list(rows(database)) == ["START"]  # no END is the joiner's
    assert rows(database)["START"].waits_for == "TEM-PC-1"
    apply_session(units, ENDED)
    assert statuses(database) == WAITING
    assert apply_session(units, READY).ready
    assert apply_session(units, READY).ready
    assert statuses(database) == RELEASED
    assert {row.computer_name for row in rows(database).values()} == {"TEM-PC-1"}


def test_the_joiner_finishes_last_and_makes_it_ready(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    join_session(units, IDENTIFIER, "CAM-PC")
    assert apply_part(units, PART).ended_at is None

    for _ in range(2):
        with pytest.raises(WaitsForParts, match="waits for CAM-PC"):
            apply_session(units, READY)
    assert statuses(database) == WAITING
    assert rows(database)["END"].timestamp is not None  # what is known is recorded all the same
    assert recent_sessions(units, 1)[0].waits_for == "CAM-PC"
    told = apply_part(units, PART)
    assert (told.ended_at, told.ready) == (ENDED.ended_at, False)

    assert not apply_part(units, PART_READY).ready  # as found
    assert statuses(database) == RELEASED
    assert recent_sessions(units, 1)[0].waits_for == ""
    assert apply_part(units, PART_READY).ready
    assert apply_session(units, READY).ready


def test_two_computers_had_a_file_of_one_name(database: Database, units: Units) -> None:
    """The owner's is gone before it was sent; the joiner's takes the name in the store."""
    gone = dataclasses.replace(
        FILE, state=ResultState.MISSING, md5=None, generation=None, uploaded_at=None, reason="vanished"
    )
    theirs = dataclasses.replace(FILE, computer_name="CAM-PC")
    for rows_of_one in ((gone,), (theirs,), (gone,), (theirs, CAMERA_FILE)):
        apply_manifest(units, rows_of_one)
    assert set(manifest_of(units, IDENTIFIER)) == {gone, theirs, CAMERA_FILE}


def test_three_computers(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    for name in ("CAM-PC", "EDS-PC"):
        join_session(units, IDENTIFIER, name)
    apply_part(units, PART_READY)
    with pytest.raises(WaitsForParts, match="waits for EDS-PC"):
        apply_session(units, READY)
    apply_part(units, dataclasses.replace(PART_READY, computer_name="EDS-PC"))
    assert statuses(database) == RELEASED


@pytest.mark.parametrize("facts", [ENDED, READY])
def test_what_has_ended_is_not_joined(database: Database, units: Units, facts: SessionFacts) -> None:
    apply_session(units, RUNNING)
    apply_session(units, facts)
    with pytest.raises(StopAndTell, match="has ended"):
        join_session(units, IDENTIFIER, "CAM-PC")
    assert rows(database)["START"].waits_for is None


def test_a_join_that_was_withdrawn_or_never_arrived(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    apply_part(units, PART_READY)
    assert rows(database)["START"].waits_for is None
    join_session(units, IDENTIFIER, "CAM-PC")
    apply_part(units, PART_READY)
    assert apply_session(units, READY).ready
    assert statuses(database) == RELEASED


def test_a_part_whose_session_is_gone(database: Database, units: Units) -> None:
    assert apply_part(units, PART_READY).user is None
    assert rows(database) == {}


def test_a_restored_database_learns_of_the_part_again(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    apply_part(units, PART)
    assert rows(database)["START"].waits_for == "TEM-PC-1, CAM-PC"


def test_a_finished_part_whose_files_were_lost_is_waited_for_again(database: Database, units: Units) -> None:
    part = dataclasses.replace(PART_READY, manifest_rows=1, manifest_newest_at=CAMERA_FILE.uploaded_at)
    apply_session(units, RUNNING)  # a state from before the part
    assert find_lacking(units, (part, dataclasses.replace(PART, manifest_rows=1))) == (IDENTIFIER,)
    with pytest.raises(ManifestLacking):
        apply_part(units, part)
    assert rows(database)["START"].waits_for == "TEM-PC-1, CAM-PC"
    with pytest.raises(WaitsForParts, match="waits for CAM-PC"):
        apply_session(units, READY)

    apply_manifest(units, (CAMERA_FILE,))

    assert find_lacking(units, (part,)) == ()
    apply_part(units, part)
    assert statuses(database) == RELEASED


@pytest.mark.parametrize(
    ("late", "moved"),
    [(HOUR / 60, True), (LATEST_FRAME + HOUR / 60, False), (-HOUR / 60, False)],
)
def test_end_follows_the_joiners_last_frame(database: Database, units: Units, late: Any, moved: bool) -> None:
    apply_session(units, RUNNING)
    join_session(units, IDENTIFIER, "CAM-PC")
    with pytest.raises(WaitsForParts):
        apply_session(units, READY)
    frame = ENDED.ended_at + late if ENDED.ended_at else AT
    apply_manifest(units, (dataclasses.replace(CAMERA_FILE, modified_at=frame),))
    apply_part(units, dataclasses.replace(PART_READY, ended_at=AT + 9 * HOUR))

    applied = apply_session(units, READY)

    assert applied.ended_at == (frame if moved else ENDED.ended_at)
    assert rows(database)["END"].end_reason == (EndReason.LAST_FILE if moved else None)


def test_a_take_over_ends_it_at_its_last_activity(database: Database, units: Units) -> None:
    apply_session(units, dataclasses.replace(RUNNING, last_activity_at=AT + HOUR / 6))
    apply_manifest(units, (dataclasses.replace(FILE, modified_at=AT + HOUR / 3),))

    for _ in range(2):
        take_over(units, IDENTIFIER, "CAM-PC", "0.1.0", AT + 5 * HOUR)

    end = rows(database)["END"]
    assert (end.user, end.computer_name, end.end_reason) == ("ada", "CAM-PC", "TAKEN_OVER")
    assert end.session_note == RUNNING.note
    assert statuses(database) == WAITING

    # Its own logger meets it when it comes back; nothing moves that END, and its logger makes it ready.
    told = apply_session(units, dataclasses.replace(RUNNING, resumed=1))
    assert (told.ended_at, told.end_reason, told.ended_by) == (AT + HOUR / 3, "TAKEN_OVER", "CAM-PC")
    assert apply_session(units, READY).ended_at == AT + HOUR / 3
    assert statuses(database) == RELEASED
    assert rows(database)["END"].end_reason == "TAKEN_OVER"


def test_a_take_over_goes_by_the_clock_of_whom_it_ends(database: Database, units: Units) -> None:
    # That clock is three hours ahead of the database's, and so are the times of all that happened there.
    active_at = datetime.now(UTC).replace(microsecond=0) + 2 * HOUR
    apply_session(units, dataclasses.replace(RUNNING, started_at=active_at - HOUR, last_activity_at=active_at))
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE session_log SET clock_offset_ms = 10800000"))

    take_over(units, IDENTIFIER, "CAM-PC", "0.1.0", active_at + HOUR)

    assert apply_session(units, dataclasses.replace(RUNNING, started_at=active_at - HOUR)).ended_at == active_at


def test_who_ended_by_himself_is_not_taken_over(database: Database, units: Units) -> None:
    apply_session(units, ENDED)
    take_over(units, IDENTIFIER, "CAM-PC", "0.1.0", AT + 5 * HOUR)
    take_over(units, "unknown", "CAM-PC", "0.1.0", AT + 5 * HOUR)
    assert (rows(database)["END"].computer_name, rows(database)["END"].end_reason) == ("TEM-PC-1", None)


def test_a_manager_releases_who_never_comes_back(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    join_session(units, IDENTIFIER, "CAM-PC")
    with pytest.raises(WaitsForParts):
        apply_session(units, READY)

    amend_session(units, Amendment(IDENTIFIER, "mia", "the disk is dead", AT + 2 * HOUR, "0.1.0", skip_missing=True))

    assert statuses(database) == RELEASED
    assert "no longer waits for CAM-PC" in rows(database)["START"].session_note
    assert apply_part(units, PART_READY).ready  # and when it does come back, nothing breaks
    assert apply_session(units, READY).ready


def test_an_older_schema_shares_nothing(empty_database: Database) -> None:
    command.upgrade(migrate._config(empty_database.engine), "0014_views")
    register(empty_database)
    units = units_on(empty_database.engine)
    apply_session(units, RUNNING)

    assert find_neighbour(units, "TITAN", "CAM-PC") is not None  # it can be taken over
    with pytest.raises(StopAndTell, match="db upgrade"):
        join_session(units, IDENTIFIER, "CAM-PC")
    assert apply_session(units, READY).ready


def test_a_loggers_rights_are_enough(granted: Granted) -> None:
    with granted.user(Role.LOGGER) as user:
        units = units_on(user.engine)
        apply_session(units, RUNNING)
        assert find_neighbour(units, "TITAN", "CAM-PC") is not None
        join_session(units, IDENTIFIER, "CAM-PC")
        apply_part(units, PART)
        apply_manifest(units, (CAMERA_FILE,))
        take_over(units, IDENTIFIER, "EDS-PC", "0.1.0", AT + 5 * HOUR)
        apply_part(units, PART_READY)
        assert apply_session(units, READY).ready
    assert statuses(granted.database) == RELEASED


def test_join_and_ready_in_the_same_moment(database: Database, units: Units) -> None:
    """Whoever is first: the session is ready with nobody awaited, or it waits for the part and says so."""
    for turn in range(8):
        identifier = f"session-{turn}"
        own = dataclasses.replace(RUNNING, identifier=identifier)
        apply_session(units, own)
        joined, _ = at_once(
            lambda: join_session(units, identifier, "CAM-PC"),  # noqa: B023 - run before the next turn
            lambda: apply_session(units, dataclasses.replace(READY, identifier=identifier)),  # noqa: B023
        )
        with database.engine.connect() as connection:
            start, end = connection.execute(
                text(
                    "SELECT record_status, waits_for FROM session_log"
                    f" WHERE session_identifier = '{identifier}' ORDER BY event_type DESC"
                )
            ).all()
        released = (start.record_status, end.record_status) == RELEASED
        assert released == (not start.waits_for)
        assert (joined is None) == bool(start.waits_for)
        assert start.record_status == end.record_status


def test_two_parts_finish_in_the_same_moment(database: Database, units: Units) -> None:
    for turn in range(8):
        identifier = f"session-{turn}"
        apply_session(units, dataclasses.replace(RUNNING, identifier=identifier))
        join_session(units, identifier, "CAM-PC")
        apply_session(units, dataclasses.replace(ENDED, identifier=identifier))
        part, own = (dataclasses.replace(facts, identifier=identifier) for facts in (PART_READY, READY))
        at_once(lambda: patiently(apply_part, units, part), lambda: patiently(apply_session, units, own))  # noqa: B023
        # Whoever was told to wait tries again, as the session thread does.
        assert apply_session(units, own).ready
    with database.engine.connect() as connection:
        found = connection.execute(text("SELECT DISTINCT record_status, waits_for FROM session_log")).all()
    assert {row.record_status for row in found} == {"TO_BE_BUILT"}
    assert {row.waits_for for row in found} == {"", None}


def patiently(task: Callable[..., Any], *arguments: object) -> None:
    for _ in range(8):
        try:
            task(*arguments)
        except WaitsForParts:
            return
        except TryLater:
            continue
        return


def at_once(*calls: Callable[[], object]) -> list[BaseException | None]:
    """Run the calls on threads of their own at the same moment; return what each was told."""
    line = threading.Barrier(len(calls))
    told: list[BaseException | None] = [None] * len(calls)

    def run(number: int, call: Callable[[], object]) -> None:
        line.wait(30)
        try:
            call()
        except LoggerError as error:
            told[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return told
