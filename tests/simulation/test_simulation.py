"""Whole PCs by seed: storms, crashes, and the promises P1 to P4 afterwards.

A failure says how to replay it. ``python -m tests.simulation --seeds 10000`` searches further.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from tests.simulation.run import run

#: Several batches, so that they can run beside each other.
BATCHES = 8
SEEDS_PER_BATCH = 25


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_promises_hold(batch: int) -> None:
    for seed in range(batch * SEEDS_PER_BATCH, (batch + 1) * SEEDS_PER_BATCH):
        run(seed)


def _fingerprints(seeds: range) -> list[str]:
    return [hashlib.sha256("\n".join(run(seed).trace()).encode()).hexdigest() for seed in seeds]


def test_a_seed_gives_the_same_trace_whatever_the_process() -> None:
    seeds = range(5, 10)
    script = f"from {__name__} import _fingerprints; print(*_fingerprints({seeds!r}))"
    # Another order of sets, as every process has its own.
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    told = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert told.stdout.split() == _fingerprints(seeds)
