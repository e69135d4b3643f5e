"""Errors with a title and a remedy, in a user's words.

There are three answers to an error, and each is a class: one file fails and the pass goes on
(`FileProblem`), the same thing is tried again later (`TryLater`), or the program stops this work
and tells (`StopAndTell`). Adapters translate foreign errors into these once, ``raise ... from``.
"""

from __future__ import annotations

#: What is said where the program tries again by itself; see `LoggerError.to_repeat`.
TRIED_AGAIN = "It will be tried again, nothing is lost"


class LoggerError(Exception):
    """The root of every error that this program raises on purpose.

    Parameters
    ----------
    title
        What failed, in a few words, as a heading.
    message
        On what it failed and what to do next, in a user's words; never a secret.
    """

    def __init__(self, title: str, message: str) -> None:
        super().__init__(f"{title}: {message}")
        self.title = title
        self.message = message

    @property
    def to_repeat(self) -> str:
        """The message for a command that has ended: nobody tries again but the person who typed it."""
        return self.message.replace(TRIED_AGAIN, "Repeat the command when it answers")


class FileProblem(LoggerError):
    """One file cannot be handled now; the pass goes on and the file stays owed."""


class FileVanished(FileProblem):
    """The file is no longer there."""


class FileUnreadable(FileProblem):
    """The file is there but cannot be opened or read (locked, no rights, a disk error)."""


class FileChanged(FileProblem):
    """The file changed while it was read or sent; what was read is worthless."""


class NameRefused(FileProblem):
    """The object name escapes, is too long, or cannot be written down in this store."""


class PreconditionFailed(FileProblem):
    """The object in the store is not of the generation that the caller expected."""


class ReplacingDenied(FileProblem):
    """The store lets us add objects but not replace them; the content can go to another name."""


class ChecksumMismatch(FileProblem):
    """The content that arrived does not have the MD5 that was announced; nothing was stored."""


class TryLater(LoggerError):
    """A network, a server, a share or a disk is away or full; the same call may succeed later."""


class FolderMissing(TryLater):
    """A watch folder is gone or stands on another volume; nothing may be concluded from it."""


class StoreUnavailable(TryLater):
    """The object store does not answer, or has no room."""


class ManifestLacking(TryLater):
    """The database has fewer rows of a session's manifest than it has had: it was put back to an earlier state."""


class DatabaseUnavailable(TryLater):
    """The database does not answer."""


class StopAndTell(LoggerError):
    """Trying again does not help; a person has to change something first."""


class ConfigurationError(StopAndTell):
    """A setting is missing, unknown or wrong; the message names it, its value and the fix."""


class AccessDenied(StopAndTell):
    """The database or the store knows us, and says no."""


class SchemaMismatch(StopAndTell):
    """The database's tables do not fit this program."""


class DataRefused(StopAndTell):
    """The database refuses what we want to write: a rule of the schema, or a defect of ours."""


class UnknownInstrument(StopAndTell):
    """No instrument is registered for this computer."""


class JournalUnavailable(TryLater):
    """The journal cannot be read or written at present: the disk is full, or another program holds the file."""


class JournalDamaged(StopAndTell):
    """A journal file on this PC cannot be opened."""


class Defect(StopAndTell):
    """An error that nobody foresaw; the log has the technical details."""
