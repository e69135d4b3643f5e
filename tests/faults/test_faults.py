"""The real program is killed at its cut points, and robbed of its database and its store; ``make faults`` does more."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.faults.long_run import long_run
from tests.faults.sweep import Sweep
from tests.storage_emulators import needs_emulators

if TYPE_CHECKING:
    from pathlib import Path

    from tests.database_servers import Server
    from tests.storage_proxy import StorageProxy

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs the program many times by forking it")


def spread(points: list[str], kinds: str, count: int) -> list[int]:
    """Return the numbers of some points whose labels begin like that, evenly spread over a session."""
    fitting = [number for number, label in enumerate(points, 1) if re.match(kinds, label)]
    return fitting[:: max(1, len(fitting) // count)]


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return Sweep(tmp_path, 4)


def test_killed_anywhere_a_session_is_made_whole(sweep: Sweep) -> None:
    points = sweep.points()
    chosen = [
        *spread(points, "journal", 6),
        *spread(points, "store|rename", 8),
        *spread(points, "database commit", 4),
        *spread(points, "database statement", 6),
    ]
    sweep.cut(chosen)
    # Threads take turns as they like: the last points may not be reached in every run.
    assert sweep.tally.faults >= len(chosen) - 4
    assert sweep.tally.verdict.is_kept(), sweep.tally.verdict


@needs_emulators
def test_killed_at_any_request_to_a_bucket_a_session_is_made_whole(
    tmp_path: Path, proxy: StorageProxy, gcp_url: str
) -> None:
    sweep = Sweep(tmp_path, 4, (proxy.url, gcp_url))
    points = sweep.points()
    sweep.cut(
        [*spread(points, "request POST", 3), *spread(points, "request PUT", 2), *spread(points, "request GET", 1)]
    )
    assert sweep.tally.faults >= 4
    assert sweep.tally.verdict.is_kept(), sweep.tally.verdict


def test_killed_while_it_catches_up_it_is_made_whole(sweep: Sweep) -> None:
    sweep.cut(spread(sweep.points(), "journal|store|database commit", 10), recovery=True)
    assert sweep.tally.verdict.is_kept(), sweep.tally.verdict


def test_a_rough_week(tmp_path: Path, mariadb: Server) -> None:
    machine, verdict = long_run(tmp_path, mariadb, seed=7, sessions=8)
    assert machine.faults > 0
    assert verdict.is_kept(), verdict
