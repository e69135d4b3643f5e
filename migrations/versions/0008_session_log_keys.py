"""Allow one START and one END of an identifier, and index what is asked for.

Without an index that begins with the identifier one UPDATE blocks all others.

Revision: 0008_session_log_keys
Follows: 0007_once_event
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0008_session_log_keys"
down_revision = "0007_once_event"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log
  ADD CONSTRAINT uq_session_log_once UNIQUE (session_identifier, once_event),
  ADD KEY ix_session_log_instrument (instrument, `timestamp`, event_type),
  ADD KEY ix_session_log_status (record_status, event_type),
  ADD KEY ix_session_log_time (event_type, `timestamp`)"""
        ],
        sqlite=[
            "CREATE UNIQUE INDEX uq_session_log_once ON session_log (session_identifier, once_event)",
            "CREATE INDEX ix_session_log_instrument ON session_log (instrument, timestamp, event_type)",
            "CREATE INDEX ix_session_log_status ON session_log (record_status, event_type)",
            "CREATE INDEX ix_session_log_time ON session_log (event_type, timestamp)",
        ],
    )


def downgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log DROP KEY uq_session_log_once, DROP KEY ix_session_log_instrument,
  DROP KEY ix_session_log_status, DROP KEY ix_session_log_time"""
        ],
        sqlite=[
            "DROP INDEX uq_session_log_once",
            "DROP INDEX ix_session_log_instrument",
            "DROP INDEX ix_session_log_status",
            "DROP INDEX ix_session_log_time",
        ],
    )
