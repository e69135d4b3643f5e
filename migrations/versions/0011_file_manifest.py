"""Add `file_manifest`: what each session put into the store.

Revision: 0011_file_manifest
Follows: 0010_link
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0011_file_manifest"
down_revision = "0010_link"
branch_labels = None
depends_on = None

# CHECKs in words that all three databases know; bytes are counted in hexadecimal.
_RULES = """
  CONSTRAINT ck_file_manifest_state CHECK (state IN ('PENDING', 'UPLOADED', 'MISSING', 'SKIPPED')),
  CONSTRAINT ck_file_manifest_digest CHECK (
    LENGTH(object_digest) = 64 AND (md5 IS NULL OR LENGTH(md5) = 32)),
  CONSTRAINT ck_file_manifest_name CHECK (object_name <> '' AND LENGTH(HEX(object_name)) <= 2048),
  CONSTRAINT ck_file_manifest_size CHECK (size_bytes >= 0 AND attempts >= 0),
  CONSTRAINT ck_file_manifest_upl CHECK (
    state <> 'UPLOADED' OR (md5 IS NOT NULL AND generation IS NOT NULL AND uploaded_at IS NOT NULL)),
  CONSTRAINT ck_file_manifest_skip CHECK (
    state <> 'SKIPPED' OR (reason IS NOT NULL AND decided_by IS NOT NULL)),
  CONSTRAINT ck_file_manifest_missing CHECK (state <> 'MISSING' OR reason IS NOT NULL)"""


def upgrade() -> None:
    execute(
        servers=[
            f"""CREATE TABLE IF NOT EXISTS file_manifest (
  id BIGINT NOT NULL AUTO_INCREMENT,
  session_identifier VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  instrument VARCHAR(100) NOT NULL,
  computer_name VARCHAR(64) COLLATE utf8mb4_general_ci NULL,
  bucket VARCHAR(255) NOT NULL,
  object_name VARCHAR(1024) NOT NULL,
  object_digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  md5 CHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  size_bytes BIGINT NOT NULL DEFAULT 0,
  modified_at DATETIME(6) NULL,
  state VARCHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'PENDING',
  generation BIGINT NULL,
  attempts INT NOT NULL DEFAULT 0,
  last_error VARCHAR(500) NULL,
  reason VARCHAR(255) NULL,
  decided_by VARCHAR(50) NULL,
  discovered_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
  uploaded_at DATETIME(6) NULL,
  CONSTRAINT pk_file_manifest PRIMARY KEY (id),
  CONSTRAINT uq_file_manifest_object UNIQUE (object_digest, session_identifier),
  KEY ix_file_manifest_session (session_identifier, state, size_bytes),
  KEY ix_file_manifest_state (state, discovered_at),
  KEY ix_file_manifest_instrument (instrument, discovered_at),
  CONSTRAINT fk_file_manifest_instrument FOREIGN KEY (instrument)
    REFERENCES instruments (instrument_pid),{_RULES}
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""
        ],
        sqlite=[
            f"""CREATE TABLE file_manifest (
  id INTEGER NOT NULL,
  session_identifier VARCHAR(36) NOT NULL,
  instrument VARCHAR(100) NOT NULL,
  computer_name VARCHAR(64) COLLATE NOCASE,
  bucket VARCHAR(255) NOT NULL,
  object_name VARCHAR(1024) NOT NULL,
  object_digest CHAR(64) NOT NULL,
  md5 CHAR(32),
  size_bytes BIGINT NOT NULL DEFAULT 0,
  modified_at DATETIME,
  state VARCHAR(12) NOT NULL DEFAULT 'PENDING',
  generation BIGINT,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error VARCHAR(500),
  reason VARCHAR(255),
  decided_by VARCHAR(50),
  discovered_at DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'),
  uploaded_at DATETIME,
  CONSTRAINT pk_file_manifest PRIMARY KEY (id),
  CONSTRAINT uq_file_manifest_object UNIQUE (object_digest, session_identifier),
  CONSTRAINT fk_file_manifest_instrument FOREIGN KEY (instrument)
    REFERENCES instruments (instrument_pid),{_RULES},
  CONSTRAINT ck_file_manifest_lengths CHECK (
    length(session_identifier) <= 36 AND length(instrument) <= 100 AND length(computer_name) <= 64
    AND length(bucket) <= 255 AND length(last_error) <= 500 AND length(reason) <= 255
    AND length(decided_by) <= 50)
)""",
            "CREATE INDEX ix_file_manifest_session ON file_manifest (session_identifier, state, size_bytes)",
            "CREATE INDEX ix_file_manifest_state ON file_manifest (state, discovered_at)",
            "CREATE INDEX ix_file_manifest_instrument ON file_manifest (instrument, discovered_at)",
        ],
    )


def downgrade() -> None:
    drop = ["DROP TABLE IF EXISTS file_manifest"]
    execute(servers=drop, sqlite=drop)
