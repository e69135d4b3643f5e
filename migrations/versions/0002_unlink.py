"""Take the foreign key off: the types of both its ends are about to change.

It comes back, without the cascades, in 0010. SQLite gets its new tables whole, in 0005 and 0006.

Revision: 0002_unlink
Follows: 0001_legacy
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0002_unlink"
down_revision = "0001_legacy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(servers=["ALTER TABLE session_log DROP FOREIGN KEY fk_instrument"])


def downgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log ADD CONSTRAINT fk_instrument FOREIGN KEY (instrument)
  REFERENCES instruments (instrument_pid) ON DELETE CASCADE ON UPDATE CASCADE"""
        ]
    )
