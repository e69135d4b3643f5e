"""What the process tells who started it."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.single_instance import AlreadyRunning

if TYPE_CHECKING:
    from nexuslims_logger.errors import LoggerError


class ExitCode(enum.IntEnum):
    """The program's exit codes, the same for every command."""

    #: Everything asked for was done, and nothing waits.
    COMPLETE = 0
    #: It could not be done.
    FAILED = 1
    #: The command line or a setting is wrong.
    USAGE = 2
    #: Another logger runs on this PC.
    ALREADY_RUNNING = 3
    #: Recorded, but something (database or files) still waits and will be caught up.
    WAITING = 4


def exit_code_of(error: LoggerError) -> ExitCode:
    """Return what the process answers when `error` has ended it."""
    if isinstance(error, AlreadyRunning):
        return ExitCode.ALREADY_RUNNING
    return ExitCode.USAGE if isinstance(error, ConfigurationError) else ExitCode.FAILED
