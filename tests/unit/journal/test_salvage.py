"""Journals damaged as disks and power cuts damage them, on real files."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from nexuslims_logger.errors import JournalDamaged, JournalUnavailable
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import Instrument, SessionState
from nexuslims_logger.journal.salvage import TITLE, open_facts, open_files
from nexuslims_logger.journal.sqlite import open_journal_file
from tests.session_facts import START, a_session
from tests.unit.journal.test_facts import ADDED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = datetime(2026, 11, 23, 7, 8, 9, tzinfo=UTC)
PAGE = 4096
SESSIONS = 60


def written(path: Path, sessions: int = SESSIONS) -> None:
    """Write a journal of many pages, and close it well."""
    with closing(open_journal_file(path)) as file:
        facts = FactsJournal(file)
        facts.remember_instrument(Instrument("TITAN", "FEI Titan", "./Titan", "TEM-PC"))
        facts.set_meta("central_database", "db")
        for number in range(sessions):
            facts.add(a_session(f"s{number:02}", note=f"{number} " * 150))


def truncated(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 // PAGE * PAGE)


def with_a_bad_page(path: Path) -> None:
    """Destroy a page in the middle of the table of sessions."""
    with closing(sqlite3.connect(path)) as connection:
        pages = [
            number
            for (number,) in connection.execute("PRAGMA page_count")
            for number in range(2, number)
            if b"30 30 30 30" in path.read_bytes()[(number - 1) * PAGE : number * PAGE]
        ]
    content = bytearray(path.read_bytes())
    content[(pages[0] - 1) * PAGE : pages[0] * PAGE] = b"\xff" * PAGE
    path.write_bytes(content)


def with_a_wrong_count(path: Path) -> None:
    """Claim more free pages than there can be: every row can be read."""
    with path.open("r+b") as file:
        file.seek(36)
        file.write((99).to_bytes(4, "big"))


def no_database(path: Path) -> None:
    path.write_bytes(b"no database at all, " * 4096)


def zeros(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def test_a_sound_journal_is_opened_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    facts, problem = open_facts(path, NOW)
    facts.add(a_session())
    facts._file.close()

    facts, problem = open_facts(path, NOW)

    assert problem is None
    assert facts.session("s1") == a_session()
    facts._file.close()
    assert [found.name for found in tmp_path.iterdir()] == ["facts.db"]


@pytest.mark.parametrize(
    ("damage", "at_least"), [(truncated, 5), (with_a_bad_page, 40), (no_database, 0), (zeros, 0), (emptied, 0)]
)
def test_what_can_be_read_is_saved_and_the_rest_is_told(
    tmp_path: Path, damage: Callable[[Path], None], at_least: int
) -> None:
    path = tmp_path / "facts.db"
    written(path)
    (tmp_path / "files.db").touch()
    damage(path)
    damaged = path.read_bytes()

    facts, problem = open_facts(path, NOW)

    saved = facts.open_sessions()
    assert at_least <= len(saved) < SESSIONS
    for one in saved:
        assert one == a_session(one.identifier, note=f"{int(one.identifier[1:])} " * 150)
    if at_least:
        assert facts.instrument() == Instrument("TITAN", "FEI Titan", "./Titan", "TEM-PC")
        assert facts.meta("central_database") == "db"
    assert problem is not None
    assert (problem.title, problem.since) == (TITLE, NOW)
    assert f"{len(saved)} of " in problem.message
    assert str(tmp_path / "facts.damaged-20261123T070809.db") in problem.message
    assert (tmp_path / "facts.damaged-20261123T070809.db").read_bytes() == damaged
    facts.add(a_session("new"))
    facts._file.close()

    facts, problem = open_facts(path, NOW)
    assert problem is None, "once is enough"
    assert facts.knows("new")
    assert len(facts.open_sessions()) == len(saved) + 1
    facts._file.close()


@pytest.mark.parametrize("reached", ["facts.db", "files.db"])
def test_a_start_that_was_cut_while_it_made_its_first_journal_is_no_damage(tmp_path: Path, reached: str) -> None:
    """SQLite makes the file first, and then writes into it."""
    if reached == "files.db":
        facts, _ = open_facts(tmp_path / "facts.db", NOW)
        facts._file.close()
    (tmp_path / reached).touch()

    facts, facts_problem = open_facts(tmp_path / "facts.db", NOW)
    files, files_problem = open_files(tmp_path / "files.db", NOW)

    assert (facts_problem, files_problem) == (None, None)
    facts.add(a_session())
    for journal in (facts, files):
        journal._file.close()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["facts.db", "files.db"]


@pytest.mark.parametrize("lost", ["facts.db", "files.db"])
def test_a_journal_that_became_empty_is_told(tmp_path: Path, lost: str) -> None:
    facts, _ = open_facts(tmp_path / "facts.db", NOW)
    facts.add(a_session())
    files, _ = open_files(tmp_path / "files.db", NOW)
    for journal in (facts, files):
        journal._file.close()
    emptied(tmp_path / lost)

    facts, facts_problem = open_facts(tmp_path / "facts.db", NOW)
    files, files_problem = open_files(tmp_path / "files.db", NOW)

    (problem,) = [problem for problem in (facts_problem, files_problem) if problem]
    assert f"{lost} could not be read (it is empty)" in problem.message
    for journal in (facts, files):
        journal._file.close()


def test_a_second_damage_in_the_same_second_puts_nothing_of_the_first_away(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    for content in (b"first", b"second"):
        path.write_bytes(content * 4096)
        facts, _ = open_facts(path, NOW)
        facts._file.close()

    kept = sorted(found.read_bytes()[:5] for found in tmp_path.glob("facts.damaged-*"))
    assert kept == [b"first", b"secon"]


def test_a_row_that_makes_no_sense_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    written(path, 3)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE session SET started_at = 'yesterday' WHERE identifier = 's01'")
        connection.commit()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DELETE FROM sqlite_master WHERE type = 'index' AND tbl_name = 'meta'")
        connection.commit()
    with_a_wrong_count(path)

    facts, problem = open_facts(path, NOW)

    assert problem is not None
    assert "2 of 3 sessions" in problem.message
    assert [one.identifier for one in facts.open_sessions()] == ["s00", "s02"]
    facts._file.close()


def test_an_older_programs_damaged_journal_is_saved_too(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    written(path, 3)
    with closing(sqlite3.connect(path)) as connection:
        for column in ADDED:
            connection.execute(f"ALTER TABLE session DROP COLUMN {column}")
        connection.execute("UPDATE session SET state = 'READY', ended_at = started_at")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    with_a_wrong_count(path)

    facts, problem = open_facts(path, NOW)

    assert problem is not None
    assert facts.session("s02").state is SessionState.READY
    assert facts.session("s02").ended_at == START
    facts._file.close()


def test_a_damaged_list_of_files_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "files.db"
    path.write_bytes(b"nothing" * 4096)

    files, problem = open_files(path, NOW)

    assert isinstance(files, FilesJournal)
    assert problem is not None
    assert (tmp_path / "files.damaged-20261123T070809.db").read_bytes() == b"nothing" * 4096
    assert "No session is concerned" in problem.message
    files._file.close()
    files, problem = open_files(path, NOW)
    assert problem is None
    files._file.close()


def test_a_newer_programs_journal_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(JournalDamaged, match="newer"):
        open_facts(path, NOW)

    assert [found.name for found in tmp_path.glob("*.db")] == ["facts.db"]


def test_a_disk_that_cannot_be_read_is_told_and_nothing_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad sector, met by the look at the pages: there is no real one to be had."""

    class Failing(sqlite3.Connection):
        @override
        def execute(self, sql: str, /, *values: Any) -> sqlite3.Cursor:
            if "quick_check" in sql:
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
                raise error
            return super().execute(sql, *values)

    path = tmp_path / "facts.db"
    written(path, 1)
    monkeypatch.setattr("nexuslims_logger.journal.sqlite.sqlite3.connect", partial(sqlite3.connect, factory=Failing))

    with pytest.raises(JournalUnavailable, match="have it checked"):
        open_facts(path, NOW)

    assert not list(tmp_path.glob("*damaged*"))


def test_what_a_killed_saving_has_left_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    written(path, 3)
    with_a_wrong_count(path)
    (tmp_path / "nexuslims-journal-x1").mkdir()
    (tmp_path / "nexuslims-journal-x1" / "new.db").touch()

    facts, problem = open_facts(path, NOW)

    assert problem is not None
    assert not list(tmp_path.glob("nexuslims-journal-*"))
    facts._file.close()


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file", encoding="utf-8")

    with pytest.raises(JournalDamaged, match="may be written"):
        open_facts(tmp_path / "home" / "facts.db", NOW)
