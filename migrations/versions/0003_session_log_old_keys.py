"""Take off the keys of `session_log` that its new ones replace (SQLite: 0006).

Revision: 0003_session_log_old_keys
Follows: 0002_unlink
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0003_session_log_old_keys"
down_revision = "0002_unlink"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(servers=["ALTER TABLE session_log DROP KEY id_session_log_UNIQUE, DROP KEY fk_instrument_idx"])


def downgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log ADD UNIQUE KEY id_session_log_UNIQUE (id_session_log),
  ADD KEY fk_instrument_idx (instrument)"""
        ]
    )
