"""Say which words `session_log` may hold, now that the ENUMs are gone (SQLite: 0006).

Revision: 0009_session_log_rules
Follows: 0008_session_log_keys
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0009_session_log_rules"
down_revision = "0008_session_log_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log
  ADD CONSTRAINT ck_session_log_event CHECK (event_type IN ('START','END','RECORD_GENERATION')),
  ADD CONSTRAINT ck_session_log_status CHECK (record_status IN ('WAITING_FOR_END','TO_BE_BUILT','COMPLETED',
    'BUILT_NOT_EXPORTED','ERROR','NO_FILES_FOUND','NO_CONSENT','NO_RESERVATION')),
  ADD CONSTRAINT ck_session_log_ident CHECK (session_identifier <> ''),
  ADD CONSTRAINT ck_session_log_reason CHECK (end_reason IS NULL OR event_type = 'END')"""
        ]
    )


def downgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log
  DROP CONSTRAINT ck_session_log_event, DROP CONSTRAINT ck_session_log_status,
  DROP CONSTRAINT ck_session_log_ident, DROP CONSTRAINT ck_session_log_reason"""
        ]
    )
