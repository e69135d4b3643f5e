"""The database tasks, on every database that they are for."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from sqlalchemy import event, insert, select, text, update
from typing_extensions import override

from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.tasks import (
    apply_manifest,
    apply_session,
    find_instrument,
    find_lacking,
    manifest_of,
    open_database,
    recent_sessions,
)
from nexuslims_logger.db.unit_of_work import UnitOfWork, Units, units_on
from nexuslims_logger.errors import (
    DatabaseUnavailable,
    DataRefused,
    Defect,
    ManifestLacking,
    TryLater,
    UnknownInstrument,
)
from nexuslims_logger.journal.records import (
    EndReason,
    ManifestRow,
    ResultState,
    SessionState,
)
from nexuslims_logger.models import FILE_MANIFEST, INSTRUMENTS, SESSION_LOG
from tests.database_servers import counted_statements, free_port, settings_for
from tests.session_facts import a_session, with_note

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.journal.records import SessionFacts
    from tests.database_servers import Database

AT = datetime(2026, 11, 1, 8, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
RUNNING = a_session(
    "6b1d6a4e-9c2f-4f1e-8d0a-0d6f2b7c9e11",
    computer_name="TEM-PC-1",
    user="ada ",
    started_at=AT,
    project="P-17",
    note="grid 7, µ-Raman \N{GRINNING FACE}\nsecond line",
)
ENDED = dataclasses.replace(
    RUNNING,
    state=SessionState.ENDING,
    clicked_at=AT + HOUR,
    ended_at=AT + HOUR,
    end_utc_offset_min=0,
    last_activity_at=AT + HOUR,
    paused_seconds=90,
    resumed=1,
    revision=4,
)
READY = dataclasses.replace(ENDED, state=SessionState.READY, revision=7)
FILE = ManifestRow(
    session_identifier=RUNNING.identifier,
    instrument_pid="TITAN",
    computer_name="TEM-PC-1",
    bucket="file:///bucket",
    object_name="Titan/2026/ä b.dm4",
    state=ResultState.UPLOADED,
    size_bytes=5_000_000_000,
    md5="d41d8cd98f00b204e9800998ecf8427e",
    modified_at=AT,
    generation=1_700_000_000_000_000,
    discovered_at=AT,
    uploaded_at=AT + HOUR,
)


class PcClock:
    """A PC's clock that is wrong by an hour, and moves."""

    def now(self) -> datetime:
        return datetime.now(UTC) + HOUR

    def monotonic(self) -> float:
        raise NotImplementedError

    def utc_offset_min(self) -> int:
        raise NotImplementedError


@pytest.fixture
def units(database: Database) -> Units:
    with database.engine.begin() as connection:
        connection.execute(
            insert(INSTRUMENTS).values(
                instrument_pid="TITAN",
                schema_name="FEI Titan",
                filestore_path="./Titan",
                computer_name="TEM-PC-1",
                timezone="Europe/Berlin",
            )
        )
    return units_on(database.engine, PcClock())


def events(database: Database) -> dict[str, Any]:
    """Return the rows by event; there is never a second one of a kind here."""
    with database.engine.connect() as connection:
        found = connection.execute(select(SESSION_LOG)).all()
    assert len({row.event_type for row in found}) == len(found)
    return {row.event_type: row for row in found}


def set_event(database: Database, event_type: str, **values: object) -> None:
    with database.engine.begin() as connection:
        connection.execute(update(SESSION_LOG).where(SESSION_LOG.c.event_type == event_type).values(values))


def test_start_is_recorded_once(database: Database, units: Units) -> None:
    first = apply_session(units, RUNNING)
    second = apply_session(units, RUNNING)

    start = events(database)["START"]
    assert (start.session_identifier, start.instrument, start.timestamp) == (RUNNING.identifier, "TITAN", AT)
    assert (start.user, start.project, start.session_note) == ("ada", "P-17", RUNNING.note)
    assert (start.computer_name, start.logger_version, start.utc_offset_min) == ("TEM-PC-1", "0.1.0", 60)
    assert (start.record_status, start.last_activity_at) == ("WAITING_FOR_END", AT)
    assert first == second
    assert (first.user, first.ended_at, first.ready, first.revision) == ("ada", None, False, 1)


