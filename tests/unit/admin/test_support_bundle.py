from __future__ import annotations

import json
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.admin import support_bundle
from nexuslims_logger.config import load_settings
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.sqlite import open_journal_file

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.config import Settings

_SECRET = "s3cret-pa55"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for variable in ("USER", "USERNAME", "LOGNAME"):
        monkeypatch.setenv(variable, "grace")
    monkeypatch.setenv("HOME", str(tmp_path / "homes" / "grace"))
    home = tmp_path / "homes" / "grace" / "logger"
    settings = load_settings(
        {
            "HOME": str(tmp_path),
            "NEXUSLIMSGUI_HOME": str(home),
            "NEXUSLIMSGUI_DATABASE_URL": f"mysql+pymysql://lims:{_SECRET}@db.example.org/nexuslims",
        }
    )
    (home / "logs").mkdir(parents=True)
    (home / "logs" / "nexuslims-logger.log").write_text(
        f"stored 20261123/ada_scan.ser for Ada\nmysql://lims:{_SECRET}@db\nnomadada is no name\nhttps://x?upload_id=AX7\n"
    )
    (home / "logs" / "nexuslims-logger.log.1").write_text("older, by grace\n")
    return settings


def _write_journal(settings: Settings, *users: str) -> None:
    with closing(open_journal_file(settings.home / "facts.db")) as file:
        FactsJournal(file)
        for number, user in enumerate(users):
            with file.transaction() as connection:
                columns = {row[1]: "" for row in connection.execute("PRAGMA table_info(session)") if row[3]}
                values = columns | {
                    "identifier": f"session-{number}",
                    "user": user,
                    "note": f"{user} has a secret recipe",
                    "state": "RUNNING",
                    "started_at": "2026-11-23T14:00:00+00:00",
                    "revision": 1,
                }
                marks = ", ".join("?" for _ in values)
                connection.execute(f"INSERT INTO session ({', '.join(values)}) VALUES ({marks})", [*values.values()])
    with closing(open_journal_file(settings.home / "files.db")) as file:
        FilesJournal(file)


def _read(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def test_a_bundle_has_logs_settings_and_state(settings: Settings, tmp_path: Path) -> None:
    _write_journal(settings, "ada", "Čapek")

    parts = _read(support_bundle.write(settings, tmp_path / "out"))

    assert set(parts) == {
        "about.json",
        "settings.json",
        "facts.json",
        "files.json",
        "logs/nexuslims-logger.log",
        "logs/nexuslims-logger.log.1",
    }
    assert json.loads(parts["settings.json"])["settle_seconds"] == 10.0
    sessions = json.loads(parts["facts.json"])["session"]
    assert {row["identifier"] for row in sessions} == {"session-0", "session-1"}
    assert json.loads(parts["files.json"]) == {"seen": [], "result": []}


def test_a_bundle_has_neither_secrets_nor_names_nor_notes(settings: Settings, tmp_path: Path) -> None:
    _write_journal(settings, "ada", "Čapek")
    with (settings.home / "logs" / "nexuslims-logger.log").open("a", encoding="utf-8") as file:
        file.write("Čapek came\n")

    parts = _read(support_bundle.write(settings, tmp_path / "out"))

    whole = "\n".join(parts.values()).lower()
    for word in (_SECRET, "ax7", "grace", "recipe", "čapek", "\\u010capek", "for ada", "ada_scan"):
        assert word not in whole, word
    assert "nomadada is no name" in whole
    log = parts["logs/nexuslims-logger.log"]
    # Always by the same word, so that what one person did can still be followed.
    (name,) = {line.rpartition(" ")[2] for line in log.splitlines() if line.startswith("stored")}
    assert f"{name}_scan.ser" in log


def test_a_bundle_can_be_made_before_anything_else_exists(tmp_path: Path) -> None:
    settings = load_settings({"HOME": str(tmp_path), "NEXUSLIMSGUI_HOME": str(tmp_path / "none")})

    parts = _read(support_bundle.write(settings, tmp_path))

    assert json.loads(parts["facts.json"]) == {"error": "there is no such file"}


def test_a_damaged_journal_is_told_in_its_place(settings: Settings, tmp_path: Path) -> None:
    (settings.home / "facts.db").write_bytes(b"no database" * 1000)

    parts = _read(support_bundle.write(settings, tmp_path))

    assert "damaged" in json.loads(parts["facts.json"])["error"]


def test_a_folder_that_cannot_be_written_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StopAndTell, match="--to FOLDER"):
        support_bundle.write(settings, tmp_path / "file")


def test_the_command_prints_where_it_is(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert support_bundle.run(settings, None) is ExitCode.COMPLETE

    path = capsys.readouterr().out.strip()
    assert path.startswith(str(settings.home / "support"))
    assert zipfile.is_zipfile(path)
