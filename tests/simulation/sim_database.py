"""The one central database of a simulated world: real SQLite in memory, made by the real migrations.

Every program reaches it over a bad line: refused, cut before the commit, or the answer to the commit lost.
"""

from __future__ import annotations

import functools
import sqlite3
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

import pymysql  # type: ignore[import-untyped] # it ships no types
from sqlalchemy import NullPool, StaticPool, create_engine, event
from typing_extensions import override

from nexuslims_logger.db import engine as real_engine
from nexuslims_logger.db import migrate
from nexuslims_logger.db.repository import Repository
from nexuslims_logger.db.unit_of_work import EngineUnits, UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from nexuslims_logger.db.records import EventRows
    from tests.simulation.program import Program
    from tests.simulation.scheduler import Actor, Life, Scheduler
    from tests.simulation.sim_clock import SimClock

#: Numbers of MySQL, as a logger meets them on a bad day.
CANNOT_CONNECT, LOST_CONNECTION, DENIED = 2003, 2013, 1142


class _Line(sqlite3.Connection):
    """A program's connection; the transaction is the server's, one at a time."""

    program: Program
    server: SimDatabase

    @override
    def commit(self) -> None:
        program, server = self.program, self.server
        program.step("database: about to commit")
        program.last_chance("commit is the last")
        if program.faults.strikes("database.failed"):
            program.scheduler.note("!!! lost before the commit")
            super().rollback()
            server.release(self)
            raise pymysql.err.OperationalError(LOST_CONNECTION, "Lost connection during query")
        super().commit()
        server.release(self)
        for check in server.on_commit:
            check()
        program.last_chance("commit is the last")
        if program.faults.strikes("database.answer lost"):
            program.scheduler.note("!!! answer lost after the commit")
            program.pause(program.scheduler.random.choice((0.01, 15.0)))
            raise pymysql.err.OperationalError(LOST_CONNECTION, "Lost connection during query")
        program.step("database: committed")

    @override
    def rollback(self) -> None:
        super().rollback()
        self.server.release(self)

    @override
    def close(self) -> None:
        # The program keeps its connection, as with a pool; the server drops it when the program is dead.
        if self.in_transaction:
            super().rollback()
        self.server.release(self)

    def cut(self) -> None:
        """End the connection, and with it the transaction."""
        super().close()
        self.server.release(self)


_line: ContextVar[Callable[[], _Line]] = ContextVar("line")


def _connect() -> _Line:
    return _line.get()()


@functools.cache
def _engine() -> Engine:
    """One engine for all programs of all runs, so that each statement is compiled once."""
    made = create_engine("sqlite://", creator=_connect, poolclass=NullPool)
    event.listen(made, "begin", _wait_for_the_server)
    event.listen(made, "begin", real_engine._begin_sqlite)
    return made


def _wait_for_the_server(connection: Connection) -> None:
    line = cast("_Line", connection.connection.dbapi_connection)
    line.server.acquire(line)


@functools.cache
def _template() -> sqlite3.Connection:
    """Return an empty database, migrated once for all runs."""
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    made = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    event.listen(made, "connect", real_engine._configure_sqlite)
    event.listen(made, "begin", real_engine._begin_sqlite)
    migrate.prepare(made)
    return raw


class _Repository(Repository):
    """Queries of a database that has a clock of its own, as servers have and SQLite has not."""

    server_clock: SimClock

    @override
    def event_rows(self, session_identifier: str) -> EventRows:
        return replace(super().event_rows(session_identifier), database_now=self.server_clock.now())


class _Unit(UnitOfWork):
    server_clock: SimClock

    @override
    def __enter__(self) -> Self:
        super().__enter__()
        self.repository = _Repository(self._connection, self._columns)
        self.repository.server_clock = self.server_clock
        return self


class _Units(EngineUnits):
    def __init__(self, engine: Engine, clock: SimClock, server_clock: SimClock) -> None:
        super().__init__(engine, clock)
        self._server_clock = server_clock

    @override
    def __call__(self) -> UnitOfWork:
        unit = _Unit(self._engine, self._columns, self._clock)
        unit.server_clock = self._server_clock
        return unit


class SimDatabase:
    """The server, shared by all PCs of one run.

    Parameters
    ----------
    scheduler
        Of the run.
    name
        No other run of this process has it.

    Attributes
    ----------
    on_commit
        Called after every commit, before anybody else runs.
    """

    def __init__(self, scheduler: Scheduler, name: str, clock: SimClock) -> None:
        self._scheduler = scheduler
        self._uri = f"file:/{name}?vfs=memdb"
        self._clock = clock
        self._anchor = self.connect()
        _template().backup(self._anchor)
        self._holder: _Line | None = None
        self._waiting: list[Actor] = []
        self._lines: dict[Life, _Line] = {}
        self.on_commit: list[Callable[[], None]] = []

    def connect(self) -> sqlite3.Connection:
        """Return a plain connection, for whoever looks from the outside."""
        return sqlite3.connect(self._uri, uri=True, isolation_level=None)

    def close(self) -> None:
        """Drop the database."""
        for line in self._lines.values():
            line.cut()
        self._anchor.close()

    def units(self, program: Program, clock: SimClock) -> EngineUnits:
        """Return the program's way here, to be used by the calling actor alone."""
        _line.set(functools.partial(self._open, program))
        return _Units(_engine(), clock, self._clock)

    def _open(self, program: Program) -> _Line:
        program.step("database: connect")
        if program.faults.strikes("database.away"):
            program.scheduler.note("!!! database away")
            program.pause(program.scheduler.random.choice((0.01, 10.0)))
            raise pymysql.err.OperationalError(CANNOT_CONNECT, "Can't connect to the server")
        if program.faults.strikes("database.denied"):
            program.scheduler.note("!!! database denies")
            raise pymysql.err.OperationalError(DENIED, "INSERT command denied")
        if program.life in self._lines:
            return self._lines[program.life]
        line = self._lines[program.life] = sqlite3.connect(self._uri, uri=True, isolation_level=None, factory=_Line)
        line.program = program
        line.server = self
        line.execute("PRAGMA foreign_keys = ON")
        # The defaults of columns ask for the server's time.
        line.create_function("strftime", -1, self._strftime)
        return line

    def _strftime(self, form: str, *moment: Any) -> str:
        at = [self._clock.now().isoformat() if part == "now" else part for part in moment]
        found: str = self._anchor.execute(f"SELECT strftime(?{', ?' * len(at)})", (form, *at)).fetchone()[0]
        return found

    def wait_until_idle(self) -> None:
        """Wait until no transaction is under way; the caller then has the server to itself for this turn."""
        while self._holder is not None and self._holder.program.life.alive:
            actor = self._scheduler.current()
            assert actor is not None
            self._waiting.append(actor)
            self._scheduler.wait(None)
        if self._holder is not None:
            self._holder.cut()

    def acquire(self, line: _Line) -> None:
        """Wait until no other transaction is under way."""
        line.program.step("database: begin")
        while self._holder is not None and self._holder is not line:
            if not self._holder.program.life.alive:
                self._holder.cut()
                continue
            actor = self._scheduler.current()
            assert actor is not None
            self._waiting.append(actor)
            self._scheduler.wait(None)
        self._holder = line

    def release(self, line: _Line) -> None:
        """Let the next one begin."""
        if self._holder is line:
            self._holder = None
            waiting, self._waiting = self._waiting, []
            for actor in waiting:
                self._scheduler.wake(actor)
