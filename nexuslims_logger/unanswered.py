"""The messages that a thread has taken out of its inbox and not answered yet: they outlive the thread's death."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

log = logging.getLogger(__name__)

#: A message that was at the head when the thread died so often is given up: the others must not wait for ever.
MOST_DEATHS = 3


class Unanswered(deque[Any]):
    """Messages in their order; the first one is taken away when it has been answered."""

    def __init__(self) -> None:
        super().__init__()
        self._fatal: object = None
        self._deaths = 0

    def died(self) -> object | None:
        """Take notice that the thread has died; return the message that was given up for it, None mostly."""
        if not self or self[0] is not self._fatal:
            self._fatal, self._deaths = (self[0], 1) if self else (None, 0)
            return None
        self._deaths += 1
        if self._deaths < MOST_DEATHS:
            return None
        log.error("given up, because it has stopped the thread %d times: %s", self._deaths, type(self[0]).__name__)
        given_up: object = self.popleft()
        return given_up
