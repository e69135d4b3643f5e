"""The weather of a simulated world: storms of faults and quiet, shares that are unmounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World


class Weather:
    """Storms and quiet, shares that are unmounted: until the calm."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._scheduler = world.scheduler
        self._random = world.scheduler.random

    def run(self) -> None:
        """Change the weather by seed."""
        storm = dict(self._world.faults.rates)
        while not self._world.faults.calm:
            self._scheduler.wait(self._random.choice((3.0, 20.0, 120.0)))
            quiet = self._random.random() < 0.4
            self._scheduler.note("weather: quiet" if quiet else "weather: storm")
            self._world.faults.rates = {"crash": storm["crash"]} if quiet and "crash" in storm else {}
            if not quiet:
                self._world.faults.rates = dict(storm)
                if "disk.unmounted" in storm and self._random.random() < 0.3:
                    self._unmount()

    def _unmount(self) -> None:
        pc = self._random.choice(self._world.pcs)
        root = self._random.choice(list(pc.disk.trees))
        how = self._random.choice(("missing", "empty"))
        if not pc.knows(root):
            how = "missing"  # nobody could tell an unmounted share from a folder that is really empty
        self._scheduler.note("weather: unmounted", root, how)
        pc.disk.away[root] = how
        self._scheduler.wait(self._random.choice((0.5, 20.0, 90.0)))
        self._scheduler.note("weather: mounted", root)
        del pc.disk.away[root]
