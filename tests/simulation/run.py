"""One run: storms, crashes and work by seed; then the calm, in which all must come to its end."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from typing_extensions import override

from tests.simulation.people import User
from tests.simulation.scheduler import Scheduler, SimulationFailed
from tests.simulation.weather import Weather
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.pc import Pc

#: How many lines of the trace a failure shows.
LAST_LINES = 200


class RunFailed(AssertionError):
    """What went wrong, how to replay it, and the end of the trace."""

    def __init__(self, seed: int, failure: SimulationFailed, scheduler: Scheduler, lines: int | None) -> None:
        trace = "\n".join(scheduler.trace(lines))
        super().__init__(f"{trace}\n\n{failure}\n\nreplay with: python -m tests.simulation --seed {seed}")
        self.seed = seed
        self.failure = failure


def run(seed: int, *, lines: int | None = LAST_LINES) -> Scheduler:
    """Run one world from its first file to its last ready session, and check the promises.

    Parameters
    ----------
    seed
        Decides everything.
    lines
        How much of the trace a failure shows; None: all.

    Returns
    -------
    Scheduler
        With the trace, for the curious.

    Raises
    ------
    RunFailed
        A promise was broken.
    """
    world = World(seed)
    scheduler = world.scheduler
    try:
        with _logged(scheduler):
            scheduler.run(scheduler.spawn("director", _direct, world))
    except SimulationFailed as failure:
        raise RunFailed(seed, failure, scheduler, lines) from failure
    finally:
        world.close()
    return scheduler


class _IntoTrace(logging.Handler):
    """What the program logs is part of its trace."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__(logging.INFO)
        self._scheduler = scheduler

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._scheduler.note("log:", record.getMessage())


@contextmanager
def _logged(scheduler: Scheduler) -> Iterator[None]:
    log = logging.getLogger("nexuslims_logger")
    handler, before = _IntoTrace(scheduler), (log.propagate, log.level)
    log.addHandler(handler)
    log.propagate = False
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = before[0]
        log.setLevel(before[1])


def _bring_home(pc: Pc, user: User) -> None:
    if not user.bring_home():
        raise SimulationFailed(f"{pc.name} did not converge: {pc.journal()}")


def _direct(world: World) -> None:
    scheduler = world.scheduler
    weather = scheduler.spawn("weather", Weather(world).run)
    users = [User(world, pc) for pc in world.pcs]
    for name, act in world.beside:
        scheduler.spawn(name, act)
    for pc in world.pcs:
        pc.microscope.before_start()
        scheduler.spawn(pc.microscope.name, pc.microscope.run)
    working = [scheduler.spawn(f"{pc.name} user", user.work) for pc, user in zip(world.pcs, users, strict=True)]
    for actor in working:
        scheduler.join(actor)
    world.faults.calm = True
    for pc in world.pcs:
        pc.microscope.on = False
    scheduler.note("calm")
    scheduler.join(weather)
    # Whatever the microscope still does is done by then.
    scheduler.wait(600.0)
    # Together: one may wait for what the other has promised.
    for actor in [
        scheduler.spawn(f"{pc.name} user", _bring_home, pc, user) for pc, user in zip(world.pcs, users, strict=True)
    ]:
        scheduler.join(actor)
    world.checks.finally_all()
