"""The demo's own check must find what is wrong, or its "all equal" says nothing."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.demo.check import check

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"micrograph"
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """Leave behind what a good demo does."""
    for folder in ("home/bucket/vm/day", "microscope/day"):
        path = tmp_path / folder
        path.mkdir(parents=True)
        (path / "a.tif").write_bytes(CONTENT)
    with closing(sqlite3.connect(tmp_path / "home" / "nexuslims.db")) as database, database:
        database.execute(
            "CREATE TABLE session_log (id_session_log INTEGER PRIMARY KEY, event_type, record_status, timestamp,"
            " instrument, user, session_note, session_identifier)"
        )
        database.executemany(
            "INSERT INTO session_log VALUES (?, ?, 'TO_BE_BUILT', 'now', 'vm', 'ada', 'grid 7', 'one')",
            [(1, "START"), (2, "END")],
        )
        database.execute("CREATE TABLE file_manifest (object_name, state, size_bytes, md5)")
        row = ("vm/day/a.tif", "UPLOADED", len(CONTENT), MD5)
        database.execute("INSERT INTO file_manifest VALUES (?, ?, ?, ?)", row)
    return tmp_path


def _change(stage: Path, statement: str) -> None:
    with closing(sqlite3.connect(stage / "home" / "nexuslims.db")) as database, database:
        database.execute(statement)


def test_a_good_demo_is_called_good(stage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(stage) == []
    assert "1 files compared with the store and with the microscope's folder: all equal" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM session_log WHERE event_type = 'END'", "expected one START and one END"),
        ("UPDATE session_log SET record_status = 'WAITING_FOR_END' WHERE event_type = 'END'", "the END row is"),
        ("UPDATE session_log SET user = 'grace' WHERE event_type = 'END'", "different values for user"),
        ("UPDATE session_log SET session_note = ''", "the note was not recorded"),
        ("DELETE FROM file_manifest", "the manifest is empty"),
        ("UPDATE file_manifest SET state = 'PENDING'", "vm/day/a.tif is PENDING"),
        ("UPDATE file_manifest SET md5 = 'other'", "other content in the store"),
        ("UPDATE file_manifest SET object_name = 'vm/day/b.tif'", "not in the store"),
    ],
)
def test_wrong_rows_are_found(stage: Path, statement: str, problem: str) -> None:
    _change(stage, statement)

    assert problem in "\n".join(check(stage))


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("home/bucket/vm/day/a.tif", "other content in the store"),
        ("microscope/day/a.tif", "other content in the microscope's folder"),
        ("microscope/day/c.tif", "day/c.tif was written and is not in the manifest"),
    ],
)
def test_wrong_files_are_found(stage: Path, file: str, problem: str) -> None:
    (stage / file).write_bytes(b"something else")

    assert problem in "\n".join(check(stage))
