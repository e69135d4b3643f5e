"""What may go wrong in a run, and how often: by seed, until the calm begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

#: Chances at each opportunity, in a run in which this fault happens at all.
RATES = {
    "database.away": 0.10,
    "database.failed": 0.06,
    "database.answer lost": 0.08,
    "database.denied": 0.02,
    "store.away": 0.08,
    "store.answer lost": 0.08,
    "store.corrupted": 0.05,
    "store.denied": 0.02,
    "store.sent twice": 0.10,
    "store.upload expired": 0.10,
    "disk.unreadable": 0.03,
    "disk.folder unreadable": 0.02,
    "disk.unmounted": 0.004,
    "commit is the last": 0.01,
}
#: Drawn apart, so that all runs without them are what they were before these were known.
LATE_RATES = {
    "journal.full": 0.03,
    "journal.its thread dies": 0.05,
}


@dataclass
class Faults:
    """Draws by seed whether something goes wrong now.

    Each run has its own few kinds of trouble, each more or less often: with all of them few runs get far.
    """

    random: Random
    calm: bool = False
    rates: dict[str, float] = field(default_factory=dict)
    apart: Random = field(default_factory=lambda: Random(0))

    def choose(self) -> None:
        """Choose the kinds of trouble of this run."""
        share = self.random.choice((0.0, 0.3, 0.6, 1.0))
        for kind, rate in RATES.items():
            if self.random.random() < share:
                self.rates[kind] = rate * self.random.choice((0.5, 1.0, 3.0))
        if self.random.random() < share:
            self.rates["crash"] = 1.0
        self.apart.seed(repr((share, self.rates)))
        for kind, rate in LATE_RATES.items():
            if self.apart.random() < share / 2:
                self.rates[kind] = rate * self.apart.choice((0.5, 1.0, 3.0))

    def fuse(self) -> int:
        """Say after how many port calls the program dies; most often early, where the flows are."""
        if "crash" not in self.rates or self.calm:
            return -1
        return int(10 ** self.random.uniform(0.0, 3.7))

    def strikes(self, kind: str) -> bool:
        """Say whether this goes wrong now."""
        rate = self.rates.get(kind)
        chance = self.apart if kind in LATE_RATES else self.random
        return rate is not None and not self.calm and chance.random() < rate
