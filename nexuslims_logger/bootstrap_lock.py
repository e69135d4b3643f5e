"""Who may start: one logger a folder, and one an instrument and a watch folder of this PC."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import PurePath
from typing import TYPE_CHECKING

from nexuslims_logger.bootstrap_aside import Aside
from nexuslims_logger.doorbell import Inside, ring
from nexuslims_logger.single_instance import AlreadyRunning, SingleInstance

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings
    from nexuslims_logger.journal.records import Instrument

#: How long a catch-up that gives way may take to put everything down, seconds; it has a limit of its own.
_GIVING_WAY_S = 45.0
#: How long somebody who does not say who he is may yet become nobody, or a catch-up, seconds.
_UNKNOWN_S = 2.0
#: Between two rings, seconds: a catch-up has no bell at its very start.
_RING_AGAIN_S = 0.5
#: How long the disks may take to say which folders the watch folders are, seconds.
_FOLDERS_S = 2.0


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
    claims = () if catch_up_only else _instrument_claims(settings, computer, settings.instrument)
    lock = SingleInstance(settings.home, claims, gives_way=catch_up_only)
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
            break
        ring(settings.home, Inside.CATCH_UP)
        patience_s = _RING_AGAIN_S
    if not catch_up_only:
        lock.watch(f"{computer} watches", _watched(settings))
    return lock


def copy_claims(settings: Settings, computer: str, copy: Instrument | None) -> tuple[str, ...]:
    """Return the claim to this computer's instrument by its identifier, of which the journal has a copy."""
    if settings.instrument or copy is None or (copy.computer_name or "").casefold() != computer.casefold():
        return ()
    return _instrument_claims(settings, computer, copy.instrument_pid)


def _instrument_claims(settings: Settings, computer: str, instrument_pid: str | None) -> tuple[str, ...]:
    """Return what two loggers of this PC must not both record, in words.

    They would take each other's open session for a lost one. None: whatever instrument is this computer's.
    """
    if settings.is_embedded:
        return ()
    database = f"{settings.cloudsql_api_endpoint} {settings.database_label}"
    return (f"{computer} records {(instrument_pid or '').casefold()} in {database}",)


def _watched(settings: Settings) -> frozenset[PurePath]:
    """Return the watch folders, as the disk knows them: two loggers at one would both send what is written there.

    A share that does not answer is taken by the name that the settings have for it: no start waits for it.
    """
    paths = [os.path.abspath(one.path) for one in settings.filestore_path]  # noqa: PTH100 - asks no disk
    asked = Aside(lambda: [os.path.realpath(path) for path in paths])
    if asked.wait(_FOLDERS_S):
        with contextlib.suppress(OSError):
            paths = asked.result()
    return frozenset(PurePath(os.path.normcase(path)) for path in paths)
