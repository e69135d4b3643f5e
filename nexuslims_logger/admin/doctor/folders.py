"""The store's folder and the watch folders, looked at as the transfer will meet them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nexuslims_logger.admin.doctor.findings import Check, Finding, Group, Outcome, fail, good, warn
from nexuslims_logger.errors import JournalDamaged, JournalUnavailable
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.results import Results
from nexuslims_logger.journal.sqlite import read_journal_file
from nexuslims_logger.storage.names import OWN_FOLDER
from nexuslims_logger.transfer.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.config import Settings
    from nexuslims_logger.journal.records import Instrument, WatchFolder
    from nexuslims_logger.journal.sqlite import JournalFile
    from nexuslims_logger.ports import Clock

T = TypeVar("T")

SHARE = "A share that does not answer looks like this: check that it is connected."
#: Below this a session can hardly be recorded, let alone its files kept.
_FULL_BYTES = 100 * 2**20
_TIGHT_BYTES = 2 * 2**30
#: Counting ends here, files or seconds: nobody waits for a number.
_COUNT_FILES = 10_000
_COUNT_S = 3.0


def check_space(folder: Path) -> Finding:
    """Look at the room on the disk that `folder` stands on, or will stand on."""
    try:
        free = shutil.disk_usage(nearest(folder)).free
    except OSError as error:
        return fail(f"{folder}: {error.strerror or error}", SHARE)
    said = f"{free / 2**30:.1f} GiB free"
    remedy = f"Make room on the disk of {folder}."
    if free < _FULL_BYTES:
        return fail(said, remedy)
    return warn(said, remedy) if free < _TIGHT_BYTES else good(said)


def nearest(folder: Path) -> Path:
    """Return the folder, or the next one above it that exists."""
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


def check_writable(folder: Path, *, setting: str, made: str) -> Finding:
    """Look whether files can be made in `folder`, or the folder where it is missing; `made` says when it is."""
    place = nearest(folder)
    if not place.is_dir():
        return fail(f"{place} is no folder", f"Set {setting} to a folder.")
    if not os.access(place, os.W_OK | os.X_OK):
        return fail(
            f"{place} cannot be written by this account",
            f"Give this account the right to write there, or set {setting} to another folder.",
        )
    return good(str(folder)) if place == folder else good(f"{folder} does not exist yet, and {made}")


def is_used(home: Path, folder: Path) -> bool:
    """Whether sessions of this PC have files in this store; one without files has not made it."""
    named = _asked(home / "facts.db", lambda file: FactsJournal(file).of_store(folder.absolute().as_uri()))
    stored = _asked(home / "files.db", lambda file: Results(FilesJournal(file)).stored_sessions())
    return bool(named and stored and named & stored)


def journal_instrument(journal: Path) -> Instrument | None:
    """Return the journal's copy of this computer's instrument."""
    return _asked(journal, lambda file: FactsJournal(file).instrument())


def _asked(journal: Path, question: Callable[[JournalFile], T]) -> T | None:
    """Ask the journal as it lies there; None without one. One that cannot be read has a check of its own."""
    if not journal.exists():
        return None
    try:
        file = read_journal_file(journal)
        try:
            return question(file)
        finally:
            file.close()
    except (JournalDamaged, JournalUnavailable, sqlite3.Error):
        return None


def is_store(folder: Path) -> bool:
    """Whether a logger has made the folder a store."""
    return (folder / OWN_FOLDER / "README.txt").is_file()


def check_store(folder: Path, *, used: bool) -> Finding:
    """Look whether the folder is a store, or can become one; `used` says that it should be one already."""
    if used and not is_store(folder):
        return warn(f"{folder} is no store, though files of this PC were stored in it", SHARE)
    found = check_writable(
        folder, setting="NEXUSLIMSGUI_DATA_BUCKET", made="is made at the first session (if this is a share: connect it)"
    )
    if found.outcome is not Outcome.OK or not folder.is_dir():
        return found
    if is_store(folder):
        return good(f"{folder} is a store")
    if any(folder.iterdir()):
        return warn(
            f"{folder} is no store yet, and not empty",
            "If a share should be there, connect it. Otherwise the first session makes a store of this folder.",
        )
    return good(f"{folder} is empty; the first session makes a store of it")


def watch_group(settings: Settings, clock: Clock) -> Group:
    """Return the checks of the folders that the instrument writes into."""

    def check(watched: WatchFolder) -> Check:
        look = lambda: check_watch_folder(watched.path, clock, is_default=settings.filestore_is_default)  # noqa: E731
        return Check(watched.label or "folder", look, SHARE, needed=False)

    return Group("watch folders", tuple(check(watched) for watched in settings.filestore_path))


def check_watch_folder(path: str, clock: Clock, *, is_default: bool) -> Finding:
    """Look whether a watch folder can be read, and roughly what is in it."""
    folder = Path(path)
    if not folder.exists() and is_default:
        return good(f"{folder} is made at the first session")
    if not folder.is_dir():
        return fail(
            f"{folder} is {'no folder' if folder.exists() else 'not there'}",
            f"Check the name in NEXUSLIMSGUI_FILESTORE_PATH. {SHARE}",
        )
    disk = Disk()
    files, unreadable, until = 0, [], clock.monotonic() + _COUNT_S
    ended = True
    for listing in disk.walk(path):
        files += len(listing.files)
        if listing.problem is not None and not listing.folder:
            return fail(f"{folder} cannot be read by this account", "Give this account the right to read it.")
        if listing.problem is not None:
            unreadable.append(listing.folder)
        if files >= _COUNT_FILES or clock.monotonic() > until:
            ended = False
            break
    said = f"{folder}: {files}{'' if ended else ' or more'} files, on the volume {disk.volume(path)}"
    if unreadable:
        return warn(
            f"{said}; {len(unreadable)} folder(s) in it cannot be read, {unreadable[0]} for one",
            "Give this account the right to read them: a session is not complete without what is in there.",
        )
    return good(said)
