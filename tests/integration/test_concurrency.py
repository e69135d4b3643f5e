"""Many loggers at one server in the same moment: the rows come out right, whoever had to wait or to repeat."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymysql  # type: ignore[import-untyped]  # it has no types of its own
import pytest
from sqlalchemy import event, select, text

from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.tasks import apply_manifest, apply_session, find_instrument, manifest_of
from nexuslims_logger.db.unit_of_work import units_on
from nexuslims_logger.errors import DatabaseUnavailable, TryLater
from nexuslims_logger.models import INSTRUMENTS, SESSION_LOG
from tests.database_servers import KINDS, Database, new_database
from tests.integration.test_tasks import ENDED, FILE, READY, RUNNING
from tests.session_facts import with_note
from tests.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.db.unit_of_work import Units
    from nexuslims_logger.journal.records import SessionFacts

TOP = Path(__file__).parents[2]
PCS = 50
LIMIT_S = 90
#: A logger tries again after seconds and minutes, for as long as it takes; the test is less patient.
TRIES = 8


@pytest.fixture(params=[kind for kind in KINDS if kind != "sqlite"])
def server_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database on a server, with an instrument for each PC."""
    with new_database(request.param, request, tmp_path) as database:
        migrate.upgrade(database.engine)
        with database.engine.begin() as connection:
            connection.execute(
                INSTRUMENTS.insert(),
                [
                    {
                        "instrument_pid": f"SCOPE-{number}",
                        "schema_name": f"Microscope {number}",
                        "filestore_path": f"./Scope{number}",
                        "computer_name": f"PC-{number}",
                    }
                    for number in range(PCS)
                ],
            )
        yield database


