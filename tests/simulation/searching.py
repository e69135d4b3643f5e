"""Search for the seed that shows a defect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.simulation.bites import BITES
from tests.simulation.run import RunFailed, run

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from tests.simulation.bites import Bite

#: The first seed that shows each defect.
FIRST_SEEDS = Path(__file__).with_name("first_seeds.json")
#: Where a search begins, and how many seeds are tried.
_FROM, _SEEDS = 1000, 400


def first_seed(defect: Bite, seeds: Iterable[int]) -> int | None:
    """Return the first seed that breaks one of the promises which this defect breaks, None when none does."""
    with pytest.MonkeyPatch.context() as patched:
        defect.put_in(patched)
        for seed in seeds:
            try:
                run(seed, lines=20)
            except RunFailed as failed:
                if any(promise in str(failed.failure) for promise in defect.promises):
                    return seed
    return None


def search_bites(names: Collection[str], say: Callable[[str], None]) -> bool:
    """Find the first seeds anew and write them down; False when one finds nothing.

    Parameters
    ----------
    names
        Of the defects; none: all.
    """
    known: dict[str, int] = json.loads(FIRST_SEEDS.read_text())
    known = {name: known[name] for name in BITES if name in known}
    all_found = True
    for name in names or BITES:
        # Where it was seen before it mostly still is.
        before = [known[name]] if name in known else []
        seed = first_seed(BITES[name], [*before, *range(_FROM, _FROM + _SEEDS)])
        say(f"{name}: {f'seed {seed}' if seed is not None else 'not noticed'}")
        all_found &= seed is not None
        if seed is not None:
            known[name] = seed
            FIRST_SEEDS.write_text(json.dumps(known, indent=2) + "\n")
    return all_found
