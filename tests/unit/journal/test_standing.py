"""A journal whose file or folder is taken away, replaced and put back while it is open."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import JournalUnavailable
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.sqlite import JournalFile, open_journal_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody can delete an open file there")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def file(home: Path) -> Iterator[JournalFile]:
    file = open_journal_file(home / "facts.db")
    yield file
    file.close()


@pytest.fixture
def facts(file: JournalFile) -> FactsJournal:
    facts = FactsJournal(file)
    facts.set_meta("before", "written")
    return facts


def on_disk(home: Path) -> dict[str, str]:
    """Return what another program reads there."""
    with closing(sqlite3.connect(f"file:{home}/facts.db?mode=ro", uri=True)) as connection:
        return dict(connection.execute("SELECT key, value FROM meta").fetchall())


def test_a_folder_that_is_moved_away_and_put_back(home: Path, facts: FactsJournal) -> None:
    home.rename(home.with_name("away"))
    for _ in range(2):
        with pytest.raises(JournalUnavailable) as refused:
            facts.set_meta("meanwhile", "not written")
        assert str(home / "facts.db") in refused.value.message
        assert "has gone" in refused.value.message
    home.with_name("away").rename(home)
    facts.set_meta("after", "written")
    assert on_disk(home) == {"before": "written", "after": "written"}


@pytest.mark.parametrize("with_its_folder", [False, True])
def test_a_deleted_journal_is_written_anew(home: Path, facts: FactsJournal, *, with_its_folder: bool) -> None:
    if with_its_folder:
        shutil.rmtree(home)
        with pytest.raises(JournalUnavailable):
            facts.set_meta("meanwhile", "not written")
        home.mkdir()
    else:
        for path in home.iterdir():
            path.unlink()
    facts.set_meta("after", "written")
    assert on_disk(home) == {"before": "written", "after": "written"}
    # What it says now is as safe as before.
    facts.set_meta("later", "written")
    assert on_disk(home)["later"] == "written"
    with closing(sqlite3.connect(home / "facts.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() != (0,)


def test_another_file_in_its_place_is_never_written_to(home: Path, facts: FactsJournal) -> None:
    copy = home / "copy"
    shutil.copyfile(home / "facts.db", copy)
    copy.replace(home / "facts.db")
    content = (home / "facts.db").read_bytes()
    with pytest.raises(JournalUnavailable) as refused:
        facts.set_meta("meanwhile", "not written")
    assert "was replaced by another file" in refused.value.message
    assert (home / "facts.db").read_bytes() == content
    (home / "facts.db").unlink()
    facts.set_meta("after", "written")
    assert on_disk(home) == {"before": "written", "after": "written"}


def test_one_that_cannot_be_written_anew_is_kept_open(
    home: Path, file: JournalFile, facts: FactsJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(home)
    home.mkdir()
    full = sqlite3.connect(":memory:")
    full.execute("PRAGMA max_page_count = 1")
    with monkeypatch.context() as patched, closing(full):
        patched.setattr("nexuslims_logger.journal.standing.sqlite3.connect", lambda *_, **__: full)
        with pytest.raises(JournalUnavailable) as refused:
            facts.set_meta("meanwhile", "not written")
        assert "full" in refused.value.message
    assert list(home.iterdir()) == []
    facts.set_meta("after", "written")
    assert on_disk(home) == {"before": "written", "after": "written"}