def all_at_once(database: Database, pcs: int, work: Callable[[Units, int, Callable[[], None]], None]) -> Counter[int]:
    """Run `work` for each PC on a thread and an engine of its own; return what the server refused, by number.

    `work` is given the means to wait for the others.
    """
    refusals: Counter[int] = Counter()
    failed: list[BaseException] = []
    line = threading.Barrier(pcs)

    def note(context: Any) -> None:
        if isinstance(context.original_exception, pymysql.MySQLError):
            refusals[context.original_exception.args[0]] += 1

    def run(number: int) -> None:
        engine = build_engine(database.settings)
        event.listen(engine, "handle_error", note)

        def together() -> None:
            line.wait(LIMIT_S)

        try:
            work(units_on(engine), number, together)
        except BaseException as error:  # noqa: BLE001 - told by the test's thread
            failed.append(error)
            line.abort()
        finally:
            engine.dispose()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(pcs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert not any(thread.is_alive() for thread in threads)
    assert failed == []
    return refusals


def tell(database: Database, what: str, refused: Counter[int]) -> None:
    """Show how often the server refused, and so how often something was repeated (``pytest -s``)."""
    numbers = ", ".join(f"{count} times {number}" for number, count in refused.items()) or "nothing"
    print(f"{database.kind}: {what}: refused {numbers}")  # noqa: T201


def patiently(task: Callable[..., Any], *arguments: object) -> Any:
    """Repeat as the session thread does when it is told "later", without its delays."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(TryLater):
            return task(*arguments)
    return task(*arguments)


def of_pc(facts: SessionFacts, number: int) -> SessionFacts:
    return dataclasses.replace(
        facts,
        identifier=f"session-{number:02}",
        instrument_pid=f"SCOPE-{number}",
        computer_name=f"PC-{number}",
        user=f"user {number}",
    )


def test_fifty_sessions(server_database: Database) -> None:
    def session(units: Units, number: int, together: Callable[[], None]) -> None:
        files = tuple(
            dataclasses.replace(
                FILE,
                session_identifier=f"session-{number:02}",
                instrument_pid=f"SCOPE-{number}",
                object_name=f"Scope{number}/{name}.tif",
            )
            for name in range(20)
        )
        together()
        found = patiently(find_instrument, units, f"pc-{number}", None, False)
        assert found.instrument_pid == f"SCOPE-{number}"
        patiently(apply_session, units, of_pc(RUNNING, number))
        together()
        patiently(apply_session, units, of_pc(ENDED, number))
        patiently(apply_manifest, units, files)
        together()
        assert patiently(apply_session, units, of_pc(READY, number)).ready

    refused = all_at_once(server_database, PCS, session)

    tell(server_database, f"{PCS} sessions", refused)
    with server_database.engine.connect() as connection:
        rows = connection.execute(select(SESSION_LOG).order_by(SESSION_LOG.c.id_session_log)).all()
    found = {(row.session_identifier, row.event_type): row for row in rows}
    assert len(rows) == len(found) == 2 * PCS
    for number in range(PCS):
        start, end = (found[f"session-{number:02}", kind] for kind in ("START", "END"))
        assert start.user == end.user == f"user {number}"
        assert start.instrument == end.instrument == f"SCOPE-{number}"
        assert start.record_status == end.record_status == "TO_BE_BUILT"
        assert (start.timestamp, end.timestamp) == (RUNNING.started_at, ENDED.ended_at)
    assert all(len(manifest_of(units_on(server_database.engine), f"session-{n:02}")) == 20 for n in range(PCS))


def assert_ready_once(database: Database, *identifiers: str) -> None:
    with database.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT session_identifier, event_type, record_status, user FROM session_log")
        ).all()
    assert sorted(tuple(row) for row in rows) == [
        (identifier, kind, "TO_BE_BUILT", "ada") for identifier in sorted(identifiers) for kind in ("END", "START")
    ]


def test_many_apply_one_session(server_database: Database) -> None:
    rounds = 5

    def session(units: Units, number: int, together: Callable[[], None]) -> None:
        for turn in range(rounds):
            facts = dataclasses.replace(READY, identifier=f"session-{turn}", instrument_pid="SCOPE-1")
            files = tuple(
                dataclasses.replace(
                    FILE, session_identifier=facts.identifier, instrument_pid="SCOPE-1", object_name=name
                )
                for name in "abcdefgh"
            )
            together()
            assert patiently(apply_session, units, facts).ready
            patiently(apply_manifest, units, files if number % 2 else files[::-1])

    refused = all_at_once(server_database, 12, session)

    tell(server_database, f"one session by 12 at once, {rounds} times", refused)
    assert set(refused) <= {1062, 1205, 1213}
    assert_ready_once(server_database, *(f"session-{turn}" for turn in range(rounds)))
    for turn in range(rounds):
        assert len(manifest_of(units_on(server_database.engine), f"session-{turn}")) == 8


def test_one_computer_registers_once(server_database: Database) -> None:
    def start(units: Units, number: int, together: Callable[[], None]) -> None:
        # Half of them are one computer (its window and its boot-time `sync`), the others are each their own.
        name = "NEW-PC" if number % 2 else f"NEW-{number}"
        together()
        found = patiently(find_instrument, units, name, None, True)
        assert found.computer_name == name
        facts = dataclasses.replace(of_pc(RUNNING, number), instrument_pid=found.instrument_pid, computer_name=name)
        patiently(apply_session, units, facts)

    refused = all_at_once(server_database, 20, start)

    tell(server_database, "20 register", refused)
    with server_database.engine.connect() as connection:
        names = connection.scalars(text("SELECT computer_name FROM instruments WHERE computer_name LIKE 'NEW-%'")).all()
        assert connection.scalar(text("SELECT COUNT(*) FROM session_log WHERE event_type = 'START'")) == 20
    assert sorted(names) == sorted({"NEW-PC", *(f"NEW-{number}" for number in range(0, 20, 2))})


ONE_OF_TWO = """
import dataclasses, sys
from nexuslims_logger.config import load_settings
from nexuslims_logger.db.tasks import apply_session, open_database
from tests.integration.test_concurrency import patiently
from tests.integration.test_tasks import READY
units = open_database(load_settings())
for turn in sys.argv[1:]:
    print("waiting", flush=True)
    sys.stdin.readline()
    facts = dataclasses.replace(READY, identifier=turn, instrument_pid="SCOPE-1")
    print(patiently(apply_session, units, facts).ready, flush=True)
"""


def test_two_processes_apply_one_session(server_database: Database) -> None:
    turns = [f"session-{turn}" for turn in range(5)]
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", ONE_OF_TWO, *turns],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=os.environ | server_database.environ,
                    cwd=TOP,
                    text=True,
                )
            )
            for _ in range(2)
        ]
        for process in processes:
            stack.callback(process.kill)
        for _ in turns:
            assert [answer_of(process) for process in processes] == ["waiting", "waiting"]
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            assert [answer_of(process) for process in processes] == ["True", "True"]
        assert [process.wait(LIMIT_S) for process in processes] == [0, 0]

    assert_ready_once(server_database, *turns)


def answer_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@contextmanager
def watched(database: Database, pause_s: int = 5) -> Iterator[tuple[Units, Counter[int]]]:
    """Make units of work on an engine of their own, and count what the server refuses."""
    refused: Counter[int] = Counter()
    engine = build_engine(database.settings)

    def note(context: Any) -> None:
        refused[context.original_exception.args[0]] += 1

    def be_brief(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {pause_s}")

    event.listen(engine, "handle_error", note)
    event.listen(engine, "connect", be_brief)
    try:
        yield units_on(engine), refused
    finally:
        engine.dispose()


def test_who_waits_too_long_for_a_row_tries_later(server_database: Database) -> None:
    running, ended = of_pc(RUNNING, 1), of_pc(ENDED, 1)
    with watched(server_database, pause_s=1) as (units, refused):
        apply_session(units, running)
        with server_database.engine.connect() as rival:
            rival.execute(text("UPDATE session_log SET paused_seconds = 1"))
            with pytest.raises(DatabaseUnavailable):
                apply_session(units, ended)
            rival.rollback()
        assert refused == {1205: 1}
        assert apply_session(units, of_pc(READY, 1)).ready

    with server_database.engine.connect() as connection:
        rows = connection.execute(select(SESSION_LOG.c.event_type, SESSION_LOG.c.record_status)).all()
    assert sorted(tuple(row) for row in rows) == [("END", "TO_BE_BUILT"), ("START", "TO_BE_BUILT")]


def test_the_victim_of_a_deadlock_repeats_at_once(server_database: Database) -> None:
    """A rival holds END and wants START, we hold START and want END; the server takes the lighter one back."""
    of_row = "WHERE session_identifier = 'session-01' AND event_type ="
    answers: list[bool] = []
    with watched(server_database) as (units, refused), server_database.engine.connect() as rival:
        apply_session(units, of_pc(ENDED, 1))
        worker = threading.Thread(target=lambda: answers.append(apply_session(units, changed).ready))
        changed = with_note(of_pc(READY, 1), "a better note")
        # Who has changed more rows is not the victim.
        rival.execute(text("UPDATE instruments SET location = 'cellar'"))
        rival.execute(text(f"UPDATE session_log SET paused_seconds = 1 {of_row} 'END'"))
        worker.start()
        wait_for_a_lock(server_database)
        rival.execute(text(f"UPDATE session_log SET resumed = 1 {of_row} 'START'"))
        rival.commit()
        worker.join(LIMIT_S)

    assert answers == [True]
    assert refused == {1213: 1}
    with server_database.engine.connect() as connection:
        rows = connection.execute(select(SESSION_LOG)).all()
    assert {row.event_type: (row.record_status, row.session_note) for row in rows} == {
        "START": ("TO_BE_BUILT", "a better note"),
        "END": ("TO_BE_BUILT", "a better note"),
    }


def test_a_row_that_changed_since_it_was_read_is_read_again(server_database: Database) -> None:
    """MariaDB's default from 11.6 on; before, and on MySQL, the last writer wins."""
    if server_database.kind != "mariadb":
        pytest.skip("MariaDB alone can be told to refuse this")
    engine = build_engine(server_database.settings)
    refused: list[int] = []
    looked = False

    def be_strict(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION innodb_snapshot_isolation = ON")

    def be_faster(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        nonlocal looked
        if not looked and "clock" in statement:
            looked = True
            rival = with_note(of_pc(ENDED, 1), "the rival's note")
            apply_session(units_on(server_database.engine), rival)

    apply_session(units_on(server_database.engine), of_pc(ENDED, 1))
    event.listen(engine, "connect", be_strict)
    event.listen(engine, "after_cursor_execute", be_faster)
    event.listen(engine, "handle_error", lambda context: refused.append(context.original_exception.args[0]))
    try:
        last = with_note(with_note(of_pc(READY, 1), "the rival's note"), "the last note")
        assert apply_session(units_on(engine), last).ready
    finally:
        engine.dispose()

    assert refused == [1020]
    with server_database.engine.connect() as connection:
        notes = connection.scalars(select(SESSION_LOG.c.session_note)).all()
    assert list(notes) == ["the last note"] * 2


def wait_for_a_lock(database: Database) -> None:
    """Wait until somebody waits for a row (of this server: each test process has its own)."""
    with database.engine.connect() as connection:
        locked = text("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'")
        for _ in waiting("nobody waited for a row"):
            if connection.scalar(locked):
                return
            connection.rollback()
