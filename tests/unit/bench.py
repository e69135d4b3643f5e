"""The mains and their ports without threads: a clock that stands, inboxes that are lists, a pool that works at once."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from nexuslims_logger.errors import LoggerError
from nexuslims_logger.ports import Reply

if TYPE_CHECKING:
    from collections.abc import Callable


class ManualClock:
    """Stands until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def utc_offset_min(self) -> int:
        return 60

    def go_on(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set_by(self, seconds: float) -> None:
        """Let somebody set the PC's clock, forwards or (negative) back."""
        self._now += timedelta(seconds=seconds)


class CountingRandom:
    """Identifiers that can be read, and no chance at all."""

    def __init__(self) -> None:
        self._count = 0

    def identifier(self) -> str:
        self._count += 1
        return f"session-{self._count}"

    def fraction(self) -> float:
        return 1.0


class ListInbox:
    """A letter box that never waits."""

    def __init__(self) -> None:
        self.messages: deque[Any] = deque()

    def put(self, message: Any) -> None:
        self.messages.append(message)

    def get(self, _timeout_s: float | None) -> Any:
        return self.messages.popleft() if self.messages else None

    def take(self, kind: type) -> list[Any]:
        """Return the messages of one kind, and drop all."""
        found = [message for message in self.messages if isinstance(message, kind)]
        self.messages.clear()
        return found


@dataclass
class InlinePool:
    """Does the work in `submit`; `before` (and `first_arguments`) let a test step in."""

    first_arguments: tuple[Any, ...] = ()
    before: Callable[..., None] | None = None
    calls: list[str] = field(default_factory=list)

    def submit(self, function: Callable[..., Any], *args: Any, ticket: object, reply_to: Any) -> None:
        name = function.__name__
        self.calls.append(name)
        try:
            if self.before:
                self.before(name, *args)
            reply_to.put(Reply(ticket, value=function(*self.first_arguments, *args)))
        except LoggerError as error:
            reply_to.put(Reply(ticket, error=error))


class HeldPool:
    """A pool whose leaves work when they are told to."""

    def __init__(self) -> None:
        self.held: deque[tuple[Callable[..., Any], tuple[Any, ...], object]] = deque()

    def submit(self, function: Callable[..., Any], *args: Any, ticket: object, reply_to: object) -> None:
        self.held.append((function, args, ticket))

    @property
    def next(self) -> str:
        return self.held[0][0].__name__ if self.held else ""

    def work(self) -> Reply:
        function, args, ticket = self.held.popleft()
        return Reply(ticket, value=function(*args))


def start_of_test() -> datetime:
    """Return a little before now: what a test writes to a real disk is later."""
    return datetime.now(UTC) - timedelta(milliseconds=50)
