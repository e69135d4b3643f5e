"""Objects in the store that no session's manifest accounts for."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from nexuslims_logger.db.apply_manifest import object_digest
from nexuslims_logger.db.records import RecordStatus
from nexuslims_logger.errors import AccessDenied
from nexuslims_logger.storage.names import is_own_object, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from nexuslims_logger.db.records import EventRows
    from nexuslims_logger.db.unit_of_work import Units
    from nexuslims_logger.storage.contract import ObjectStore, StoredObject

_PAGE = 500


class Strangers:
    """Looks for them, a page of the store's list at a time, and prints each.

    Parameters
    ----------
    store
        Where to look.
    units
        The database that accounts for objects.
    """

    def __init__(self, store: ObjectStore, units: Units) -> None:
        self._store = store
        self._units = units
        self._unfinished: dict[str, bool] = {}

    def show(self, prefix: str, session: str | None) -> None:
        """Print the objects under `prefix` that nobody accounts for, as far as this account may look around.

        Parameters
        ----------
        prefix
            What their names begin with.
        session
            Only those that this session has brought, or nobody knows who; None: all.
        """
        try:
            count = self._print(prefix, session)
        except AccessDenied as error:
            print(f"NOTE       objects that belong to no session were not looked for: {error.message}")
            return
        if count:
            print(f"Objects under {prefix or 'the top'} that belong to no session's manifest: {count}")

    def _print(self, prefix: str, session: str | None) -> int:
        count = 0
        for page in _pages(one for one in self._store.list(prefix) if _may_be(one, session)):
            digests = {object_digest(self._store.url, stored.name): stored for stored in page}
            with self._units() as unit:
                known = unit.repository.recorded_digests(list(digests))
            for digest, stored in digests.items():
                if digest not in known and not self._is_under_way(stored):
                    count += 1
                    print(f"UNKNOWN    {printable(stored.name)}: {stored.size} bytes, {_brought_by(stored)}")
        return count

    def _is_under_way(self, stored: StoredObject) -> bool:
        """Whether its session is not complete: what it sends is in the database a little later."""
        if stored.origin is None:
            return False
        session = stored.origin.session_identifier
        if session not in self._unfinished:
            with self._units() as unit:
                events = unit.repository.event_rows(session)
            self._unfinished[session] = events.start is not None and is_unfinished(events)
        return self._unfinished[session]


class CommonFolder:
    """The folder that all of some objects are under; None as long as there is no object."""

    def __init__(self) -> None:
        self.folder: str | None = None

    def add(self, name: str) -> None:
        """Take one more object."""
        folder = posixpath.dirname(name)
        if self.folder is None:
            self.folder = f"{folder}/" if folder else ""
        while self.folder and not name.startswith(self.folder):
            above = posixpath.dirname(self.folder.rstrip("/"))
            self.folder = f"{above}/" if above else ""


def is_unfinished(events: EventRows) -> bool:
    """Whether the session is open, or its files are not complete."""
    waiting = RecordStatus.WAITING_FOR_END
    return events.end is None or waiting in {row.record_status for row in (events.start, events.end) if row}


def _may_be(stored: StoredObject, session: str | None) -> bool:
    if is_own_object(stored.name):
        return False
    return session is None or stored.origin is None or stored.origin.session_identifier == session


def _brought_by(stored: StoredObject) -> str:
    if stored.origin is None:
        return "of an unknown writer"
    return f"brought by {stored.origin.computer_name} in session {stored.origin.session_identifier}"


def _pages(objects: Iterable[StoredObject]) -> Iterator[list[StoredObject]]:
    page: list[StoredObject] = []
    for stored in objects:
        page.append(stored)
        if len(page) == _PAGE:
            yield page
            page = []
    if page:
        yield page
