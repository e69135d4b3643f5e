"""Add `session_log.waits_for`: the computers whose part of a joined session is not finished.

NULL where nobody has joined. It stands in START's own row, so that "who is the last?" and "ready" are one change of
one row, and needs no more rights to be read than the row itself.

Revision: 0015_waits_for
Follows: 0014_views
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0015_waits_for"
down_revision = "0014_views"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=["ALTER TABLE session_log ADD COLUMN waits_for VARCHAR(500) NULL"],
        sqlite=[
            """ALTER TABLE session_log ADD COLUMN waits_for VARCHAR(500)
  CONSTRAINT ck_session_log_waits CHECK (length(waits_for) <= 500)"""
        ],
    )


def downgrade() -> None:
    drop = ["ALTER TABLE session_log DROP COLUMN waits_for"]
    execute(servers=drop, sqlite=drop)
