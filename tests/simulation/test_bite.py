"""The simulator finds defects: each of `bites` is caught within a few seeds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.simulation.bites import BITES
from tests.simulation.searching import FIRST_SEEDS, first_seed

if TYPE_CHECKING:
    from tests.simulation.bites import Bite

#: Where each is seen soon, as the program and the worlds are now; `python -m tests.simulation --bites` finds them anew.
KNOWN = json.loads(FIRST_SEEDS.read_text())
#: So many seeds suffice for each.
SEEDS = 100


@pytest.mark.parametrize(("name", "defect"), BITES.items(), ids=BITES)
def test_the_simulator_bites(name: str, defect: Bite) -> None:
    found = first_seed(defect, range(KNOWN[name], KNOWN[name] + SEEDS))
    assert found is not None, f"{SEEDS} seeds noticed nothing; python -m tests.simulation --bites {name} searches on"
