"""What is typed: find the command, run it, and turn what became of it into an exit code.

Every command is imported where it is run: the window must be painted before anything heavy is loaded.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import platform
import sys
from typing import TYPE_CHECKING

from nexuslims_logger import __version__, logs
from nexuslims_logger.cli_arguments import INSTRUMENT_COLUMNS, parser
from nexuslims_logger.config import load_settings
from nexuslims_logger.errors import Defect, LoggerError
from nexuslims_logger.exit_codes import ExitCode, exit_code_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from nexuslims_logger.config import Settings
    from nexuslims_logger.gui.first_paint import FirstPaint

_log = logging.getLogger(__name__)

#: What tries again by itself, now or at the next start.
_TRIES_AGAIN = frozenset({"window", "headless", "sync"})


def main(argv: Sequence[str] | None = None, painted: FirstPaint | None = None) -> int:
    """Run the program.

    Parameters
    ----------
    argv
        Arguments without the program's name; the process's own when None.
    painted
        The window, where it is to be seen already.

    Returns
    -------
    int
        An `ExitCode`.
    """
    _let_every_character_pass()
    arguments = parser().parse_args(argv)
    arguments.painted = painted
    while (code := _try(arguments)) is None:
        arguments.painted = None  # it went with the window of the start that failed
    return code


def _try(arguments: argparse.Namespace) -> int | None:
    """Run the command; None: its window wants to begin anew, with whatever the settings are now."""
    try:
        code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()  # here and not at the interpreter's exit, so that a broken pipe is met below
    except LoggerError as error:
        _log.debug("%s", error, exc_info=error)
        return _tell(arguments, error)
    except KeyboardInterrupt:
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001 - the main thread's outermost frame
        if isinstance(error, OSError) and _reader_has_gone(error):
            # Who read our output has seen enough (`| head`); the interpreter's last flush must not complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return ExitCode.FAILED
        _log.info("An error that nobody foresaw", exc_info=error)
        message = (
            f"{type(error).__name__}: {error}. What was recorded is safe on this PC. Please report it with what "
            "`nexuslims-logger support-bundle` saves; with -v the error's details are shown here."
        )
        return _tell(arguments, Defect("The command failed unexpectedly", message))
    return code


def _tell(arguments: argparse.Namespace, error: LoggerError) -> int | None:
    """Say what ended the command; None when somebody who saw it in a window wants to begin anew."""
    message = error.message if arguments.command in _TRIES_AGAIN else error.to_repeat
    print(f"{error.title}: {message}", file=sys.stderr)
    if arguments.command == "window":
        from nexuslims_logger.gui.error_window import show_error

        if show_error(error, arguments.painted):
            return None
    return exit_code_of(error)


def _reader_has_gone(error: OSError) -> bool:
    """Whether nobody reads our output any more; of that Windows says "invalid argument", as of much else."""
    if sys.stdout is None or not (isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL):
        return False
    try:
        os.write(sys.stdout.fileno(), b"\n")
    except OSError:
        return True
    return False


def _run(arguments: argparse.Namespace) -> ExitCode | None:
    if arguments.command == "doctor":
        return _doctor(arguments)
    settings = load_settings()
    if arguments.command != "demo":  # which leaves nothing behind, and has a log in its own folder
        logs.configure(settings, arguments.verbosity)
    _log.info(
        "NexusLIMS-Logger %s, Python %s, %s: %s",
        __version__,
        platform.python_version(),
        platform.platform(),
        arguments.command,
    )
    code = _COMMANDS[arguments.command](settings, arguments)
    _log.info("%s: %s", arguments.command, "once more" if code is None else code.name)
    return code


def _doctor(arguments: argparse.Namespace) -> ExitCode:
    """Run the one command that tells itself what is wrong with the settings, and writes nothing, not even a log."""
    from nexuslims_logger.admin.doctor import command

    logs.configure(None, arguments.verbosity)
    return command.run(as_json=arguments.json)


def _let_every_character_pass() -> None:
    """Let a console that lacks a character (cp1252, say) show its escape and not a traceback.

    On Windows a file or a pipe would get cp1252 and carriage returns, too; a manifest in which names are escaped
    proves nothing. So it is UTF-8 with plain line ends there, as elsewhere.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None in a windowed executable
            stream.reconfigure(errors="backslashreplace")
            if sys.platform == "win32" and not stream.isatty() and "PYTHONIOENCODING" not in os.environ:
                stream.reconfigure(encoding="utf-8", newline="\n")


def _window(settings: Settings, arguments: argparse.Namespace) -> ExitCode | None:
    from nexuslims_logger.gui import app

    return app.run(settings, arguments.painted, _write_bundle)


def _write_bundle(settings: Settings) -> Path:
    """Write a support bundle; the window must not know the commands."""
    from nexuslims_logger.admin import support_bundle

    return support_bundle.write(settings)


def _headless(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger import headless

    return headless.run(
        settings,
        seconds=arguments.seconds,
        user=arguments.user,
        project=arguments.project,
        note=arguments.note,
        continue_=arguments.continue_,
        neighbour=arguments.neighbour,
    )


def _demo(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.demo import play

    return play.run(settings, headless=arguments.headless)


def _sync(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger import headless

    return headless.catch_up(settings, confirm_clock=arguments.confirm_clock)


def _instruments_list(settings: Settings, _: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import instruments

    return instruments.list_instruments(settings)


def _instruments_add(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import instruments

    return instruments.add_instrument(settings, {name: getattr(arguments, name) for name in INSTRUMENT_COLUMNS})


def _instruments_import(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import instruments

    return instruments.import_csv(settings, arguments.file)


def _sessions(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import sessions

    return sessions.show(settings, limit=arguments.limit, as_json=arguments.json)


def _manifest(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import manifest

    return manifest.show(settings, arguments.session)


def _verify(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import verify

    return verify.run(settings, None if arguments.all else arguments.session)


def _amend(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import amend

    return amend.run(
        settings,
        session=arguments.session,
        reason=arguments.reason,
        user=arguments.user,
        end=arguments.end,
        skip_missing=arguments.skip_missing,
    )


def _support_bundle(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import support_bundle

    return support_bundle.run(settings, arguments.to)


def _db_upgrade(settings: Settings, _: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import database

    return database.upgrade(settings)


def _db_current(settings: Settings, _: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import database

    return database.current(settings)


def _db_check(settings: Settings, _: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import database

    return database.check(settings)


def _db_adopt(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import adopt

    if arguments.apply:
        return adopt.apply(settings, arguments.legacy_timezone, repair=arguments.repair)
    return adopt.report(settings, arguments.legacy_timezone)


def _db_grants(settings: Settings, arguments: argparse.Namespace) -> ExitCode:
    from nexuslims_logger.admin import database

    return database.grants(settings, arguments.user, arguments.role)


_COMMANDS: Mapping[str, Callable[[Settings, argparse.Namespace], ExitCode | None]] = {
    "window": _window,
    "headless": _headless,
    "demo": _demo,
    "sync": _sync,
    "instruments list": _instruments_list,
    "instruments add": _instruments_add,
    "instruments import": _instruments_import,
    "sessions": _sessions,
    "manifest": _manifest,
    "verify": _verify,
    "amend": _amend,
    "support-bundle": _support_bundle,
    "db upgrade": _db_upgrade,
    "db current": _db_current,
    "db check": _db_check,
    "db adopt": _db_adopt,
    "db grants": _db_grants,
}