def test_clock_offset_is_measured_when_start_arrives(database: Database, units: Units) -> None:
    applied = apply_session(units, RUNNING)

    start = events(database)["START"]
    assert start.clock_offset_ms == applied.clock_offset_ms
    if database.kind == "sqlite":
        assert applied.clock_offset_ms == 0
    else:
        assert applied.clock_offset_ms == pytest.approx(3_600_000, abs=20_000)

    set_event(database, "START", clock_offset_ms=17)
    assert apply_session(units, ENDED).clock_offset_ms == 17


def test_without_a_clock_no_offset_is_claimed(database: Database, units: Units) -> None:
    applied = apply_session(units_on(database.engine), RUNNING)

    assert applied.clock_offset_ms == (0 if database.kind == "sqlite" else None)


def test_end_follows_with_the_users_name_of_start(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    applied = apply_session(units, dataclasses.replace(ENDED, user="somebody else"))

    found = events(database)
    assert found["END"].user == found["START"].user == "ada"
    assert (found["END"].timestamp, found["END"].paused_seconds) == (AT + HOUR, 90)
    assert (found["END"].utc_offset_min, found["END"].end_reason) == (0, None)
    assert (found["START"].resumed, found["START"].last_activity_at) == (1, AT + HOUR)
    assert [row.record_status for row in found.values()] == ["WAITING_FOR_END"] * 2
    assert found["START"].timestamp == AT
    assert (applied.ended_at, applied.user, applied.ready) == (AT + HOUR, "ada", False)


@pytest.mark.parametrize("state", [SessionState.ENDING, SessionState.CLOSED, SessionState.STORED])
def test_nothing_is_ready_before_the_facts_are(database: Database, units: Units, state: SessionState) -> None:
    applied = apply_session(units, dataclasses.replace(ENDED, state=state))

    assert not applied.ready
    assert {row.record_status for row in events(database).values()} == {"WAITING_FOR_END"}


def test_ready_makes_both_rows_ready_end_first(database: Database, units: Units) -> None:
    apply_session(units, ENDED)
    with counted_statements(database.engine) as sent:
        applied = apply_session(units, READY)

    assert applied.ready
    assert {row.record_status for row in events(database).values()} == {"TO_BE_BUILT"}
    assert len([statement for statement in sent if statement.startswith("UPDATE")]) == 2


def test_a_lone_ready_start_is_never_seen(database: Database, units: Units) -> None:
    """After every single statement, whoever reads without a transaction finds END ready first."""
    apply_session(units, ENDED)
    seen: list[tuple[str, ...]] = []

    def look(connection: Any, *_: object) -> None:
        query = "SELECT event_type FROM session_log WHERE record_status = 'TO_BE_BUILT' ORDER BY event_type"
        cursor = connection.connection.driver_connection.cursor()
        cursor.execute(query)
        seen.append(tuple(row[0] for row in cursor.fetchall()))

    event.listen(database.engine, "after_cursor_execute", look)
    try:
        apply_session(units, READY)
    finally:
        event.remove(database.engine, "after_cursor_execute", look)

    assert ("START",) not in seen
    assert ("END",) in seen
    assert seen[-1] == ("END", "START")


def test_a_database_that_lost_the_session_gets_it_again(database: Database, units: Units) -> None:
    applied = apply_session(units, READY)

    assert applied.ready
    assert {row.record_status for row in events(database).values()} == {"TO_BE_BUILT"}


@pytest.mark.parametrize(
    "restored",
    [
        (),
        (dataclasses.replace(FILE, uploaded_at=AT + HOUR * 2),),
        (FILE, dataclasses.replace(FILE, object_name="b", uploaded_at=AT + HOUR / 2)),
    ],
    ids=["none", "fewer", "older"],
)
def test_nothing_is_ready_on_a_manifest_that_was_put_back(
    database: Database, units: Units, restored: tuple[ManifestRow, ...]
) -> None:
    facts = dataclasses.replace(READY, manifest_rows=2, manifest_newest_at=AT + HOUR * 2)
    theirs = dataclasses.replace(FILE, object_name="theirs", computer_name="CAM-PC", uploaded_at=AT + HOUR * 3)
    apply_session(units, RUNNING)
    apply_manifest(units, (*restored, theirs))
    with pytest.raises(ManifestLacking):
        apply_session(units, facts)
    assert [row.record_status for row in events(database).values()] == ["WAITING_FOR_END"] * 2
    apply_manifest(units, (FILE, dataclasses.replace(FILE, object_name="b", uploaded_at=AT + HOUR * 2)))
    assert apply_session(units, facts).ready


def test_a_start_that_was_lost_is_written_again_with_the_clocks_difference_of_then(
    database: Database, units: Units
) -> None:
    had = dataclasses.replace(RUNNING, revision=3, database_revision=2, clock_offset_ms=120_000)
    assert apply_session(units, had).anew
    assert events(database)["START"].clock_offset_ms == 120_000
    assert not apply_session(units, had).anew
    assert not apply_session(units, dataclasses.replace(RUNNING, identifier="a new one")).anew


def test_what_the_builder_moved_on_stays(database: Database, units: Units) -> None:
    apply_session(units, READY)
    set_event(database, "START", record_status="COMPLETED")
    set_event(database, "END", record_status="COMPLETED")

    applied = apply_session(units, dataclasses.replace(READY, ended_at=AT + 2 * HOUR, revision=9))

    assert applied.ready
    assert applied.revision == 9
    assert applied.ended_at == AT + HOUR
    assert {row.record_status for row in events(database).values()} == {"COMPLETED"}


def test_our_end_moves_forward_and_never_back(database: Database, units: Units) -> None:
    apply_session(units, ENDED)
    later = dataclasses.replace(ENDED, ended_at=AT + 2 * HOUR, end_reason=EndReason.LAST_FILE)

    assert apply_session(units, later).ended_at == AT + 2 * HOUR
    assert events(database)["END"].end_reason == "LAST_FILE"
    assert apply_session(units, ENDED).ended_at == AT + 2 * HOUR
    assert events(database)["END"].end_reason == "LAST_FILE"


def test_another_computers_end_wins(database: Database, units: Units) -> None:
    elsewhere = dataclasses.replace(ENDED, computer_name="CAMERA-PC", ended_at=AT + HOUR / 2)
    apply_session(units, elsewhere)

    applied = apply_session(units, ENDED)

    assert applied.ended_at == AT + HOUR / 2
    assert events(database)["END"].computer_name == "CAMERA-PC"


def test_anothers_end_is_told_to_a_running_session(database: Database, units: Units) -> None:
    apply_session(units, dataclasses.replace(ENDED, computer_name="CAMERA-PC"))

    assert apply_session(units, RUNNING).ended_at == AT + HOUR


def test_our_computer_is_ours_in_any_case(database: Database, units: Units) -> None:
    apply_session(units, ENDED)
    later = dataclasses.replace(ENDED, computer_name="tem-pc-1", ended_at=AT + 2 * HOUR)

    assert apply_session(units, later).ended_at == AT + 2 * HOUR


def test_the_note_survives_and_can_be_emptied(database: Database, units: Units) -> None:
    apply_session(units, RUNNING)
    apply_session(units, ENDED)
    assert {row.session_note for row in events(database).values()} == {RUNNING.note}

    apply_session(units, with_note(READY, "better"))
    assert {row.session_note for row in events(database).values()} == {"better"}

    apply_session(units, with_note(with_note(READY, "better"), ""))
    assert {row.session_note for row in events(database).values()} == {""}


def test_an_activity_that_is_still_to_come_is_put_right(database: Database, units: Units) -> None:
    """The PC's clock was ahead for a while."""
    apply_session(units, dataclasses.replace(RUNNING, last_activity_at=datetime.now(UTC) + 24 * HOUR))
    apply_session(units, dataclasses.replace(RUNNING, last_activity_at=AT + HOUR))
    assert events(database)["START"].last_activity_at == AT + HOUR


@pytest.mark.parametrize("ready", [False, True])
def test_a_journal_that_is_older_than_the_database_puts_nothing_back(
    database: Database, units: Units, ready: bool
) -> None:
    """An image of the PC was put back; what was written since is known to the database alone."""
    confirmed = dataclasses.replace(ENDED, database_revision=ENDED.revision)
    later = dataclasses.replace(with_note(READY if ready else ENDED, "grid 8"), resumed=3, paused_seconds=600)
    apply_session(units, dataclasses.replace(later, last_activity_at=AT + 2 * HOUR))
    recorded = events(database)

    apply_session(units, dataclasses.replace(confirmed, revision=5))
    assert events(database) == recorded
    apply_session(units, dataclasses.replace(confirmed, revision=5, paused_seconds=7200))
    assert events(database) == recorded, "the pauses are those of the END that is there"
    if ready:
        assert find_lacking(units, (later, confirmed)) == ()

    apply_session(units, with_note(confirmed, "grid 9"))
    assert {row.session_note for row in events(database).values()} == {"grid 8\ngrid 9"}

    set_event(database, "START", session_note=RUNNING.note)
    if ready:
        assert find_lacking(units, (later,)) == (later.identifier,)


def test_nobody_may_be_the_user(database: Database, units: Units) -> None:
    applied = apply_session(units, dataclasses.replace(READY, user="   "))

    assert applied.user is None
    assert {row.user for row in events(database).values()} == {None}


@pytest.mark.parametrize(
    "change",
    [{"user": "x" * 51}, {"note": "x" * 65_536}, {"note": "\udcff"}, {"instrument_pid": "GONE"}],
    ids=["user", "note", "no text", "instrument"],
)
def test_what_cannot_be_stored_is_refused_whole(database: Database, units: Units, change: dict[str, Any]) -> None:
    with pytest.raises(DataRefused):
        apply_session(units, dataclasses.replace(READY, **change))

    assert events(database) == {}


def test_a_naive_time_is_a_defect(units: Units) -> None:
    with pytest.raises(Defect):
        apply_session(units, dataclasses.replace(RUNNING, started_at=AT.replace(tzinfo=None)))


class _LostAnswer(UnitOfWork):
    @override
    def commit(self) -> None:
        super().commit()
        raise ConnectionResetError


def losing_answers(database: Database) -> Units:
    shared = units_on(database.engine)()
    return lambda: _LostAnswer(database.engine, shared._columns, PcClock())


def test_a_lost_answer_is_repeated_without_harm(database: Database, units: Units) -> None:
    for facts in (RUNNING, ENDED, READY):
        with pytest.raises(DatabaseUnavailable):
            apply_session(losing_answers(database), facts)
        between = events(database)
        apply_session(units, facts)
        assert events(database) == between
    with pytest.raises(DatabaseUnavailable):
        apply_manifest(losing_answers(database), (FILE,))
    apply_manifest(units, (FILE,))
    assert manifest_of(units, FILE.session_identifier) == (FILE,)


def test_leaving_without_commit_leaves_nothing(database: Database, units: Units) -> None:
    with units() as unit:
        unit.repository.insert_event(
            {"session_identifier": "s", "instrument": "TITAN", "timestamp": AT, "event_type": "START"}
        )

    assert events(database) == {}


def test_another_writer_in_the_same_moment(database: Database, units: Units) -> None:
    if database.kind == "sqlite":
        pytest.skip("a file has one writer at a time")
    rival = build_engine(database.settings)
    looked = False

    def be_faster(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal looked
        if not looked and "clock" in statement:
            looked = True
            apply_session(units_on(rival), ENDED)

    event.listen(database.engine, "after_cursor_execute", be_faster)
    try:
        applied = apply_session(units, READY)
    finally:
        event.remove(database.engine, "after_cursor_execute", be_faster)
        rival.dispose()

    assert looked
    assert applied.ready
    assert set(events(database)) == {"START", "END"}


def apply_patiently(units: Units, facts: SessionFacts) -> bool:
    """Repeat as the database thread would; a few times must be enough."""
    for _ in range(5):
        with contextlib.suppress(TryLater):
            return apply_session(units, facts).ready
    return False


def test_two_threads_apply_the_same_session(database: Database, units: Units) -> None:
    rounds = 8
    start_line = threading.Barrier(2)
    failed: list[BaseException] = []
    engines = [build_engine(database.settings) for _ in range(2)]

    def run(mine: Units) -> None:
        try:
            for number in range(rounds):
                facts = dataclasses.replace(READY, identifier=f"session-{number}")
                start_line.wait(30)
                assert apply_patiently(mine, facts)
        except BaseException as error:  # noqa: BLE001 - told by the test's thread
            failed.append(error)

    workers = [threading.Thread(target=run, args=(units_on(engine),)) for engine in engines]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    for engine in engines:
        engine.dispose()

    assert failed == []
    with database.engine.connect() as connection:
        found = connection.execute(
            text("SELECT session_identifier, event_type FROM session_log WHERE record_status = 'TO_BE_BUILT'")
        ).all()
    assert sorted(tuple(row) for row in found) == [
        (f"session-{number}", kind) for number in range(rounds) for kind in ("END", "START")
    ]


def test_the_budget_of_statements(database: Database, units: Units) -> None:
    find_instrument(units, "TEM-PC-1", None, register=False)
    apply_session(units, dataclasses.replace(RUNNING, identifier="warm"))
    apply_manifest(units, (dataclasses.replace(FILE, session_identifier="warm"),))

    def count(task: Any, *arguments: object) -> int:
        with counted_statements(database.engine) as sent:
            task(units, *arguments)
        return len(sent)

    assert count(find_instrument, "TEM-PC-1", None, False) == 1
    assert count(apply_session, RUNNING) == 3
    assert count(apply_session, RUNNING) == 2
    assert count(apply_session, ENDED) == 4
    assert count(apply_session, READY) == 4
    assert count(apply_session, dataclasses.replace(READY, identifier="lost by the database")) == 6
    many = tuple(dataclasses.replace(FILE, object_name=f"Titan/{number}") for number in range(200))
    assert count(apply_manifest, many) == 2
    assert count(apply_manifest, many) == 1
    assert count(apply_manifest, tuple(dataclasses.replace(row, attempts=2) for row in many)) == 2
    assert count(apply_manifest, ()) == 0


def test_the_schema_is_asked_for_once_a_connection(database: Database, units: Units) -> None:
    def asked() -> list[str]:
        with counted_statements(database.engine) as sent:
            apply_session(units, RUNNING)
            apply_session(units, ENDED)
            apply_manifest(units, (FILE,))
        return [statement for statement in sent if "schema" in statement or "sqlite_master" in statement]

    database.engine.dispose()
    assert len(asked()) == 2
    assert asked() == []

    database.engine.dispose()
    assert len(asked()) == 2


def test_manifest_rows_are_inserted_then_changed(database: Database, units: Units) -> None:
    waiting = dataclasses.replace(
        FILE,
        state=ResultState.PENDING,
        md5=None,
        generation=None,
        uploaded_at=None,
        attempts=3,
        last_error="in use by EPU.exe",
    )
    left_out = dataclasses.replace(
        waiting, object_name="Titan/z", state=ResultState.SKIPPED, reason="no data", decided_by="ada"
    )
    apply_manifest(units, (waiting, left_out))
    assert manifest_of(units, FILE.session_identifier) == (waiting, left_out)

    apply_manifest(units, (FILE, left_out))

    assert {row.object_name: row for row in manifest_of(units, FILE.session_identifier)} == {
        FILE.object_name: FILE,
        "Titan/z": left_out,
    }


def test_manifest_of_two_sessions_and_stores_keeps_them_apart(units: Units) -> None:
    other = dataclasses.replace(FILE, session_identifier="other", size_bytes=1)
    elsewhere = dataclasses.replace(FILE, bucket="elsewhere")

    apply_manifest(units, (FILE, other, elsewhere))
    apply_manifest(units, (dataclasses.replace(other, size_bytes=2),))

    assert manifest_of(units, "other")[0].size_bytes == 2
    assert {row.bucket for row in manifest_of(units, FILE.session_identifier)} == {FILE.bucket, "elsewhere"}


def test_the_last_of_two_rows_for_one_object_counts(units: Units) -> None:
    apply_manifest(units, (FILE, dataclasses.replace(FILE, size_bytes=7)))

    assert [row.size_bytes for row in manifest_of(units, FILE.session_identifier)] == [7]


def test_a_manifest_larger_than_a_batch(units: Units) -> None:
    many = tuple(dataclasses.replace(FILE, object_name=f"Titan/{number:04}") for number in range(450))

    apply_manifest(units, many)

    assert manifest_of(units, FILE.session_identifier) == many


def test_files_without_a_time_of_discovery_get_the_databases(units: Units) -> None:
    apply_manifest(units, (dataclasses.replace(FILE, discovered_at=None), dataclasses.replace(FILE, bucket="b")))

    by_bucket = {row.bucket: row.discovered_at for row in manifest_of(units, FILE.session_identifier)}
    assert by_bucket["b"] == AT
    discovered = by_bucket[FILE.bucket]
    assert discovered is not None
    assert abs(datetime.now(UTC) - discovered) < timedelta(minutes=1)


def test_an_explanation_too_long_is_cut(units: Units) -> None:
    row = dataclasses.replace(FILE, state=ResultState.MISSING, reason="x" * 300, last_error="\N{GRINNING FACE}" * 600)

    apply_manifest(units, (row,))

    (held,) = manifest_of(units, FILE.session_identifier)
    assert (held.reason, held.last_error) == ("x" * 255, "\N{GRINNING FACE}" * 500)


@pytest.mark.parametrize("name", ["TEM-PC-1", "tem-pc-1"])
def test_the_instrument_is_found_by_computer(units: Units, name: str) -> None:
    found = find_instrument(units, name, None, register=False)

    assert (found.instrument_pid, found.schema_name, found.filestore_path) == ("TITAN", "FEI Titan", "./Titan")
    assert (found.computer_name, found.timezone) == ("TEM-PC-1", "Europe/Berlin")


def test_the_instrument_is_found_by_its_setting(units: Units) -> None:
    assert find_instrument(units, "ANOTHER", "TITAN", register=False).schema_name == "FEI Titan"
    with pytest.raises(UnknownInstrument, match="NEXUSLIMSGUI_INSTRUMENT"):
        find_instrument(units, "TEM-PC-1", "NOPE", register=True)


def test_an_unknown_computer_is_told_with_the_remedy(units: Units) -> None:
    with pytest.raises(UnknownInstrument, match=r"'NEW-PC'.*instruments add"):
        find_instrument(units, "NEW-PC", None, register=False)


@pytest.mark.parametrize(
    ("computer", "pid"),
    [("lab pc/1.example", "lab-pc-1-example"), ("显微镜", "this-computer"), ("..", "this-computer")],
)
def test_an_unknown_computer_registers_itself(units: Units, computer: str, pid: str) -> None:
    first = find_instrument(units, computer, None, register=True)

    assert (first.instrument_pid, first.schema_name, first.filestore_path) == (pid, pid, f"./{pid}")
    assert first.computer_name == computer
    assert find_instrument(units, computer, None, register=True) == first


def test_recent_sessions_are_the_newest_first(units: Units) -> None:
    for number in range(3):
        at = AT + number * HOUR
        facts = dataclasses.replace(RUNNING, identifier=f"s{number}", started_at=at)
        apply_session(units, facts)
    apply_session(units, dataclasses.replace(READY, identifier="s1", started_at=AT + HOUR, ended_at=AT + 3 * HOUR))
    apply_manifest(
        units,
        (
            dataclasses.replace(FILE, session_identifier="s1"),
            dataclasses.replace(FILE, session_identifier="s1", bucket="b", state=ResultState.MISSING, reason="gone"),
        ),
    )

    newest, second = recent_sessions(units, 2)

    assert (newest.session_identifier, newest.status, newest.ended_at) == ("s2", "OPEN", None)
    assert (second.session_identifier, second.status) == ("s1", "TO_BE_BUILT")
    assert (second.started_at, second.ended_at) == (AT + HOUR, AT + 3 * HOUR)
    assert (second.instrument, second.instrument_name, second.user) == ("TITAN", "FEI Titan", "ada")
    assert second.used_seconds == 2 * 3600 - 90
    assert (second.files, second.bytes_stored, second.files_missing) == (2, 5_000_000_000, 1)
    assert recent_sessions(units, 0) == ()


def test_an_older_schema_is_written_as_far_as_it_goes(empty_database: Database) -> None:
    engine = empty_database.engine
    command.upgrade(migrate._config(engine), "0001_legacy")
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO instruments (instrument_pid, schema_name, filestore_path, computer_name)"
                " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')"
            )
        )
    units = units_on(engine, PcClock())

    assert find_instrument(units, "TEM-PC-1", None, register=False).timezone == "UTC"
    assert not apply_session(units, RUNNING).ready
    assert apply_session(units, READY).ready
    with engine.connect() as connection:
        found = connection.execute(text("SELECT event_type, record_status, user FROM session_log ORDER BY 1")).all()
    assert sorted(tuple(row) for row in found) == [("END", "TO_BE_BUILT", "ada"), ("START", "TO_BE_BUILT", "ada")]
    apply_manifest(units, (FILE,))  # there is no room for it, and that is no error

    migrate.upgrade(engine)
    engine.dispose()

    apply_manifest(units, (FILE,))
    assert manifest_of(units, FILE.session_identifier) == (FILE,)


