"""Take off the keys of `instruments`: most forbade what a facility may need (SQLite: 0005).

Revision: 0004_instruments_old_keys
Follows: 0003_session_log_old_keys
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0004_instruments_old_keys"
down_revision = "0003_session_log_old_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE instruments DROP KEY instrument_pid_UNIQUE, DROP KEY api_url_UNIQUE,
  DROP KEY property_tag_UNIQUE, DROP KEY filestore_path_UNIQUE, DROP KEY computer_name_UNIQUE,
  DROP KEY computer_ip_UNIQUE"""
        ]
    )


def downgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE instruments ADD UNIQUE KEY instrument_pid_UNIQUE (instrument_pid),
  ADD UNIQUE KEY api_url_UNIQUE (api_url(255)), ADD UNIQUE KEY property_tag_UNIQUE (property_tag),
  ADD UNIQUE KEY filestore_path_UNIQUE (filestore_path(255)),
  ADD UNIQUE KEY computer_name_UNIQUE (computer_name), ADD UNIQUE KEY computer_ip_UNIQUE (computer_ip)"""
        ]
    )
