"""What is done beside the window while it starts: the workers, or the window that is open already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from nexuslims_logger.doorbell import Doorbell, ring
from nexuslims_logger.single_instance import AlreadyRunning

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from nexuslims_logger.config import Settings
    from nexuslims_logger.events import Event
    from nexuslims_logger.session.service import SessionService


class EventQueue(Protocol):
    """Where the workers put events."""

    def empty(self) -> bool:
        """Whether nothing is there."""

    def get_nowait(self) -> Event:
        """Take the oldest one."""


class Running(Protocol):
    """The workers, as `bootstrap.start` hands them out."""

    @property
    def service(self) -> SessionService:
        """Where commands go."""

    @property
    def events(self) -> EventQueue:
        """Where events come from."""

    def stop(self, timeout_s: float) -> None:
        """Put everything down, and wait that long at most."""


class Starter(Protocol):
    """Starts the workers, on a thread of its own; raises a `LoggerError` when that is impossible."""

    def __call__(self, settings: Settings, *, launched_at: datetime) -> Running:
        """Begin the start of a session at `launched_at`."""


class SaveBundle(Protocol):
    """Writes a support bundle, on a thread of its own."""

    def __call__(self, settings: Settings) -> Path:
        """Return where it is."""


class BroughtUp(NamedTuple):
    """What the thread of the start hands over; no workers where the window of another logger has answered."""

    running: Running | None
    bell: Doorbell | None


def bring_up(start: Starter, settings: Settings, launched_at: datetime) -> BroughtUp:
    """Start the workers, or ring at the window that is open already. Blocks: on a thread of its own.

    Raises
    ------
    LoggerError
        As `start` does; `AlreadyRunning` where no window has answered.
    """
    try:
        running = start(settings, launched_at=launched_at)
    except AlreadyRunning:
        if ring(settings.home):
            return BroughtUp(None, None)
        raise
    try:
        return BroughtUp(running, Doorbell(settings.home))
    except OSError:  # no loopback: the second start tells where the first is
        return BroughtUp(running, None)


def start_workers(settings: Settings, *, launched_at: datetime) -> Any:
    """Load the workers, which takes its time, and start them."""
    from nexuslims_logger import bootstrap

    return bootstrap.start(settings, launched_at=launched_at)
