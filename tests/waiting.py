"""Waiting for what another process or a server does, of which nobody can be told: the one place that looks again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Nothing takes longer on a busy machine, seconds.
LIMIT_S = 90.0


def waiting(what: str, limit_s: float = LIMIT_S) -> Iterator[None]:
    """Yield until the caller breaks off; fail when that takes too long."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        yield
        time.sleep(0.02)
    raise AssertionError(f"{what} within {limit_s:.0f} s")


def until(condition: Callable[[], bool], what: str = "it did not happen") -> None:
    """Wait until `condition` holds; fail when that takes too long."""
    for _ in waiting(what):
        if condition():
            return
