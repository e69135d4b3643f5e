"""What all queries of the central database stand on: one connection, and the columns that are really there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import null

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import ColumnElement, Connection, Table

    from nexuslims_logger.db.table_columns import TableColumns


class Queries:
    """Queries of one unit of work.

    Parameters
    ----------
    connection
        In a transaction.
    columns
        What the database's tables have.
    """

    def __init__(self, connection: Connection, columns: TableColumns) -> None:
        self._connection = connection
        self._columns = columns

    def _select(self, of_table: Table, names: Iterable[str]) -> list[ColumnElement[Any]]:
        known = self._columns.of(of_table, self._connection)
        return [of_table.c[name] if name in known else null().label(name) for name in names]

    def _known(self, of_table: Table, values: Mapping[str, object]) -> dict[str, object]:
        """Return what may be written of these values; every INSERT and UPDATE comes by here."""
        self._columns.require_compatible(self._connection)
        known = self._columns.of(of_table, self._connection)
        return {name: value for name, value in values.items() if name in known}
