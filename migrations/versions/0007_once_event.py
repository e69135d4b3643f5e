"""Add `once_event`: START or END, and NULL for what may repeat.

Virtual: added in an instant, where a stored column would copy the table.

Revision: 0007_once_event
Follows: 0006_session_log
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0007_once_event"
down_revision = "0006_session_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log ADD once_event VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin
  GENERATED ALWAYS AS (CASE WHEN event_type IN ('START','END') THEN event_type END) VIRTUAL"""
        ],
        sqlite=[
            """ALTER TABLE session_log ADD COLUMN once_event VARCHAR(20)
  GENERATED ALWAYS AS (CASE WHEN event_type IN ('START', 'END') THEN event_type END) VIRTUAL"""
        ],
    )


def downgrade() -> None:
    drop = ["ALTER TABLE session_log DROP COLUMN once_event"]
    execute(servers=drop, sqlite=drop)
