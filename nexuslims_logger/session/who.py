"""Who is working (``ASK_USER``, ``ASK_PROJECT``): START is safe before anybody is asked, and waits for the name.

A session without a name stays in the journal alone; the database gets its START with the name, or not before its END.
So no row is ever rewritten, and the account of the operating system is written nowhere.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.events import NamesRemembered, Problem, WhoConfirmed, WhoIsWorking
from nexuslims_logger.session.unassigned import offer

if TYPE_CHECKING:
    from nexuslims_logger.journal.facts import FactsJournal
    from nexuslims_logger.session.loop import SessionLoop
    from nexuslims_logger.session.service import ConfirmWho

log = logging.getLogger(__name__)

#: Of a session that ended before anybody told; a manager can correct it with `amend`.
UNKNOWN_USER = "unknown"
#: What the database's columns hold.
USER_LENGTH, PROJECT_LENGTH = 50, 64

_NAMES, _PROJECTS = "user_names", "project_names"
_REMEMBERED = 30


class NameUnusable(StopAndTell):
    """What was entered names nobody, or does not fit."""


def checked_name(text: str) -> str:
    """Return a name as it is recorded, without spaces around it.

    Raises
    ------
    NameUnusable
        It is empty, too long, or says that nobody knows.
    """
    name = _fitting(text, USER_LENGTH, "The name")
    if not name or name.casefold() == UNKNOWN_USER:
        raise NameUnusable("Who is working?", "The session needs the name of who works here. Enter yours.")
    return name


def checked_project(text: str | None) -> str | None:
    """Return a project as it is recorded, None for none; raises `NameUnusable` when it is too long."""
    return _fitting(text or "", PROJECT_LENGTH, "The project") or None


def _fitting(text: str, length: int, what: str) -> str:
    name = " ".join(text.split())
    if not name.isprintable() or len(name) > length:
        message = f"{what} has {len(name)} characters; at most {length} printable ones can be recorded. Shorten it."
        raise NameUnusable(f"{what} cannot be recorded", message)
    return name


def ask_who(loop: SessionLoop, session_identifier: str, problem: Problem | None = None) -> None:
    """Ask who works in the running session."""
    station = loop.ports.station
    loop.tell(
        WhoIsWorking(
            session_identifier,
            # Where neither is asked for any more, the session was begun while the name was.
            asks_name=station.account is None or not station.ask_project,
            asks_project=station.ask_project,
            problem=problem,
        )
    )


def tell_names(loop: SessionLoop) -> None:
    """Tell the names that need not be entered again."""
    facts = loop.ports.facts
    names, projects = _remembered(facts, _NAMES), _remembered(facts, _PROJECTS)
    loop.tell(NamesRemembered(names, projects, loop.ports.station.ask_project))


def confirm_who(loop: SessionLoop, message: ConfirmWho) -> None:
    """Write the name to the running session; once: a later correction is the manager's (`amend`)."""
    facts = loop.running()
    if facts is None or facts.confirmed:
        return
    try:
        user = checked_name(message.user or loop.ports.station.account or "")
        project = checked_project(message.project)
    except NameUnusable as error:
        ask_who(loop, facts.identifier, Problem(error.title, error.message, loop.ports.clock.now()))
        return
    loop.ports.facts.confirm(facts.identifier, user, project)
    remember_who(loop.ports.facts, message.user and user, project)
    log.info("session %s has its name", facts.identifier)
    loop.tell(WhoConfirmed(facts.identifier, user, project))
    offer(loop)


def remember_who(facts: FactsJournal, user: str | None, project: str | None) -> None:
    """Keep names that were entered, so that they need not be entered again on this PC."""
    for key, name in ((_NAMES, user), (_PROJECTS, project)):
        if name:
            others = [one for one in _remembered(facts, key) if one.casefold() != name.casefold()]
            facts.set_meta(key, json.dumps([name, *others][:_REMEMBERED]))


def _remembered(facts: FactsJournal, key: str) -> tuple[str, ...]:
    return tuple(json.loads(facts.meta(key) or "[]"))
