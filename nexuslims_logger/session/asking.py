"""A question to the database that a flow waits for, though not for long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.ports import Reply
    from nexuslims_logger.session.loop import SessionLoop


def ask_database(
    loop: SessionLoop, ticket: object, within_s: float, task: Callable[..., Any], *arguments: object
) -> Reply | None:
    """Submit a task, answer messages meanwhile, and return what became of it; None when nobody knows in time.

    Parameters
    ----------
    ticket
        Of a class of its own, by which the answer is known.
    within_s
        Blocks for so many seconds at most.
    task
        Of `db.tasks`.

    Raises
    ------
    Stopping
        The program is closed meanwhile.
    """
    loop.ports.database.submit(task, *arguments, ticket=ticket, reply_to=loop.ports.inbox)
    reply: Reply | None = loop.wait_for(type(ticket), within_s)
    return reply
