"""What every event is, an error as a person should read it, and the events of the program itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime


#: The kinds of trouble that a later good pass disproves. Of others `Healed` tells.
HEALED_BY_A_PASS: Final = frozenset({"transfer", "database"})


@dataclass(frozen=True)
class Event:
    """The root of all events."""


@dataclass(frozen=True)
class Problem:
    """An error as a person should read it.

    Attributes
    ----------
    title, message
        What failed; on what, and what to do next.
    since
        When this trouble began.
    offline
        The database does not answer: it goes by itself, and `message` has the technical cause.
    setting
        A setting or an option is to be changed.
    """

    title: str
    message: str
    since: datetime
    offline: bool = False
    setting: bool = False


@dataclass(frozen=True)
class Trouble(Event):
    """Something a person should know that belongs to no other event (`kind` names the worker or part)."""

    kind: str
    problem: Problem


@dataclass(frozen=True)
class Healed(Event):
    """What the last `Trouble` of this kind told is over."""

    kind: str


@dataclass(frozen=True)
class Stopped(Event):
    """The workers have put everything down; the process may end."""
