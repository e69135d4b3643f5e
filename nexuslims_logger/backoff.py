"""When to try again: delays that grow with each failure and are spread by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nexuslims_logger.events import Problem


@dataclass
class Backoff:
    """One thing that fails now and then; all times are monotonic seconds.

    Attributes
    ----------
    first_s, most_s
        The delay after the first failure, and the longest.
    retry_at
        Not before this moment; None when nothing is wrong.
    problem
        What a person should read, since when.
    """

    first_s: float
    most_s: float
    retry_at: float | None = None
    problem: Problem | None = None
    _failures: int = 0

    def failed(self, now: float, fraction: float, problem: Problem) -> None:
        """Note a failure; `problem.since` is kept from the first one."""
        delay = min(self.first_s * 2**self._failures, self.most_s)
        self._failures = min(self._failures + 1, 30)
        # Between half and the whole of it: PCs that lost one server together must not return together.
        self.retry_at = now + delay * (1 + fraction) / 2
        if self.problem is None or self.problem.title != problem.title:
            self.problem = problem

    def succeeded(self) -> None:
        """Forget the failures."""
        self.retry_at = None
        self.problem = None
        self._failures = 0

    def hurry(self) -> None:
        """Let the next try be now (a person asked for it)."""
        if self.retry_at is not None:
            self.retry_at = 0.0

    def ready(self, now: float) -> bool:
        """Whether it may be tried now."""
        return self.retry_at is None or now >= self.retry_at
