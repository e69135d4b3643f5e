from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from nexuslims_logger.events import FileRow, FilesListed, FileState
from nexuslims_logger.gui.files_list import Column, FilesList, arranged
from nexuslims_logger.gui.view import Tone

NOW = datetime(2026, 11, 23, 14, 52, 10, tzinfo=UTC)


def row(path: str, state: FileState, *, size: int = 1_000, age_s: int = 0, reason: str = "") -> FileRow:
    return FileRow("/data", path, size, NOW - timedelta(seconds=age_s), state, reason)


ROWS = (
    row("b.tif", FileState.STORED, size=3_000_000, age_s=30),
    row("A.tif", FileState.CHANGING, size=20, age_s=5),
    row("sub/c.tif", FileState.WAITING, age_s=20, reason="it is open in another program."),
    row("d.tif", FileState.SENDING, age_s=10),
    row("e.tif", FileState.MISSING, age_s=40, reason="deleted before it was sent"),
    row("f.tif", FileState.LEFT_OUT, age_s=50, reason="a test"),
    row("g.tif", FileState.VERIFIED, age_s=60),
)


def listing(
    number: int = 0, column: Column = Column.TIME, *, descending: bool = True, at: datetime | None = None
) -> FilesList:
    return arranged(FilesListed("s", ROWS, at), number=number, column=column, descending=descending, zone=UTC)


def names(files: FilesList) -> str:
    return "".join(row.path.rpartition("/")[2][0] for row in files.rows)


@pytest.mark.parametrize(("number", "expected"), [(0, "Adcbefg"), (1, "Adc"), (2, "bg"), (3, "ef")])
def test_a_filter_shows_what_it_says(number: int, expected: str) -> None:
    assert names(listing(number)) == expected


def test_the_filters_say_how_many_there_are() -> None:
    assert listing().filters == ("&All 7", "&Waiting 3", "&Stored 2", "Not s&ent 2")
    assert arranged(None, number=0, column=Column.TIME, descending=True).filters[0] == "&All 0"


@pytest.mark.parametrize(
    ("column", "descending", "expected"),
    [
        (Column.NAME, False, "Abdefgc"),
        (Column.SIZE, True, "b"),
        (Column.STATE, False, "Acdbgef"),
        (Column.TIME, False, "gfebcdA"),
    ],
)
def test_every_column_sorts(column: Column, descending: bool, expected: str) -> None:
    assert names(listing(column=column, descending=descending)).startswith(expected)


def test_a_row_is_told_in_words() -> None:
    words, tone = listing().cells(0, NOW)

    assert words == ("A.tif", "20 B", "… Still being written", "14:52:05")
    assert tone is Tone.WAITING


def test_a_verified_file_is_safe_only_while_it_is_known_when_it_was_checked() -> None:
    last = len(ROWS) - 1

    assert listing(at=NOW).cells(last, NOW)[0][2] == "✓ Safe to delete here"
    assert listing().cells(last, NOW)[0][2] == "✓ Verified"


@pytest.mark.parametrize(
    ("path", "at", "expected"),
    [
        ("c.tif", None, "Waiting: it is open in another program."),
        ("e.tif", None, "Gone before it was sent: deleted before it was sent."),
        ("b.tif", NOW, "Stored, and not verified yet. Keep it on this PC until the session has ended."),
        ("g.tif", NOW, "Verified at 14:52:10. Safe to delete here."),
        ("g.tif", None, "Verified, and recorded for good."),
        ("d.tif", None, "Being sent."),
    ],
)
def test_safe_to_delete_is_said_of_verified_files_alone(path: str, at: datetime | None, expected: str) -> None:
    files = listing(at=at)
    number = next(number for number, row in enumerate(files.rows) if row.path.endswith(path))

    assert files.detail(number, NOW) == expected
    assert ("Safe" in files.detail(number, NOW)) == (files.rows[number].state is FileState.VERIFIED and at is not None)


def test_the_folder_is_that_of_the_file_or_of_the_newest() -> None:
    files = listing(1)

    assert files.folder(2) == f"/data{os.sep}sub"
    assert files.folder(None) == "/data"
    assert arranged(None, number=0, column=Column.TIME, descending=True).folder(None) is None
