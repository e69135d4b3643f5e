"""Add `loggers`: each logger's report of itself.

Revision: 0012_loggers
Follows: 0011_file_manifest
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0012_loggers"
down_revision = "0011_file_manifest"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """CREATE TABLE IF NOT EXISTS loggers (
  logger_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  computer_name VARCHAR(64) COLLATE utf8mb4_general_ci NOT NULL,
  instrument VARCHAR(100) NULL,
  logger_version VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  session_identifier VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL,
  files_waiting BIGINT NOT NULL DEFAULT 0,
  bytes_waiting BIGINT NOT NULL DEFAULT 0,
  oldest_waiting_at DATETIME(6) NULL,
  last_good_pass_at DATETIME(6) NULL,
  last_error VARCHAR(500) NULL,
  clock_offset_ms BIGINT NULL,
  disk_free_bytes BIGINT NULL,
  first_seen_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
  last_seen_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
  CONSTRAINT pk_loggers PRIMARY KEY (logger_id),
  KEY ix_loggers_computer (computer_name),
  KEY ix_loggers_instrument (instrument),
  CONSTRAINT fk_loggers_instrument FOREIGN KEY (instrument) REFERENCES instruments (instrument_pid)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""
        ],
        sqlite=[
            """CREATE TABLE loggers (
  logger_id CHAR(36) NOT NULL,
  computer_name VARCHAR(64) COLLATE NOCASE NOT NULL,
  instrument VARCHAR(100),
  logger_version VARCHAR(32) NOT NULL,
  state VARCHAR(20) NOT NULL,
  session_identifier VARCHAR(36),
  files_waiting BIGINT NOT NULL DEFAULT 0,
  bytes_waiting BIGINT NOT NULL DEFAULT 0,
  oldest_waiting_at DATETIME,
  last_good_pass_at DATETIME,
  last_error VARCHAR(500),
  clock_offset_ms BIGINT,
  disk_free_bytes BIGINT,
  first_seen_at DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'),
  last_seen_at DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'),
  CONSTRAINT pk_loggers PRIMARY KEY (logger_id),
  CONSTRAINT fk_loggers_instrument FOREIGN KEY (instrument) REFERENCES instruments (instrument_pid),
  CONSTRAINT ck_loggers_lengths CHECK (
    length(logger_id) <= 36 AND length(computer_name) <= 64 AND length(instrument) <= 100
    AND length(logger_version) <= 32 AND length(state) <= 20 AND length(session_identifier) <= 36
    AND length(last_error) <= 500)
)""",
            "CREATE INDEX ix_loggers_computer ON loggers (computer_name)",
            "CREATE INDEX ix_loggers_instrument ON loggers (instrument)",
        ],
    )


def downgrade() -> None:
    drop = ["DROP TABLE IF EXISTS loggers"]
    execute(servers=drop, sqlite=drop)