def test_the_embedded_database_is_made_by_the_migrations(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "new")
    assert settings.is_embedded

    units = open_database(settings)
    instrument = find_instrument(units, "my-pc", None, register=True)
    apply_session(units, dataclasses.replace(READY, instrument_pid=instrument.instrument_pid))

    again = open_database(settings)
    assert recent_sessions(again, 5)[0].status == "TO_BE_BUILT"
    assert settings.embedded_database.exists()


def test_a_central_database_is_opened_without_asking_it(tmp_path: Path) -> None:
    units = open_database(settings_for(tmp_path, f"mysql+pymysql://u:secret@127.0.0.1:{free_port()}/nx"))

    with pytest.raises(DatabaseUnavailable) as caught:
        find_instrument(units, "my-pc", None, register=False)

    assert "secret" not in str(caught.value)


def test_an_object_is_known_by_its_digest(database: Database, units: Units) -> None:
    apply_manifest(units, (FILE,))

    with database.engine.connect() as connection:
        digest = connection.scalar(select(FILE_MANIFEST.c.object_digest))
    # printf 'file:///bucket\nTitan/2026/ä b.dm4' | sha256sum
    assert digest == "1f5092d806520cf21833a18cc7b707ee7e07713a6528ab6508f3777a59900bae"


@pytest.mark.parametrize(("files", "rounds"), [(10, 1), (1_000, 1), (20_000, 10)])
def test_statements_grow_with_rounds_and_not_with_files(
    database: Database, units: Units, files: int, rounds: int
) -> None:
    if database.kind == "sqlite":
        pytest.skip("only a server counts what it is sent")
    rows = tuple(
        dataclasses.replace(
            FILE,
            object_name=f"Titan/2026-11-20/a usual name of a file {number:06}.dm4",
            state=ResultState.PENDING,
            md5=None,
            generation=None,
            uploaded_at=None,
        )
        for number in range(files)
    )
    apply_session(units, RUNNING)
    apply_manifest(units, (FILE,))

    def sent(*what: ManifestRow) -> int:
        """Return how many statements reached the server, each COMMIT and ROLLBACK among them."""
        counts = []
        for task in (None, apply_manifest):
            if task:
                task(units, what)
            with database.engine.connect() as connection:
                counts.append(int(connection.execute(text("SHOW SESSION STATUS LIKE 'Questions'")).one()[1]))
        return counts[1] - counts[0]

    assert sent() <= 3
    # Each round is a SELECT, an INSERT, a COMMIT, and the ROLLBACK that gives the connection back.
    assert sent(*rows) <= 4 * rounds + 3
    rows = rows[:1000]  # enough to see that a change is no statement of its own, either
    done = (dataclasses.replace(FILE, object_name=row.object_name, generation=n) for n, row in enumerate(rows))
    assert sent(*done) <= 5 + 3
    with database.engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT state, COUNT(*), COUNT(DISTINCT generation) FROM file_manifest"
                " WHERE generation < 1000000 GROUP BY state"
            )
        ).all()
    assert [tuple(row) for row in found] == [("UPLOADED", len(rows), len(rows))]
