"""Where log records go: a rotating file, the console, and the memory behind the log window.

Secrets are taken out where records become text, so that no message and no traceback brings one through.
"""

from __future__ import annotations

import logging
import re
import sys
from collections import deque
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.config import Settings

_PACKAGE = "nexuslims_logger"
_FORMAT = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"
_FILE_BYTES = 2_000_000
_OLD_FILES = 4
_LINES = 2_000

#: By the number of -v on the command line; -1 is -s.
_CONSOLE_LEVEL = {-1: logging.CRITICAL, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}

_SECRETS = (
    # A URL's password, up to the last @: it may hold an unescaped one.
    (re.compile(r"(://[^\s/:@]*):\S+@"), r"\1:***@"),
    (re.compile(r"ya29\.[\w.-]+"), "ya29.***"),
    # The address of a resumable upload lets anyone write there.
    (re.compile(r"(upload_id=)[^\s&\"']+"), r"\1***"),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+"), r"\1***"),
    (
        re.compile(
            r"(?i)((?:password|passwd|client_secret|refresh_token|access_token)[\"']?\s*[=:]\s*[\"']?)"
            r"[^\s\"',&)}]+"
        ),
        r"\1***",
    ),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END|\Z)", re.DOTALL), r"***"),
)


def without_secrets(text: str) -> str:
    """Replace what looks like a password, a token or an upload's address by ``***``."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


#: Whatever begins a new line or steers a console, as its escape.
_ON_ONE_LINE = {
    code: chr(code).encode("unicode_escape").decode()
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
    if code != ord("\t")
}


class _DiscreetFormatter(logging.Formatter):
    """Formats a record, traceback included, without secrets, as text for any place; the message is one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the standard library's name
        """Return the line before the traceback: a file's name may hold a line break, and must not forge a line."""
        return super().formatMessage(record).translate(_ON_ONE_LINE)

    def format(self, record: logging.LogRecord) -> str:
        # A file's name that is not UTF-8 on the disk comes with characters that neither Tk nor a file takes.
        return without_secrets(super().format(record)).encode(errors="backslashreplace").decode()


def _is_told(record: logging.LogRecord) -> bool:
    """Whether a record is told: not what the pool could not do to a connection that is lost, and let go, anyway."""
    return not (record.name.startswith("sqlalchemy.pool.") and record.exc_info)


class LogMemory(logging.Handler):
    """Keeps the last lines for the log window."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: deque[tuple[int, str]] = deque(maxlen=_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record's line, and forget the oldest one when there are too many."""
        self._lines.append((record.levelno, self.format(record)))

    def lines(self, level: int = 0) -> tuple[str, ...]:
        """Return the lines kept of that level or a higher one, the oldest first. From any thread."""
        self.acquire()  # a deque must not grow while it is copied; `emit` runs under the same lock
        try:
            return tuple(line for its_level, line in self._lines if its_level >= level)
        finally:
            self.release()


class _PatientFile(RotatingFileHandler):
    """Goes on with the present file where another process (on Windows) keeps it from being renamed.

    What a full or failing disk does not take is left out: the other handlers have it, and the window tells of the disk.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Report a defect of ours alone."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Give the file back, with whatever could not be written to it."""
        with suppress(OSError):
            super().close()

    def doRollover(self) -> None:  # noqa: N802 - the standard library's name
        """Begin a new file if that is possible."""
        try:
            super().doRollover()
        except OSError:
            self.stream = self._open()


def configure(settings: Settings | None, verbosity: int) -> LogMemory:
    """Send the program's log records to ``<home>/logs``, the console and memory.

    May be called again; the former handlers are closed and replaced.

    Parameters
    ----------
    settings
        For the program's folder; None: there is to be no file.
    verbosity
        -1: critical records alone on the console; 0: warnings; 1: what happens; 2: all details,
        which then go to the file and to memory, too.

    Returns
    -------
    LogMemory
        What the log window shows.
    """
    verbosity = max(min(_CONSOLE_LEVEL), min(verbosity, max(_CONSOLE_LEVEL)))
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if (handler.name or "").startswith(_PACKAGE)]:
        root.removeHandler(old)
        old.close()
    logging.getLogger(_PACKAGE).setLevel(min(logging.INFO, _CONSOLE_LEVEL[verbosity]))

    memory = LogMemory()
    handlers: list[logging.Handler] = [memory]
    if sys.stderr is not None:  # a windowed executable has none
        console = logging.StreamHandler(sys.stderr)
        console.setLevel(_CONSOLE_LEVEL[verbosity])
        handlers.append(console)
    problem: OSError | None = None
    try:
        if settings is not None:
            handlers.append(_file(settings.home / "logs"))
    except OSError as error:
        problem = error
    for number, handler in enumerate(handlers):
        handler.set_name(f"{_PACKAGE}.{number}")
        handler.setFormatter(_DiscreetFormatter(_FORMAT))
        handler.addFilter(_is_told)
        root.addHandler(handler)
    if settings is not None and problem is not None:
        logging.getLogger(__name__).warning("No log file can be written in %s: %s", settings.home, problem)
    return memory


def _file(folder: Path) -> logging.Handler:
    folder.mkdir(parents=True, exist_ok=True)
    return _PatientFile(
        folder / "nexuslims-logger.log",
        maxBytes=_FILE_BYTES,
        backupCount=_OLD_FILES,
        encoding="utf-8",
    )
