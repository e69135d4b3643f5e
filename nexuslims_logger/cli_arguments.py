"""The command line: which commands there are, and what may stand behind them."""

from __future__ import annotations

import argparse
import math
from datetime import UTC, datetime
from pathlib import Path

from nexuslims_logger import __version__
from nexuslims_logger.events import NeighbourChoice

_USER_CHARACTERS = 50  # session_log.user
_PROJECT_CHARACTERS = 64  # session_log.project
_REASON_CHARACTERS = 200
_NOTE_BYTES = 65_535  # session_log.session_note, in the server's encoding

#: Option, the column of ``instruments`` that it fills, and what it is.
_INSTRUMENT = (
    ("--pid", "instrument_pid", "its identifier, for ever"),
    ("--name", "schema_name", "what people call it"),
    ("--filestore-path", "filestore_path", "where its files go in the store, as in ./Titan"),
    ("--computer-name", "computer_name", "its control PC, as that PC calls itself"),
    ("--timezone", "timezone", "its time zone, as in Europe/Berlin (a new one: UTC)"),
    ("--location", "location", "building and room"),
    ("--property-tag", "property_tag", "its inventory number"),
    ("--computer-ip", "computer_ip", "its control PC's address"),
    ("--computer-mount", "computer_mount", "where its control PC mounts the file store"),
    ("--harvester", "harvester", "where its reservations are kept (a new one: nemo)"),
    ("--api-url", "api_url", "the reservations' address for programs"),
    ("--calendar-name", "calendar_name", "the reservations' calendar"),
    ("--calendar-url", "calendar_url", "the calendar's address"),
)

_EXIT_CODES = (
    "exit codes: 0 complete; 1 failed; 2 usage or configuration; 3 another logger runs on this PC;"
    " 4 recorded, but something still waits and will be caught up"
)


INSTRUMENT_COLUMNS = tuple(column for _, column, _ in _INSTRUMENT)


def parser() -> argparse.ArgumentParser:
    """Return the parser; the namespace's `command` says what is to be done, as in ``"instruments add"``."""
    top = argparse.ArgumentParser(
        prog="nexuslims-logger",
        description="Record a session at an instrument and bring its files safely into a store.",
        epilog=f"Without a command the window opens. {_EXIT_CODES}",
        parents=[_verbosity(0)],
    )
    top.add_argument("--version", action="version", version=f"NexusLIMS-Logger {__version__}")
    top.set_defaults(command="window")
    commands = _Commands(top)

    _add_headless(commands)

    demo = commands.add("demo", "try the window with a simulated microscope and a throw-away database")
    demo.add_argument("--headless", action="store_true", help="play a whole session on a virtual screen")

    sync = commands.add("sync", "send what is still owed, and exit")
    sync.add_argument(
        "--confirm-clock", metavar="SESSION", help="the times of this session are right, though the clock was in doubt"
    )

    doctor = commands.add("doctor", "look at everything that a session needs, and say what to do")
    doctor.add_argument("--json", action="store_true", help="for programs")

    instruments = commands.group("instruments", "the register of instruments")
    instruments.add("instruments list", "show the register")
    add = instruments.add("instruments add", "register an instrument, or change what is registered of it")
    for option, column, words in _INSTRUMENT:
        required = option in {"--pid", "--name", "--filestore-path"}
        add.add_argument(option, dest=column, required=required, metavar="TEXT", help=words)
    batch = instruments.add("instruments import", "register the instruments of a CSV file")
    batch.add_argument("file", type=Path, metavar="FILE.csv", help="with the table's column names in its first line")

    sessions = commands.add("sessions", "show the recent sessions and how far their files are")
    sessions.add_argument("--json", action="store_true", help="for programs")
    sessions.add_argument("--limit", type=_count, default=20, metavar="N", help="how many (default: 20)")

    manifest = commands.add("manifest", "print a session's files in md5sum's format")
    manifest.add_argument("session", metavar="SESSION", help="the session's identifier")

    verify = commands.add("verify", "compare what sessions put into the store with the store, and with this PC's files")
    which = verify.add_mutually_exclusive_group(required=True)
    which.add_argument("session", metavar="SESSION", nargs="?", help="the session's identifier")
    which.add_argument("--all", action="store_true", help="every session, and objects that belong to none")

    amend = commands.add("amend", "correct a recorded session: its user, its end, or files that will never come")
    amend.add_argument("session", metavar="SESSION", help="the session's identifier")
    amend.add_argument("--reason", type=_reason, required=True, metavar="TEXT", help="why; it is recorded in the note")
    amend.add_argument("--user", type=_user, help="who really worked")
    amend.add_argument(
        "--end",
        type=_moment,
        metavar="TIME",
        help="when it really ended, with its zone, as in 2026-11-20T17:30+01:00; or last-activity",
    )
    amend.add_argument(
        "--skip-missing",
        action="store_true",
        help="its PC does not come back: leave out what it has not sent, and let the session be ready",
    )

    bundle = commands.add(
        "support-bundle", "write logs, settings and state into a zip, without secrets and users' names"
    )
    bundle.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where it goes (default: the folder support in the program's folder)"
    )

    database = commands.group("db", "the database's tables")
    database.add("db upgrade", "bring the configured database to this program's schema")
    database.add("db current", "show the database's revision")
    database.add("db check", "say whether the database fits this program (exit code 1: it does not)")
    adopt = database.add("db adopt", "take over an older NexusLIMS database; without --apply it is only looked at")
    adopt.add_argument(
        "--legacy-timezone",
        action="append",
        default=[],
        metavar="ZONE",
        help="in which zone its times were written: UTC, instrument, or one as in Europe/Berlin; for some rows:"
        " 1-500=Europe/Berlin. May be repeated, the first that fits a row counts",
    )
    adopt.add_argument("--apply", action="store_true", help="do it (make a backup first)")
    adopt.add_argument("--repair", action="store_true", help="also repair the rows that the report says can be")
    grants = database.add("db grants", "print the GRANT statements for a database user, one a line")
    grants.add_argument("user", metavar="USER", help="its name, or the e-mail address of an IAM user")
    grants.add_argument(
        "--for",
        dest="role",
        choices=("logger", "reports", "builder", "dba", "facility"),
        default="logger",
        help="what the user is for (default: logger)",
    )
    return top


