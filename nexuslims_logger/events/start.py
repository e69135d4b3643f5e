"""What happens until a session runs: the steps of a start, and what it asks first."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.events.base import Event

if TYPE_CHECKING:
    from datetime import datetime

    from nexuslims_logger.events.base import Problem


class StartStep(enum.StrEnum):
    """The steps of a start, in their order."""

    JOURNAL = "journal"
    RECOVERY = "recovery"
    INSTRUMENT = "instrument"
    SESSION = "session"


@dataclass(frozen=True)
class Starting(Event):
    """A step of the start begins."""

    step: StartStep


class InterruptedChoice(enum.StrEnum):
    """What a person answers about an interrupted session."""

    CONTINUE = "continue"
    END = "end"


@dataclass(frozen=True)
class InterruptedFound(Event):
    """An open session of this computer was found; the start waits for `SessionService.answer_interrupted`.

    Attributes
    ----------
    paused
        True when it was left open on purpose.
    last_activity_at
        Where *End theirs* would end it.
    files_waiting, bytes_waiting
        What is not in the store yet.
    same_user
        Whether it belongs to who starts now.
    suggestion
        The answer to put first.
    continues_in_s
        Without an answer the session goes on by itself after so many seconds; None: it waits for one.
    """

    session_identifier: str
    user: str | None
    started_at: datetime
    last_activity_at: datetime
    files_waiting: int
    bytes_waiting: int
    paused: bool
    same_user: bool
    suggestion: InterruptedChoice
    continues_in_s: float | None = None


class NeighbourChoice(enum.StrEnum):
    """What a person answers about the open session of another computer."""

    JOIN = "join"
    TAKE_OVER = "take over"
    OWN = "own"


@dataclass(frozen=True)
class NeighbourFound(Event):
    """Another computer has an open session at this instrument.

    The start waits, for a while, for `SessionService.answer_neighbour`.

    Attributes
    ----------
    last_activity_at
        As far as the database knows: where *Take over* would end it.
    may_join
        False where this PC's part of it is finished already.
    suggestion
        The answer to put first; never *Take over*.
    """

    session_identifier: str
    user: str | None
    computer_name: str
    started_at: datetime
    last_activity_at: datetime
    may_join: bool
    suggestion: NeighbourChoice


@dataclass(frozen=True)
class InstrumentUnknown(Event):
    """No instrument is known for this computer; it is asked again by itself, and after `SessionService.try_again`.

    Attributes
    ----------
    problem
        What the database said, and when (`since`).
    answered
        False when the database could not say whether the computer is registered.
    """

    computer_name: str
    problem: Problem
    answered: bool = True


@dataclass(frozen=True)
class SessionStarted(Event):
    """START is safe on this PC's disk (also after *Continue*); another identifier: the next user's session.

    Attributes
    ----------
    user
        None until `WhoConfirmed`.
    joined
        This is only this PC's part of the session of `user` at another computer, and `started_at` is the part's.
    by_itself
        It was continued without an answer, after an unplanned end of the program.
    stored_in
        Where its files are in the store.
    folders
        The watch folders of this PC.
    """

    session_identifier: str
    instrument_name: str
    user: str | None
    started_at: datetime
    note: str
    continued: bool
    joined: bool = False
    project: str | None = None
    by_itself: bool = False
    stored_in: str = ""
    folders: tuple[str, ...] = ()
