from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.results import Result, Results, time_of
from nexuslims_logger.journal.seen import FileKey, Seen, Tally
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.ports import FileStat

NOW = datetime(2026, 11, 20, tzinfo=UTC)
KEY = FileKey("/watch", "a", "caf\udce9.tif")  # bytes that are no UTF-8


@pytest.fixture
def files() -> FilesJournal:
    return FilesJournal(JournalFile(sqlite3.connect(":memory:", isolation_level=None)))


def a_result(stat: FileStat, generation: int = 1) -> Result:
    return Result("s1", KEY, ResultState.UPLOADED, stat, "Titan/a", NOW, "0" * 32, generation, uploaded_at=NOW)


def test_what_is_owed_is_what_has_no_result_of_equal_size_and_time(files: FilesJournal) -> None:
    results = Results(files)
    stat = FileStat(10, 1, 1)
    with files.transaction():
        files.put(Seen(KEY, stat, settled=False, owner="s1"))
        assert files.owed("s1", 10) == [], "not while it may still change"
        files.put(Seen(KEY, stat, settled=True, owner="s1"))
    assert [owed.seen.key for owed in files.owed("s1", 10)] == [KEY]
    with files.transaction():
        results.put(a_result(stat))
    assert files.owed("s1", 10) == []
    assert files.tally("s1") == Tally(1, 1, 10, 10, 0)
    for changed in (FileStat(11, 1, 1), FileStat(10, 2, 1), FileStat(10, 1, 2)):
        with files.transaction():
            files.put(Seen(KEY, changed, settled=True, owner="s1"))
        assert [owed.generation for owed in files.owed("s1", 10)] == [1]


def test_a_result_written_after_the_batch_was_taken_stays_unrecorded(files: FilesJournal) -> None:
    results = Results(files)
    with files.transaction():
        results.put(a_result(FileStat(10, 1, 1)))
    batch = results.unrecorded("s1", 10)
    with files.transaction():
        results.put(a_result(FileStat(20, 2, 2), generation=2))
        for result in batch:
            results.mark_recorded(result)
    assert [result.generation for result in results.unrecorded("s1", 10)] == [2]


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "a later version was deleted or renamed before it was sent"},
        {"reason": "the detector hangs", "decided_by": "ada"},
        {"discovered_at": NOW + timedelta(seconds=1)},
        {"uploaded_at": NOW + timedelta(microseconds=1)},
        {"uploaded_at": None},
    ],
)
def test_whatever_has_changed_since_the_batch_was_taken_still_goes_to_the_database(
    files: FilesJournal, change: dict[str, Any]
) -> None:
    results = Results(files)
    with files.transaction():
        results.put(a_result(FileStat(10, 1, 1)))
    (under_way,) = results.unrecorded("s1", 10)
    changed = replace(under_way, **change)
    with files.transaction():
        results.put(changed)
        results.mark_recorded(under_way)
    assert results.unrecorded("s1", 10) == [changed]
    with files.transaction():
        results.mark_recorded(changed)
    assert not results.has_unrecorded("s1")


def test_a_new_result_asks_for_a_new_verification(files: FilesJournal) -> None:
    results = Results(files)
    with files.transaction():
        files.fix_final_set("s1")
        results.mark_verified("s1")
        assert results.verified("s1")
        results.put(a_result(FileStat(10, 1, 1)))
    assert not results.verified("s1")


def test_names_that_are_no_text_come_back_as_they_were(files: FilesJournal) -> None:
    with files.transaction():
        files.put(Seen(KEY, FileStat(1, 1, 1), settled=True, owner=None))
    assert files.in_folder("/watch", "a")[KEY.name].key == KEY
    assert files.folders("/watch") == {"a"}


@pytest.mark.parametrize(("ns", "microsecond"), [(0, 0), (1, 1), (999, 1), (1000, 1), (1001, 2)])
def test_times_are_rounded_up_so_that_end_covers_the_file(ns: int, microsecond: int) -> None:
    assert time_of(ns).microsecond == microsecond
