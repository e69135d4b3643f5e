"""Tie `session_log` to `instruments` again, without cascades (SQLite: 0006).

Taking an instrument off the register must not delete its sessions.

Revision: 0010_link
Follows: 0009_session_log_rules
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0010_link"
down_revision = "0009_session_log_rules"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log ADD CONSTRAINT fk_session_log_instrument
  FOREIGN KEY (instrument) REFERENCES instruments (instrument_pid)"""
        ]
    )


def downgrade() -> None:
    execute(servers=["ALTER TABLE session_log DROP FOREIGN KEY fk_session_log_instrument"])
