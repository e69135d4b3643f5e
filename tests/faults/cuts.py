"""Cut points: where a process can be killed, counted, so that each of them is met once and none by luck."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

from nexuslims_logger.db.unit_of_work import UnitOfWork
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.storage.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Each call of these is two points: just before, and just after.
_CALLS: tuple[tuple[Any, str, str], ...] = (
    (JournalFile, "_commit", "journal"),
    (UnitOfWork, "commit", "database"),
    (FolderStore, "stat", "store"),
    (FolderStore, "put", "store"),
    (FolderStore, "copy", "store"),
    (FolderStore, "set_metadata", "store"),
    (os, "replace", "rename"),
    (os, "link", "rename"),
    (os, "rename", "rename"),
)


class Cuts:
    """Counts the points that this process passes, and kills it at one of them.

    Parameters
    ----------
    at
        The point to die at, counted from 1; None: never.
    trace
        The file that gets a line for each point.
    """

    def __init__(self, at: int | None, trace: Path) -> None:
        self._at = at
        self._passed = 0
        self._lock = threading.Lock()
        self._trace = trace.open("w", encoding="ascii")

    def install(self) -> None:
        """Hook the real code of this process."""
        for owner, name, kind in _CALLS:
            setattr(owner, name, self._around(getattr(owner, name), f"{kind} {name.strip('_')}"))
        if requests := sys.modules.get("requests"):  # only who talks to a bucket has loaded it
            requests.Session.request = self._around_request(requests.Session.request)
        event.listen(Engine, "before_cursor_execute", lambda *_: self._point("database statement before"))
        event.listen(Engine, "after_cursor_execute", lambda *_: self._point("database statement after"))

    def _around(self, call: Callable[..., Any], label: str) -> Callable[..., Any]:
        def cut(*args: Any, **named: Any) -> Any:
            self._point(f"{label} before")
            answer = call(*args, **named)
            self._point(f"{label} after")
            return answer

        return cut

    def _around_request(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Cut before and after a request to the bucket: begin, part, status, copy, metadata."""

        def cut(session: Any, method: str, *args: Any, **named: Any) -> Any:
            self._point(f"request {method} before")
            answer = call(session, method, *args, **named)
            self._point(f"request {method} after")
            return answer

        return cut

    def _point(self, label: str) -> None:
        with self._lock:
            self._passed += 1
            self._trace.write(f"{label}\n")
            self._trace.flush()
            if self._passed == self._at:
                os.kill(os.getpid(), signal.SIGKILL)
