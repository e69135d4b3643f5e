"""The record builder: reads what is ready, moves it on, and adds rows of its own, while the loggers work."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from tests.simulation.scheduler import SimulationFailed

if TYPE_CHECKING:
    import sqlite3
    from random import Random

    from tests.simulation.checks import Checks
    from tests.simulation.faults import Faults
    from tests.simulation.scheduler import Scheduler
    from tests.simulation.sim_database import SimDatabase

#: What becomes of a session that was ready.
OUTCOMES = ("COMPLETED", "COMPLETED", "ERROR", "NO_FILES_FOUND", "NO_CONSENT", "NO_RESERVATION", "BUILT_NOT_EXPORTED")
#: How long it stays away.
PAUSES = ((1.0, 5.0), (5.0, 60.0), (60.0, 300.0))


class Builder:
    """Comes by now and then.

    Parameters
    ----------
    checks
        Are told what has changed by this hand.
    """

    def __init__(
        self, scheduler: Scheduler, faults: Faults, database: SimDatabase, checks: Checks, random: Random
    ) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._database = database
        self._checks = checks
        self._random = random

    def run(self) -> None:
        """Build by seed, until the calm and a little longer."""
        pauses = self._random.choice(PAUSES)
        while True:
            self._scheduler.wait(self._random.choice(pauses) if not self._faults.calm else 600.0)
            self._database.wait_until_idle()
            with closing(self._database.connect()) as connection:
                self._build(connection)
            self._checks.after_commit()

    def _build(self, connection: sqlite3.Connection) -> None:
        """Do what one run of NexusLIMS does; nobody else gets a turn meanwhile."""
        ready: dict[str, dict[tuple[str, str | None, str], int]] = {"START": {}, "END": {}}
        query = "SELECT id_session_log, event_type, instrument, user, session_identifier FROM session_log"
        for row, kind, *key in connection.execute(f"{query} WHERE record_status = 'TO_BE_BUILT'"):
            ready.setdefault(kind, {})[tuple(key)] = row
        for key, row in ready["START"].items():
            instrument, user, session = key
            if key not in ready["END"]:
                raise SimulationFailed(f"P3: a lone ready START stops the builder: {session}")
            outcome = self._random.choice(OUTCOMES)
            self._scheduler.note("builder:", session, outcome)
            added = connection.execute(
                "INSERT INTO session_log (session_identifier, instrument, event_type, record_status, user) "
                "VALUES (?, ?, 'RECORD_GENERATION', ?, ?) RETURNING id_session_log",
                (session, instrument, outcome, user),
            ).fetchone()[0]
            for one in (row, ready["END"][key], added):
                connection.execute("UPDATE session_log SET record_status = ? WHERE id_session_log = ?", (outcome, one))
                self._checks.moved_on(one, outcome)
        if self._random.random() < 0.2:
            self._once_more(connection)

    def _once_more(self, connection: sqlite3.Connection) -> None:
        """Let a person have a record built again that went wrong."""
        query = "SELECT session_identifier FROM session_log WHERE record_status = 'ERROR'"
        found = connection.execute(query).fetchone()
        if found is None:
            return
        self._scheduler.note("builder: once more", *found)
        rows = connection.execute(
            "UPDATE session_log SET record_status = 'TO_BE_BUILT' WHERE session_identifier = ? "
            "AND event_type <> 'RECORD_GENERATION' RETURNING id_session_log",
            found,
        ).fetchall()
        for (row,) in rows:
            self._checks.moved_on(row, "TO_BE_BUILT")