def _add_headless(commands: _Commands) -> None:
    headless = commands.add("headless", "record one session without a window")
    headless.add_argument(
        "--for", dest="seconds", type=_seconds, metavar="SECONDS", help="end the session after this time"
    )
    headless.add_argument("--user", type=_user, help="who works here (otherwise the account's name)")
    headless.add_argument("--project", type=_project, help="for which project")
    headless.add_argument(
        "--note", type=_note, help="the session's note; with --continue it is added to the one it has"
    )
    headless.add_argument(
        "--continue",
        dest="continue_",
        action="store_true",
        help="go on with an interrupted session (otherwise it is ended at its last activity)",
    )
    beside = headless.add_mutually_exclusive_group()
    for option, choice, what in (
        (
            "--join",
            NeighbourChoice.JOIN,
            "send the files under another computer's open session at the instrument",
        ),
        ("--take-over", NeighbourChoice.TAKE_OVER, "end it at its last activity, and start one of its own"),
    ):
        beside.add_argument(option, dest="neighbour", action="store_const", const=choice, help=what)
    headless.set_defaults(neighbour=NeighbourChoice.OWN)


class _Commands:
    """Adds commands, each with the options that all of them have."""

    def __init__(self, above: argparse.ArgumentParser) -> None:
        self._parsers = above.add_subparsers(metavar="COMMAND", title="commands")

    def add(self, command: str, words: str) -> argparse.ArgumentParser:
        """Add what is called by `command` (its last word, below this level)."""
        # SUPPRESS: `-v sync` must not be undone by the default of the inner -v.
        made: argparse.ArgumentParser = self._parsers.add_parser(
            command.rpartition(" ")[2],
            help=words,
            description=f"{words[0].upper()}{words[1:]}.",
            epilog=_EXIT_CODES,
            parents=[_verbosity(argparse.SUPPRESS)],
        )
        made.set_defaults(command=command)
        return made

    def group(self, name: str, words: str) -> _Commands:
        """Add a command that is nothing by itself."""
        made = self._parsers.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.")
        below = _Commands(made)
        below._parsers.required = True
        return below


def _verbosity(default: int | str) -> argparse.ArgumentParser:
    parent = argparse.ArgumentParser(add_help=False)
    how = parent.add_mutually_exclusive_group()
    how.add_argument(
        "-s",
        dest="verbosity",
        action="store_const",
        const=-1,
        default=default,
        help="silent: nothing but the worst on the console",
    )
    how.add_argument(
        "-v", dest="verbosity", action="count", default=default, help="say what happens (-vv: all details)"
    )
    return parent


def _seconds(words: str) -> float:
    try:
        seconds = float(words)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{words!r} is no time to wait; give seconds, as in 60")
    return seconds


def _count(words: str) -> int:
    if not words.isdecimal() or int(words) < 1:
        raise argparse.ArgumentTypeError(f"{words!r} is no number of sessions; give 1 or more")
    return int(words)


def _user(words: str) -> str:
    user = words.strip()
    if not user or len(user) > _USER_CHARACTERS or not user.isprintable():
        raise argparse.ArgumentTypeError(f"a user's name has 1 to {_USER_CHARACTERS} characters")
    return user


def _project(words: str) -> str:
    project = words.strip()
    if not project or len(project) > _PROJECT_CHARACTERS or not project.isprintable():
        raise argparse.ArgumentTypeError(f"a project's name has 1 to {_PROJECT_CHARACTERS} characters")
    return project


def _reason(words: str) -> str:
    reason = words.strip()
    if not reason or len(reason) > _REASON_CHARACTERS or not reason.isprintable():
        raise argparse.ArgumentTypeError(f"a reason has 1 to {_REASON_CHARACTERS} characters on one line")
    return reason


def _moment(words: str) -> datetime | str:
    """Read a time that names its zone, or the word for the session's last activity."""
    if words == "last-activity":
        return words
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{words!r} is no time; one is 2026-11-20T17:30+01:00") from None
    if moment.tzinfo is None:
        # Nobody could say whose: the manager's PC and the instrument may stand in different zones.
        raise argparse.ArgumentTypeError(f"{words!r} has no zone; say {words}Z for UTC, or {words}+01:00")
    return moment.astimezone(UTC)


def _note(words: str) -> str:
    try:
        size = len(words.encode())
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("the note is not valid text in this console's encoding") from None
    if size > _NOTE_BYTES:
        raise argparse.ArgumentTypeError(f"the note is too long ({_NOTE_BYTES} bytes are kept)")
    return words
