"""A seeded scheduler of greenlets, with a clock of its own.

Every actor is a greenlet that runs plain blocking code. Each port call comes here first (`Scheduler.step`),
so that the seed decides who runs next; what waits is woken by a message or by virtual time. Time jumps when
nobody can run, and now and then a little although somebody could: real code takes time, too. The same seed
gives the same run.
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped] # it ships no types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NANOSECONDS = 1_000_000_000
#: Each turn takes this long, so that no two things happen at the very same time.
TURN_NS = 1_000
#: How often an alarm rings although somebody can run, and how far ahead it may be.
SLOW_CHANCE = 0.02
SLOW_NS = 3 * NANOSECONDS
#: A program that goes on after so many deaths swallows Crash.
DEATHS = 50


class Crash(BaseException):
    """Thrown into every greenlet of a program that was killed; no code may outlive it."""


class SimulationFailed(BaseException):
    """The run showed a defect, or cannot go on; not to be caught by any program's last resort."""


@dataclass(eq=False)
class Life:
    """One run of one program: from its start until it stops or is killed."""

    name: str
    alive: bool = True


@dataclass(eq=False)
class Actor:
    """A greenlet, the life it belongs to, and what it waits for."""

    name: str
    life: Life | None
    greenlet: greenlet
    waiting: bool = False
    #: Counts the waits, so that an old alarm does not end a later one.
    wait_number: int = 0
    woken: bool = False
    finished: bool = False
    #: Told when it ends; at most one, as only the director joins.
    joined_by: Actor | None = None


