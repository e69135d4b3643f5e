"""Who may start: one logger a folder, and one an instrument and a watch folder of this PC."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from nexuslims_logger.doorbell import Inside, ring
from nexuslims_logger.single_instance import AlreadyRunning, SingleInstance

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings

#: How long a catch-up that gives way may take to put everything down, seconds; it has a limit of its own.
_GIVING_WAY_S = 45.0
#: How long somebody who does not say who he is may yet become nobody, or a catch-up, seconds.
_UNKNOWN_S = 2.0
#: Between two rings, seconds: a catch-up has no bell at its very start.
_RING_AGAIN_S = 0.5


def take_lock(settings: Settings, computer: str, *, catch_up_only: bool) -> SingleInstance:
    """Take the lock; a catch-up that has it (the PC's, at its start) gives way to who wants to work. Blocks for that.

    Raises
    ------
    AlreadyRunning
        Another logger of this PC has it, and keeps it.
    ConfigurationError
        The program's folder cannot be written.
    """
    # Who only catches up records nothing new: it need not keep another account's session from starting.
    lock = SingleInstance(settings.home, () if catch_up_only else _claims(settings, computer), gives_way=catch_up_only)
    began, patience_s = time.monotonic(), 0.0
    while True:
        try:
            lock.acquire(patience_s)
        except AlreadyRunning as running:
            unknown = running.pid is None and not running.elsewhere
            most_s = _GIVING_WAY_S if running.gives_way else _UNKNOWN_S if unknown else 0.0
            if catch_up_only or time.monotonic() - began >= most_s:
                raise
        else:
            return lock
        ring(settings.home, Inside.CATCH_UP)
        patience_s = _RING_AGAIN_S


def _claims(settings: Settings, computer: str) -> tuple[str, ...]:
    """Return what two loggers of this PC must not share, in words.

    Two that record for one instrument in one database would take each other's open session for a lost one; two at one
    watch folder would both send what is written there. Nothing else keeps two apart: the demonstration runs beside.
    """
    database = f"{settings.cloudsql_api_endpoint} {settings.database_label} {settings.instrument}"
    instrument = () if settings.is_embedded else (f"{computer} records {database}",)
    folders = {os.path.normcase(os.path.abspath(one.path)) for one in settings.filestore_path}  # noqa: PTH100 - asks no disk
    return (*instrument, *(f"{computer} watches {folder}" for folder in sorted(folders)))
