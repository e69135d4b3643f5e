"""What every migration is made of: statements for the servers, and for SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import op

from nexuslims_logger.db.types import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterable


def execute(*, servers: Iterable[str] = (), sqlite: Iterable[str] = ()) -> None:
    """Run the statements that belong to the database at hand; also offline, where they are printed.

    Parameters
    ----------
    servers
        For MariaDB and MySQL. One statement is one transaction there.
    sqlite
        For SQLite, where a whole upgrade is one transaction.
    """
    on_server = op.get_context().dialect.name in SERVERS
    for statement in servers if on_server else sqlite:
        op.execute(statement)