class Scheduler:
    """Runs actors one at a time, in the order that the seed says.

    Parameters
    ----------
    seed
        Decides everything that may differ between runs.
    step_limit
        A run with more turns than this has failed.
    """

    def __init__(self, seed: int, step_limit: int = 200_000) -> None:
        self.random = random.Random(seed)
        self.steps = 0
        self.now_ns = 0
        self._step_limit = step_limit
        self._hub = getcurrent()
        self._ready: list[Actor] = []
        self._alarms: list[tuple[int, int, Actor, int]] = []
        self._alarm_count = 0
        self._actors: dict[greenlet, Actor] = {}
        self._condemned: list[Life] = []
        self._failure: tuple[Actor, BaseException] | None = None
        self._trace: list[tuple[int, str, str, tuple[object, ...]]] = []

    # What actors call.

    def step(self, call: str, *detail: object) -> None:
        """Let others run before the port call `call`, then note it.

        Parameters
        ----------
        call
            Name of the call, for the trace.
        detail
            What to show with it: values that do not change afterwards.

        Raises
        ------
        Crash
            The caller's program has been killed.
        """
        actor = self.current()
        if actor is not None:
            self._raise_if_dead(actor)
            self._ready.append(actor)
            self._switch_to_hub(actor)
        self.note(call, *detail)

    def wait(self, timeout_s: float | None) -> bool:
        """Wait to be woken; False when `timeout_s` virtual seconds (None: for ever) went by instead."""
        actor = self._actors[getcurrent()]
        self._raise_if_dead(actor)
        actor.waiting = True
        actor.woken = False
        actor.wait_number += 1
        if timeout_s is not None:
            self._alarm_count += 1
            at = self.now_ns + max(0, round(timeout_s * NANOSECONDS))
            heapq.heappush(self._alarms, (at, self._alarm_count, actor, actor.wait_number))
        self._switch_to_hub(actor)
        return actor.woken

    def wake(self, actor: Actor) -> None:
        """End the wait of `actor`, when it waits."""
        if actor.waiting:
            actor.waiting = False
            actor.woken = True
            self._ready.append(actor)

    def join(self, actor: Actor, timeout_s: float | None = None) -> bool:
        """Wait until `actor` has finished; False when `timeout_s` virtual seconds did not suffice."""
        if not actor.finished:
            actor.joined_by = self.current()
            self.wait(timeout_s)
        return actor.finished

    def current(self) -> Actor | None:
        """Return the actor that runs now; None outside of all."""
        return self._actors.get(getcurrent())

    def spawn(self, name: str, function: Callable[..., Any], *args: object, life: Life | None = None) -> Actor:
        """Add an actor that runs ``function(*args)`` and dies with `life`; its turn comes later."""

        def body() -> None:
            try:
                function(*args)
            except Crash:
                pass
            except BaseException as error:  # noqa: BLE001 - the outermost frame of an actor
                # What the dead still say on their way out is of no interest.
                if life is None or life.alive:
                    self._failure = (actor, error)
            finally:
                actor.finished = True
                if actor.joined_by is not None:
                    self.wake(actor.joined_by)

        actor = Actor(name, life, greenlet(body, self._hub))
        self._actors[actor.greenlet] = actor
        self._ready.append(actor)
        return actor

    def kill(self, life: Life) -> None:
        """Kill a program: none of its code does anything any more. A caller of that program dies here.

        Raises
        ------
        Crash
            When the caller belongs to `life`.
        """
        if life.alive:
            self.note("*** killed", life.name)
            life.alive = False
            self._condemned.append(life)
        actor = self.current()
        if actor is not None and actor.life is life:
            raise Crash
        if actor is not None:
            # The dead must be gone before the killer looks at what they left.
            self._ready.append(actor)
            self._switch_to_hub(actor)

    # What a test calls.

    def run(self, until: Actor) -> None:
        """Run until `until` has finished.

        Raises
        ------
        SimulationFailed
            An actor raised, all wait for ever, or the turns ran out.
        """
        ready, draw = self._ready, self.random.random
        while not until.finished:
            if self._condemned:
                self._bury()
            if not ready:
                self._jump()
            elif draw() < SLOW_CHANCE and self._alarms and self._alarms[0][0] - self.now_ns < SLOW_NS:
                self._ring()
            place = int(draw() * len(ready))
            ready[place], ready[-1] = ready[-1], ready[place]
            actor = ready.pop()
            if actor.finished:
                continue
            self.steps += 1
            self.now_ns += TURN_NS
            if self.steps > self._step_limit:
                raise SimulationFailed(f"more than {self._step_limit} turns")
            actor.greenlet.switch()
            if actor.greenlet.dead:
                del self._actors[actor.greenlet]
            self._raise_failure()

    def close(self) -> None:
        """Kill whatever is left, so that no greenlet outlives the run."""
        for actor in list(self._actors.values()):
            actor.life = actor.life or Life(actor.name)
            actor.life.alive = False
            self._execute(actor)
        self._actors.clear()
        self._ready.clear()
        self._alarms.clear()

    # The trace.

    def note(self, call: str, *detail: object) -> None:
        """Add a line to the trace."""
        actor = self._actors.get(getcurrent())
        self._trace.append((self.now_ns, actor.name if actor else "-", call, detail))

    def trace(self, last: int | None = None) -> Iterator[str]:
        """Return the trace, or its `last` lines, in words: virtual seconds, actor, call, detail."""
        for now_ns, actor, call, detail in self._trace if last is None else self._trace[-last:]:
            shown = " ".join(str(value) for value in detail)
            yield f"{now_ns / NANOSECONDS:14.6f} {actor:<18} {call} {shown}".rstrip()

    # Within.

    def _raise_failure(self) -> None:
        if self._failure is not None:
            actor, error = self._failure
            raise SimulationFailed(f"{actor.name} raised {error!r}") from error

    def _raise_if_dead(self, actor: Actor) -> None:
        if actor.life is not None and not actor.life.alive:
            raise Crash

    def _switch_to_hub(self, actor: Actor) -> None:
        self._hub.switch()
        self._raise_if_dead(actor)

    def _jump(self) -> None:
        """Let time pass until the first alarm of one who still waits for it."""
        while self._alarms:
            if self._ring():
                return
        waiting = ", ".join(actor.name for actor in self._actors.values() if actor.waiting)
        raise SimulationFailed(f"all wait for ever: {waiting}")

    def _ring(self) -> bool:
        """Let time pass until the first alarm; False when nobody waits for it any more."""
        at, _, actor, wait_number = heapq.heappop(self._alarms)
        if not actor.waiting or actor.wait_number != wait_number or actor.finished:
            return False
        self.now_ns = max(self.now_ns, at)
        actor.waiting = False
        self._ready.append(actor)
        return True

    def _bury(self) -> None:
        """Unwind every greenlet of the condemned; their ports are dead already."""
        condemned, self._condemned = self._condemned, []
        for actor in list(self._actors.values()):
            if actor.life in condemned:
                self._execute(actor)
                del self._actors[actor.greenlet]

    def _execute(self, actor: Actor) -> None:
        # A greenlet that has not begun has nothing to unwind.
        for _ in range(DEATHS if actor.greenlet else 0):
            actor.greenlet.throw(Crash)
            if actor.greenlet.dead:
                break
        else:
            if actor.greenlet:
                raise SimulationFailed(f"{actor.name} swallows Crash")
        actor.waiting = False
        actor.finished = True
