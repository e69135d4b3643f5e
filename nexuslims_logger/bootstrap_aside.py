"""One call on a thread of its own, for what would keep the window from painting."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Aside(Generic[T]):
    """Runs `call` at once, beside its maker, who asks now and then whether it is done.

    Parameters
    ----------
    call
        Must not touch Tk.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._value: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="nexuslims-aside", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the call has ended, one way or the other. Does not block."""
        return not self._thread.is_alive()

    def wait(self, timeout_s: float) -> bool:
        """Wait that many seconds for its end, and say whether it came. Blocks."""
        self._thread.join(timeout_s)
        return self.done

    def result(self) -> T:
        """Return what the call returned, or raise what it raised; only when it is `done`."""
        if self._error is not None:
            raise self._error
        return self._value[0]

    def _work(self) -> None:
        try:
            self._value.append(self._call())
        except BaseException as error:  # noqa: BLE001 - this thread's outermost frame; `result` raises it again
            self._error = error
