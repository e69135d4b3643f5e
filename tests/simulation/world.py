"""A simulated world: PCs with their program, disk and microscope, around one database and one store."""

from __future__ import annotations

from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

from tests.contract.memory_store import MemoryStore
from tests.simulation.builder import Builder
from tests.simulation.checks import Checks
from tests.simulation.faults import Faults
from tests.simulation.pc import CHANCES, OTHER_STORE_URL, STORE_URL, Pc
from tests.simulation.scheduler import Scheduler
from tests.simulation.sim_clock import ClockSetter, SimClock
from tests.simulation.sim_database import SimDatabase
from tests.simulation.sim_store import Bucket

if TYPE_CHECKING:
    from collections.abc import Callable


def choose_instruments(random: Random) -> list[tuple[str, str]]:
    """Return the folder in the store, and the instrument, of each PC."""
    # A camera PC may stand beside the microscope's: another computer, the same folder in the store.
    prefixes = random.choice((("Titan",), ("Titan",), ("Titan", "Titan"), ("Titan", "FIB/new")))
    instruments = [f"instrument {number}" for number in range(len(prefixes))]
    if prefixes == ("Titan", "Titan") and random.random() < 0.7:
        # It may be a logger of the same instrument, too: then each meets the other's open sessions.
        instruments[1] = instruments[0]
    return list(zip(prefixes, instruments, strict=True))


class World:
    """Everything that outlives a program.

    Parameters
    ----------
    seed
        Decides the whole run.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.scheduler = Scheduler(seed)
        random = self.scheduler.random
        self.faults = Faults(random)
        self.faults.choose()
        self.server_clock = SimClock(self.scheduler)
        now_ns = self.server_clock.now_ns if random.random() < 0.5 else None
        self.buckets = {url: Bucket(MemoryStore(url, now_ns)) for url in (STORE_URL, OTHER_STORE_URL)}
        self.database = SimDatabase(self.scheduler, f"world-{id(self)}", self.server_clock)
        #: Decides what was thought of later, so that all runs without it are what they were before.
        self.apart = Random(f"{seed} apart")
        self.pcs = [
            Pc(self, f"pc-{number}", prefix, instrument)
            for number, (prefix, instrument) in enumerate(choose_instruments(random))
        ]
        self._register()
        self._leave_foreign_objects()
        self.checks = Checks(self.database, self.buckets, [pc.observed for pc in self.pcs])
        self.beside = self._choose_those_beside(seed)
        self.scheduler.note("beside:", *(name for name, _ in self.beside))
        for pc in self.pcs:
            self.scheduler.note(f"{pc.name}:", pc)

    def _choose_those_beside(self, seed: int) -> list[tuple[str, Callable[[], None]]]:
        """Return who else is there, by name: the record builder, and whoever sets clocks."""
        faults, scheduler = self.faults, self.scheduler
        beside: list[tuple[str, Callable[[], None]]] = []
        if self.apart.random() < CHANCES["builder"]:
            builder = Builder(scheduler, faults, self.database, self.checks, Random(f"{seed} builder"))
            beside.append(("builder", builder.run))
        for pc in self.pcs:
            if self.apart.random() < CHANCES["clock setter"]:
                setter = ClockSetter(scheduler, faults, pc.name, pc.clock, Random(f"{seed} {pc.name} clock"))
                beside.append((f"{pc.name} clock", setter.run))
        return beside

    def _register(self) -> None:
        with closing(self.database.connect()) as connection:
            for instrument_pid, prefix in {pc.instrument_pid: pc.prefix for pc in self.pcs}.items():
                connection.execute(
                    "INSERT INTO instruments (instrument_pid, schema_name, filestore_path) VALUES (?, ?, ?)",
                    (instrument_pid, "FEI Titan TEM", f"./{prefix}"),
                )

    def _leave_foreign_objects(self) -> None:
        """Let an unknown writer's objects stand where ours will go."""
        for pc in self.pcs:
            for _ in range(self.scheduler.random.randrange(3)):
                root, path = pc.microscope.place()
                name = pc.observed.object_name(root, path)
                if self.buckets[STORE_URL].store.stat(name) is None:
                    self.buckets[STORE_URL].store.overwrite(name, self.scheduler.random.randbytes(8))
                    stored = self.buckets[STORE_URL].store.stat(name)
                    assert stored is not None
                    self.buckets[STORE_URL].history.append(stored)

    def close(self) -> None:
        """Put everything away."""
        self.scheduler.close()
        self.checks.close()
        self.database.close()
