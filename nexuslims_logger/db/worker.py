"""The database thread: one task after the other, each in transactions of its own, each answered."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import Defect, LoggerError
from nexuslims_logger.messages import Stop
from nexuslims_logger.ports import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.db.unit_of_work import EngineUnits
    from nexuslims_logger.ports import Inbox

#: After so many seconds without a task, no connection is held: servers count them, and PCs are many.
IDLE_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A function of `db.tasks`, called with the units of work first."""

    function: Callable[..., Any]
    arguments: tuple[object, ...]
    ticket: object
    reply_to: Inbox[Any]


@dataclass(frozen=True)
class DatabasePorts:
    """The database thread's way to the world.

    Attributes
    ----------
    open
        Opens the database (imports, connects, migrates the embedded one); called again until it succeeds.
    """

    inbox: Inbox[Task | Stop]
    open: Callable[[], EngineUnits]


def database_main(ports: DatabasePorts) -> None:
    """Run tasks until `Stop`; after a while without one, hang up."""
    units: EngineUnits | None = None
    wait_s: float | None = None
    while not isinstance(task := ports.inbox.get(wait_s), Stop):
        wait_s = None
        if task is None:
            if units is not None:
                units.rest()
            continue
        try:
            units = units or ports.open()
            reply = Reply(task.ticket, value=task.function(units, *task.arguments))
        except LoggerError as error:
            reply = Reply(task.ticket, error=error)
        except Exception as error:
            log.exception("a database task failed")
            defect = Defect(
                "The database task failed unexpectedly", f"{type(error).__name__}; the log has the details."
            )
            reply = Reply(task.ticket, error=defect)
        task.reply_to.put(reply)
        wait_s = IDLE_S
    if units is not None:
        units.disconnect()
