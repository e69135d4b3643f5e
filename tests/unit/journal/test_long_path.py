"""The journal below folders with long names of another alphabet, on a path longer than plain Windows ones may be.

Wine takes such a path; Windows does where long paths are switched on, and otherwise refuses the folder by its name.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.journal.salvage import open_facts, open_files
from nexuslims_logger.journal.sqlite import read_journal_file
from nexuslims_logger.single_instance import SingleInstance

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path.joinpath(*(f"{number} Prüfling 試料 😀 {'x' * 40}" for number in range(5)))
    assert len(str(home)) > 260
    return home


def test_it_is_written_read_and_salvaged_there(home: Path) -> None:
    lock = SingleInstance(home)
    lock.acquire()
    facts, problem = open_facts(home / "facts.db", NOW)
    assert problem is None
    facts.set_meta("key", "試")
    files, problem = open_files(home / "files.db", NOW)
    assert problem is None
    beside = read_journal_file(home / "facts.db")
    assert beside.select("SELECT value FROM meta WHERE key = 'key'") == [("試",)]
    beside.close()
    for journal in (facts, files):
        journal._file.close()

    with (home / "facts.db").open("r+b") as file:
        file.write(b"no database any more")
    facts, problem = open_facts(home / "facts.db", NOW)
    assert problem is not None
    assert "was put aside" in problem.message
    assert (home / f"facts.damaged-{NOW:%Y%m%dT%H%M%S}.db").is_file()
    facts._file.close()
    lock.release()
