"""One run of the logger on a simulated PC, and its random, inboxes, pool and journal files."""

from __future__ import annotations

import sqlite3
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from typing_extensions import override

from nexuslims_logger.db.worker import Task
from nexuslims_logger.errors import Defect, LoggerError
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.ports import Inbox, Reply
from tests.simulation.scheduler import Actor, Crash, Life, Scheduler, SimulationFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.faults import Faults

M = TypeVar("M")

#: An inbox may wait for less than it was asked to.
LONGEST_WAIT_S = 3600.0
#: How much of a message the trace shows.
LONGEST_WORDS = 400


class Program:
    """One run of the logger on a simulated PC: every port call of it passes here, and may be its last.

    Parameters
    ----------
    name
        Of the PC and the run, for the trace.
    """

    def __init__(self, scheduler: Scheduler, name: str, faults: Faults) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.life = Life(name)
        self._fuse = faults.fuse()

    def step(self, call: str, *detail: object) -> None:
        """Let others run before this port call; raises `Crash` when the program has died meanwhile."""
        self.scheduler.step(call, *detail)
        self._fuse -= 1
        if self._fuse == 0:
            self.die()

    def pause(self, seconds: float) -> None:
        """Let virtual time pass in the middle of a call."""
        if self.scheduler.current() is not None:
            self.scheduler.wait(seconds)

    def last_chance(self, kind: str) -> None:
        """Die here, perhaps, beside the chance that every port call has."""
        if self.faults.strikes(kind):
            self.die()

    def die(self) -> None:
        """Kill the program, unless the calm has begun; raises `Crash` in a greenlet of its own."""
        if not self.faults.calm:
            self.scheduler.kill(self.life)

    def spawn(self, name: str, function: Callable[..., Any], *args: object) -> Actor:
        """Start one of the program's threads."""
        return self.scheduler.spawn(name, function, *args, life=self.life)


class SimRandom:
    """Identifiers and fractions from the seed."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._random = scheduler.random

    def identifier(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def fraction(self) -> float:
        return self._random.random()


class SimInbox(Generic[M]):
    """A letter box between greenlets, of one program."""

    def __init__(self, program: Program, name: str) -> None:
        self._program = program
        self._name = name
        self._messages: deque[M] = deque()
        self._waiter: Actor | None = None

    def put(self, message: M) -> None:
        self._program.step(f"{self._name}.put", _Shown(message))
        if isinstance(message, Reply) and isinstance(message.error, Defect) and self._program.life.alive:
            raise SimulationFailed(f"a defect: {message.error}") from message.error
        self._messages.append(message)
        if self._waiter is not None:
            self._program.scheduler.wake(self._waiter)

    def get(self, timeout_s: float | None) -> M | None:
        self._program.step(f"{self._name}.get", "for ever" if timeout_s is None else f"{timeout_s:.3f} s")
        if not self._messages:
            scheduler = self._program.scheduler
            if self._waiter is not None:
                raise SimulationFailed(f"two threads read {self._name}")
            self._waiter = scheduler.current()
            scheduler.wait(None if timeout_s is None else min(timeout_s, LONGEST_WAIT_S))
            self._waiter = None
        if not self._messages:
            return None
        message = self._messages.popleft()
        self._program.scheduler.note(f"{self._name} got", _Shown(message))
        return message


class _Shown:
    """A message in the trace: put into words only when somebody reads it."""

    def __init__(self, message: object) -> None:
        self._message = message

    @override
    def __str__(self) -> str:
        message = self._message
        if isinstance(message, Reply):
            text = f"Reply({message.ticket!r}, {message.error or message.value!r})"
        elif isinstance(message, Task):
            text = f"Task({message.function.__name__})"
        else:
            text = repr(message)
        return f"{text[:LONGEST_WORDS]}..." if len(text) > LONGEST_WORDS else text


class SimPool:
    """A few greenlets that run leaves, in the order in which they were submitted."""

    def __init__(self, program: Program, name: str, workers: int) -> None:
        self._program = program
        self._name = name
        self._idle = list(range(workers, 0, -1))
        self._waiting: deque[tuple[Callable[..., Any], tuple[object, ...], object, Inbox[Any]]] = deque()

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        self._program.step(f"{self._name}.submit", function.__name__)
        self._waiting.append((function, args, ticket, reply_to))
        if self._idle:
            number = self._idle.pop()
            self._program.spawn(f"{self._name}-{number}", self._work, number)

    def _work(self, number: int) -> None:
        while self._waiting:
            function, args, ticket, reply_to = self._waiting.popleft()
            try:
                reply = Reply(ticket, value=function(*args))
            except LoggerError as error:
                reply = Reply(ticket, error=error)
            reply_to.put(reply)
        self._idle.append(number)


class SimDatabasePool:
    """The pool of one that the database's tasks run on, as `bootstrap` has it."""

    def __init__(self, inbox: SimInbox[Any]) -> None:
        self._inbox = inbox

    def submit(self, function: Callable[..., Any], *args: object, ticket: object, reply_to: Inbox[Any]) -> None:
        self._inbox.put(Task(function, args, ticket, reply_to))


class Death(Exception):
    """What nobody has foreseen: one thread of the program dies, and the others live on."""


class JournalDisk:
    """Where one journal file of a PC lives: the bytes of its last commit, which alone survive a crash.

    Parameters
    ----------
    name
        For the trace.
    on_commit
        A bystander's look at every commit.
    """

    def __init__(self, name: str, on_commit: Callable[[sqlite3.Connection], None] | None = None) -> None:
        self.on_commit = on_commit
        self.name = name
        self.content: bytes | None = None
        self.commits = 0


class SimJournalFile(JournalFile):
    """A journal file each of whose commits may be the last thing that its program does."""

    def __init__(self, program: Program, disk: JournalDisk) -> None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        if disk.content is not None:
            connection.deserialize(disk.content)
        super().__init__(connection)
        self._program = program
        self._disk = disk
        #: The program is there: now the disk may be full, and the thread that writes may die.
        self.in_use = False

    @override
    def _commit(self) -> None:
        self._program.step(f"{self._disk.name}: about to commit")
        self._program.last_chance("commit is the last")
        if not self._program.life.alive:
            raise Crash
        self._fail_perhaps()
        super()._commit()
        self._disk.content = self.connection.serialize()
        self._disk.commits += 1
        if self._disk.on_commit is not None:
            self._disk.on_commit(self.connection)
        self._program.step(f"{self._disk.name}: committed", self._disk.commits)
        self._program.last_chance("commit is the last")
        self._die_perhaps()

    def _fail_perhaps(self) -> None:
        if self.in_use and self._program.faults.strikes("journal.full"):
            raise sqlite3.OperationalError("database or disk is full")
        self._die_perhaps()

    def _die_perhaps(self) -> None:
        if self.in_use and self._program.faults.strikes("journal.its thread dies"):
            self._program.scheduler.note("this thread dies")
            raise Death
