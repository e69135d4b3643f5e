"""What the process tells who started it."""

from __future__ import annotations

import enum


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
