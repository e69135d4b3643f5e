"""Two loggers at one instrument, as two real processes on one server: a microscope's PC, and a camera's beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from nexuslims_logger.db import migrate
from tests.database_servers import new_database
from tests.integration.test_headless import LIMIT_S, Pc
from tests.waiting import until
from tests.windows.signals import STARTED_WITH, terminate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database_servers import Database

#: The program on a computer of that name; its session looks at the rows every half second.
_AS_COMPUTER = """
import platform, sys
platform.node = lambda: {name!r}
from nexuslims_logger.session import recording
recording.LOOK_AT_JOINED_EVERY_S = 0.5
from nexuslims_logger.cli import main
sys.exit(main())
"""


class NamedPc(Pc):
    """A PC with a name, at the instrument TITAN of a central database and a store on a share."""

    def __init__(self, folder: Path, name: str, database: Database) -> None:
        folder.mkdir()
        super().__init__(folder)
        self._name = name
        self.bucket = folder.parent / "share"
        self.environment |= {
            "NEXUSLIMSGUI_DATABASE_URL": database.environ["NEXUSLIMSGUI_DATABASE_URL"],
            "NEXUSLIMSGUI_INSTRUMENT": "TITAN",
            "NEXUSLIMSGUI_DATA_BUCKET": str(self.bucket),
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-c", _AS_COMPUTER.format(name=self._name), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            creationflags=STARTED_WITH,
        )
        self._started.append(program)
        return program


@pytest.fixture
def server_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with new_database("mariadb", request, tmp_path) as database:
        migrate.upgrade(database.engine)
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO instruments (instrument_pid, schema_name, filestore_path, computer_name)"
                    " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC')"
                )
            )
        yield database


@pytest.fixture
def pair(server_database: Database, tmp_path: Path) -> Iterator[tuple[NamedPc, NamedPc]]:
    made = tuple(NamedPc(tmp_path / name, name, server_database) for name in ("TEM-PC", "CAM-PC"))
    yield made[0], made[1]
    for pc in made:
        pc.kill_all()


def ask(database: Database, question: str) -> list[tuple[Any, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question))]


def test_the_last_of_two_makes_it_ready(pair: tuple[NamedPc, NamedPc], server_database: Database) -> None:
    microscope, camera = pair
    owner, session = microscope.headless("--user", "ada")
    until(lambda: ask(server_database, "SELECT 1 FROM session_log") == [(1,)])
    joiner, joined = camera.headless("--join", "--user", "bob")
    assert joined == session
    microscope.write("same name.tif", b"of the microscope")
    camera.write("same name.tif", b"of the camera")
    until(lambda: len(microscope.stored()) == 2)

    # Nothing waits any more where the joiner's part was finished first.
    assert microscope.finish(owner) in {0, 4}
    # The joiner meets the END by itself, without anybody's click.
    _, told = joiner.communicate(timeout=LIMIT_S)
    assert joiner.returncode == 0, told
    assert "This PC's part of the session of ada" in told

    events = ask(
        server_database, "SELECT event_type, user, computer_name, record_status, waits_for FROM session_log ORDER BY 1"
    )
    assert events == [("END", "ada", "TEM-PC", "TO_BE_BUILT", None), ("START", "ada", "TEM-PC", "TO_BE_BUILT", "")]
    files = ask(server_database, "SELECT session_identifier, computer_name, state FROM file_manifest ORDER BY 2")
    assert files == [(session, name, "UPLOADED") for name in ("CAM-PC", "TEM-PC")]
    catching_up = microscope.start("sync")
    catching_up.communicate(timeout=LIMIT_S)
    assert catching_up.returncode == 0


def test_the_owner_comes_last(pair: tuple[NamedPc, NamedPc], server_database: Database) -> None:
    microscope, camera = pair
    owner, session = microscope.headless("--user", "ada")
    until(lambda: ask(server_database, "SELECT 1 FROM session_log") == [(1,)])
    joiner, _ = camera.headless("--join")
    camera.write("frame.tif", b"frame")
    assert camera.finish(joiner) == 0
    assert ask(server_database, "SELECT event_type, waits_for FROM session_log") == [("START", "TEM-PC")]
    assert microscope.finish(owner) == 0
    assert (
        ask(server_database, "SELECT session_identifier, record_status FROM session_log")
        == [(session, "TO_BE_BUILT")] * 2
    )


def test_taken_over_by_the_next_who_comes(pair: tuple[NamedPc, NamedPc], server_database: Database) -> None:
    microscope, camera = pair
    program, first = microscope.headless("--user", "ada")
    until(lambda: ask(server_database, "SELECT 1 FROM session_log") == [(1,)])
    assert microscope.finish(program, terminate) == 4
    program, second = camera.headless("--take-over", "--user", "bob")
    assert camera.finish(program) == 0

    program, third = microscope.headless("--user", "ada")
    assert microscope.finish(program) == 0

    events = ask(
        server_database,
        "SELECT session_identifier, event_type, user, end_reason, record_status FROM session_log ORDER BY 2, 1",
    )
    assert sorted(events, key=str) == sorted(
        [
            (session, event, user, reason if event == "END" else None, "TO_BE_BUILT")
            for session, user, reason in ((first, "ada", "TAKEN_OVER"), (second, "bob", None), (third, "ada", None))
            for event in ("START", "END")
        ],
        key=str,
    )
