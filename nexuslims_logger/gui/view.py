"""What the window shows at one moment, decided down to the last word; the Tk part only paints it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Screen(enum.StrEnum):
    """The window's screens."""

    STARTING = "starting"
    UNKNOWN_COMPUTER = "unknown-computer"
    NO_DATABASE = "no-database"
    RUNNING = "running"
    ENDING = "ending"
    DONE = "done"
    FAILED = "failed"


class Dialog(enum.StrEnum):
    """The dialogs that stand in front of the window, one at a time."""

    INTERRUPTED = "interrupted"
    NEIGHBOUR = "neighbour"
    CLOSING = "closing"
    LEAVING = "leaving"
    SUMMONED = "summoned"
    CHANGE_USER = "change-user"
    WHO = "who"
    UNASSIGNED = "unassigned"
    STILL_WORKING = "still-working"
    CLOCK = "clock"
    LEAVE_OUT = "leave-out"


class Tone(enum.StrEnum):
    """How a line is meant; each has a colour and a symbol, so that the colour is never alone."""

    CALM = "calm"
    GOOD = "good"
    BUSY = "busy"
    WAITING = "waiting"
    PROBLEM = "problem"

    @property
    def symbol(self) -> str:
        """The sign that stands before the words."""
        return _SYMBOLS[self]


_SYMBOLS = {
    Tone.CALM: "\N{BULLET}",
    Tone.GOOD: "\N{CHECK MARK}",
    Tone.BUSY: "\N{UPWARDS ARROW}",
    Tone.WAITING: "\N{HORIZONTAL ELLIPSIS}",
    Tone.PROBLEM: "!",
}


@dataclass(frozen=True)
class Line:
    """A sentence with its tone; `detail` says more below it, "" for nothing."""

    tone: Tone
    text: str
    detail: str = ""


class StepState(enum.StrEnum):
    """Where a step of the start stands."""

    OPEN = "open"
    ACTIVE = "active"
    DONE = "done"


@dataclass(frozen=True)
class Step:
    """One step of the start."""

    text: str
    state: StepState


@dataclass(frozen=True)
class Interrupted:
    """The dialog about an interrupted session.

    Attributes
    ----------
    facts
        Pairs of a label and what it says.
    end_text
        The words of the button that ends it.
    continue_first
        Whether *Continue* is the default.
    without_answer
        What happens when nobody answers, "" for nothing.
    """

    heading: str
    facts: tuple[tuple[str, str], ...]
    end_text: str
    continue_first: bool
    without_answer: str


@dataclass(frozen=True)
class Neighbour:
    """The dialog about another computer's open session.

    Attributes
    ----------
    facts
        Pairs of a label and what it says.
    may_join
        Whether *Join* is offered.
    join_first
        Whether *Join* is the default.
    """

    facts: tuple[tuple[str, str], ...]
    may_join: bool
    join_first: bool


@dataclass(frozen=True)
class View:
    """The whole window.

    Attributes
    ----------
    title
        Of the window; the task bar shows it.
    heading, who, elapsed, note
        The top: the instrument (or what happens), user and since when, running time, the note's first line.
    may_write
        Whether there is a note to write on.
    state
        The one line of state.
    question
        The words of the button beside it, which asks again what was put off; "" for nothing.
    record
        Where the session is recorded.
    fraction
        Of the progress bar, 0 to 1; None while nobody can say.
    counts, rate, checked
        Below the bar.
    steps
        Of the start.
    to_copy
        What one should be able to copy: this computer's name while it is unknown, and at last where the data are.
    to_copy_label
        What it is.
    countdown
        On the last screen.
    dialog, interrupted, neighbour, leaving_text, summoned_text
        The dialog in front, and what it shows.
    busy
        Waiting for an answer of the workers: no button may be pressed.
    finished
        The window may be taken down.
    shrunk
        It is finished in the background: the window makes room.
    """

    screen: Screen
    title: str
    heading: str
    state: Line
    record: Line
    question: str = ""
    who: str = ""
    elapsed: str = ""
    note: str = ""
    may_write: bool = False
    fraction: float | None = None
    counts: str = ""
    rate: str = ""
    checked: str = ""
    steps: tuple[Step, ...] = ()
    to_copy: str = ""
    to_copy_label: str = ""
    countdown: str = ""
    dialog: Dialog | None = None
    interrupted: Interrupted | None = None
    neighbour: Neighbour | None = None
    leaving_text: str = ""
    summoned_text: str = ""
    busy: bool = False
    finished: bool = False
    shrunk: bool = False
