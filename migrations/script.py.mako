"""${message}.

Rules (docs tell why):

- One step: a single DDL statement for the servers. DDL is not transactional there; what fails half-way must be
  able to go on. What cannot be one statement must be repeatable (CREATE ... IF NOT EXISTS, CREATE OR REPLACE).
- Only add: nullable columns or constant defaults, tables, wider CHECKs, views with more columns. Whatever breaks a
  logger in the field raises `schema_info.compat` as well, and that is a decision, not a detail.
- SQLite, MariaDB 10.6+ and MySQL 8.0.16+, no other words: no ENUM, no RETURNING, no UNIQUE over long text, no
  functional index, UTC_TIMESTAMP(6) and never CURRENT_TIMESTAMP.
- The table's name stands in the name of every constraint. ASCII columns `ascii_bin`, people's words `utf8mb4_bin`.
- SQLite: a table is rebuilt by hand (create, copy, drop, rename); views that read it are dropped before
  and made after. Foreign keys are off meanwhile, and checked at the end.
- Every CHECK gets a test that breaks it: `alembic check` does not see CHECKs.
- Never import the models: they move on, this file stays.
- `downgrade` keeps every row it can. A test runs up, down and up again.
- The revision is numbered and at most 32 characters long. Move `HEAD` in nexuslims_logger/db/migrate.py.

Revision: ${up_revision}
Follows: ${down_revision | comma,n}
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[],
        sqlite=[],
    )


def downgrade() -> None:
    execute(
        servers=[],
        sqlite=[],
    )
