"""``support-bundle``: logs, settings and state in one zip, without secrets and without users' names."""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import json
import os
import platform
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexuslims_logger import __version__, config_values
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.errors import JournalDamaged, JournalUnavailable, StopAndTell
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.sqlite import read_journal_file
from nexuslims_logger.logs import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nexuslims_logger.config import Settings

_SESSIONS = (
    "SELECT identifier, computer_name, instrument_pid, store_url, folders, length(note) AS note_length, started_at, "
    "clicked_at, ended_at, end_reason, last_activity_at, state, clock_offset_ms, resumed, paused_seconds, revision, "
    "database_revision, database_error, logger_version FROM session ORDER BY started_at DESC LIMIT 50"
)
_USERS = "SELECT DISTINCT user FROM session WHERE user IS NOT NULL"
_FILES = "SELECT owner, settled, COUNT(*) AS files, SUM(size) AS bytes FROM seen GROUP BY owner, settled"
_RESULTS = (
    "SELECT session, state, recorded, COUNT(*) AS files, SUM(size) AS bytes, group_concat(DISTINCT reason) AS reasons "
    "FROM result GROUP BY session, state, recorded"
)


def run(settings: Settings, folder: Path | None) -> ExitCode:
    """Write the bundle, and print where it is.

    Parameters
    ----------
    settings
        Whose program folder.
    folder
        Where it goes; None: ``support`` in the program's folder.
    """
    print(write(settings, folder))
    return ExitCode.COMPLETE


def write(settings: Settings, folder: Path | None = None) -> Path:
    """Write a bundle and return its path. Blocks on the disk; may run beside a working logger.

    Raises
    ------
    StopAndTell
        It cannot be written there.
    """
    names = _Names(_names_of_users(settings))
    parts = {
        "about.json": _about(),
        "settings.json": _settings(settings),
        "facts.json": _tables(settings.home / "facts.db", {"session": _SESSIONS}),
        "files.json": _tables(settings.home / "files.db", {"seen": _FILES, "result": _RESULTS}),
    }
    place = (folder or settings.home / "support").absolute()
    path = place / f"nexuslims-logger-support-{SystemClock().now():%Y%m%d-%H%M%S}.zip"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, value in parts.items():
                bundle.writestr(name, names.hidden_in(json.dumps(value, indent=2, default=str)))
            for log in sorted((settings.home / "logs").glob("*.log*")):
                bundle.writestr(f"logs/{log.name}", names.hidden_in(log.read_text("utf-8", errors="replace")))
    except OSError as error:
        message = (
            f"{path} ({error.strerror or error}). Choose another folder: nexuslims-logger support-bundle --to FOLDER"
        )
        raise StopAndTell("The support bundle cannot be written", message) from error
    return path


class _Names:
    """Takes secrets and users' names out of a text, each name always by the same word."""

    def __init__(self, names: Iterable[str]) -> None:
        words = sorted({name.lower() for name in names if name}, key=lambda name: (-len(name), name))
        self._stands_for = {name: f"user-{number}" for number, name in enumerate(words, 1)}
        # A part of a longer word is no name; but a file's ada_7.tif has one.
        either = "|".join(map(re.escape, words)) or "(?!)"
        self._pattern = re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)

    def hidden_in(self, text: str) -> str:
        return self._pattern.sub(lambda found: self._stands_for[found[0].lower()], without_secrets(text))


def _names_of_users(settings: Settings) -> set[str]:
    """Return every name that a log or a path may hold: of sessions, of this account, of its folder."""
    names = {Path.home().name, settings.db_user or "", (settings.db_user or "").partition("@")[0]}
    names |= {os.environ.get(variable, "") for variable in ("USER", "USERNAME", "LOGNAME")}
    with contextlib.suppress(KeyError, OSError, ImportError):  # an account without a name
        names.add(getpass.getuser())
    facts = _tables(settings.home / "facts.db", {"users": _USERS}).get("users", [])
    names |= {row["user"] for row in facts if isinstance(row, dict)}
    # How JSON writes what is not ASCII: both are looked for.
    return names | {json.dumps(name)[1:-1] for name in names}


def _about() -> dict[str, str]:
    return {
        "logger": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "sqlite": sqlite3.sqlite_version,
        "computer": platform.node(),
        "written_at": SystemClock().now().isoformat(),
    }


def _settings(settings: Settings) -> dict[str, Any]:
    """Return every setting; passwords stand in one alone."""
    shown = dataclasses.asdict(settings)
    if settings.database_url:
        shown["database_url"] = config_values.masked_url(settings.database_url)
    return shown


def _tables(path: Path, statements: dict[str, str]) -> dict[str, Any]:
    """Return the rows of each statement; a journal that cannot be read says so in their place."""
    if not path.exists():
        return {"error": "there is no such file"}
    try:
        file = read_journal_file(path)
        try:
            file.connection.row_factory = sqlite3.Row
            return {name: [dict(row) for row in file.select(statement)] for name, statement in statements.items()}
        finally:
            file.close()
    except (JournalDamaged, JournalUnavailable) as error:
        return {"error": str(error)}
