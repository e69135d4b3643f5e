"""Change of user on a running window (DESIGN.md section 4): end the present session, and start the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.journal.records import SessionState
from nexuslims_logger.session.end import end_running, end_session
from nexuslims_logger.session.start import Newcomer, begin_session
from nexuslims_logger.session.who import ask_who, checked_name, checked_project, remember_who

if TYPE_CHECKING:
    from nexuslims_logger.session.loop import Change, SessionLoop


def change_user(loop: SessionLoop, change: Change) -> None:
    """End the running session, if there is one, at the click or its last activity, and start the next at the click.

    The ended one is caught up in the background. May be repeated after a full disk: what was done is not done twice.

    Raises
    ------
    Stopping
        The program is closed meanwhile; the ended session is ended, and no other has begun.
    NameUnusable
        The next user's name; nothing has changed.
    """
    message, clicked_at = change.wish, change.clicked_at
    user, project = checked_name(message.user), checked_project(message.project)
    if loop.current and loop.ports.facts.session(loop.current).state is SessionState.PAUSED:
        return  # it stays open on purpose, and the window closes
    facts = loop.running()
    if facts is not None and not facts.confirmed:
        ask_who(loop, facts.identifier)  # whose session would it be?
        return
    if ends := loop.postponed_ends():
        end_session(loop, ends[0])  # clicked before, on a full disk
    if (facts := loop.running()) is not None:
        end_running(loop, facts, clicked_at, last_activity=message.last_activity)
    loop.drop_ends()
    remember_who(loop.ports.facts, user, project)
    begin_session(loop, Newcomer(user, project, clicked_at, change.clicked_monotonic))
