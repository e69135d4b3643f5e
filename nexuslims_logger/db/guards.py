"""What a migration script for the ``mysql`` client checks by itself, because offline nothing can be inspected.

Each guard is a query whose answer names what is required. Where that is not so, it ends in error 1242 ("Subquery
returns more than 1 row"), at which the client stops before anything has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.db.legacy_findings import QUESTIONS
from nexuslims_logger.db.migrate import HEAD, LOCK_NAME, LOCK_TIMEOUT_S, METADATA_LOCK_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Iterator

#: From this revision on the new rules are in force, and the rows obey them.
_RULES_IN_FORCE = "0010_link"


def opening(start: str | None, *, upgrade: bool) -> Iterator[str]:
    """Yield the statements that open a script for MariaDB or MySQL.

    Parameters
    ----------
    start
        The revision from which the script goes on; None: from an empty database.
    upgrade
        Whether it goes up.
    """
    yield (
        f"SET SESSION time_zone = '+00:00', lock_wait_timeout = {METADATA_LOCK_TIMEOUT_S},"
        " sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')"
    )
    yield _guard("a database is chosen (mysql ... DATABASE < script)", "DATABASE() IS NOT NULL")
    yield _guard("nobody else migrates it", f"COALESCE(GET_LOCK({LOCK_NAME}, {LOCK_TIMEOUT_S}), 0) = 1")
    if start is None:
        yield _guard("the database has no NexusLIMS tables yet", f"NOT EXISTS ({_TABLES})")
        return
    here = f"(SELECT COUNT(*) FROM alembic_version WHERE version_num = '{start}') = 1"
    yield _guard(f"the database is at revision {start}", here)
    if upgrade and start < _RULES_IN_FORCE <= HEAD:
        for question in QUESTIONS:
            if question.breaks_a_rule:
                yield _guard(f"no row has: {question.what}", f"NOT EXISTS ({question.query})")


_TABLES = (
    "SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE()"
    " AND table_name IN ('instruments', 'session_log')"
)


def _guard(required: str, condition: str) -> str:
    words = required.replace("'", "''")
    two_rows = f"SELECT 1 FROM (SELECT 1 AS n UNION ALL SELECT 2) AS two WHERE NOT ({condition})"
    return f"SELECT '{words}' AS required, ({two_rows}) AS otherwise"
