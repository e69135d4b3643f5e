"""A unit of work is a transaction: it commits on purpose or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from nexuslims_logger.db.errors import FOREIGN_ERRORS, translate
from nexuslims_logger.db.repository import Repository
from nexuslims_logger.db.table_columns import TableColumns
from nexuslims_logger.errors import DatabaseUnavailable, LoggerError, SchemaMismatch

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Engine

    from nexuslims_logger.ports import Clock


class UnitOfWork:
    """One transaction on one connection; leaving it without `commit` rolls it back.

    Every error of the database leaves it as a `LoggerError`. For one thread, once.

    Parameters
    ----------
    engine
        Where to connect.
    columns
        What is known of this engine's tables, shared by all its units.
    clock
        The PC's, to be compared with the database's; None when nobody wants to know.

    Attributes
    ----------
    repository
        All queries; there is one while the unit is entered.
    """

    repository: Repository

    def __init__(self, engine: Engine, columns: TableColumns, clock: Clock | None) -> None:
        self._engine = engine
        self._columns = columns
        self.clock = clock

    def __enter__(self) -> Self:
        """Connect and begin."""
        try:
            with ExitStack() as failed:  # __exit__ is not called when __enter__ fails
                self._connection = failed.enter_context(self._engine.connect())
                self._transaction = self._connection.begin()
                failed.pop_all()
        except FOREIGN_ERRORS as error:
            raise self._translated(error) from error
        if self._columns not in self._connection.info:
            # A migration may come between two connections of a window that stays open for days.
            self._connection.info[self._columns] = True
            self._columns.forget()
        self.repository = Repository(self._connection, self._columns)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back what was not committed, give the connection back, translate the error."""
        try:
            # Closing rolls back.
            self._connection.close()
        except FOREIGN_ERRORS as closing:
            error = error or closing
        if isinstance(error, FOREIGN_ERRORS):
            raise self._translated(error) from error

    def commit(self) -> None:
        """Make everything so far last.

        When it fails with `DatabaseUnavailable`, nobody knows whether it did: repeat the whole unit.
        """
        self._transaction.commit()

    def _translated(self, error: BaseException) -> LoggerError:
        answer = translate(error)
        if isinstance(answer, DatabaseUnavailable):
            # The other connections of the pool have lost the same network.
            self._engine.dispose()
        elif isinstance(answer, SchemaMismatch):
            self._columns.forget()
        return answer


#: Makes the next unit of work; may be called from any thread.
Units = Callable[[], UnitOfWork]


class EngineUnits:
    """Makes units of work on an engine.

    Parameters
    ----------
    engine
        Where to connect.
    clock
        The PC's, to be compared with the database's; None when nobody wants to know.
    """

    def __init__(self, engine: Engine, clock: Clock | None = None) -> None:
        self._engine = engine
        self._columns = TableColumns()
        self._clock = clock

    def __call__(self) -> UnitOfWork:
        """Make the next one."""
        return UnitOfWork(self._engine, self._columns, self._clock)

    def disconnect(self) -> None:
        """Hold no connection any more; the next unit of work connects again."""
        self._engine.dispose()

    def rest(self) -> None:
        """Hold no connection to a server while nobody asks; a file that is open outlives its deletion, and stays so."""
        if self._engine.dialect.name != "sqlite":
            self.disconnect()


def units_on(engine: Engine, clock: Clock | None = None) -> EngineUnits:
    """Return what makes units of work on `engine`."""
    return EngineUnits(engine, clock)
