"""Give `instruments` its types, its rules, `timezone` and `harvester`.

On SQLite the table is rebuilt; there a CHECK holds the lengths that the servers enforce by themselves.

Revision: 0005_instruments
Follows: 0004_instruments_old_keys
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0005_instruments"
down_revision = "0004_instruments_old_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE instruments
  MODIFY instrument_pid VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  MODIFY schema_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  MODIFY filestore_path VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  MODIFY computer_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  MODIFY api_url VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  MODIFY calendar_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  MODIFY calendar_url VARCHAR(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  MODIFY location VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  MODIFY property_tag VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  MODIFY computer_ip VARCHAR(45) CHARACTER SET ascii COLLATE ascii_bin NULL,
  MODIFY computer_mount VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  ADD timezone VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'UTC',
  ADD harvester VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT 'nemo',
  ADD CONSTRAINT uq_instruments_computer_name UNIQUE (computer_name),
  ADD CONSTRAINT ck_instruments_filestore
    CHECK (filestore_path <> '' AND filestore_path NOT LIKE '/%' AND filestore_path NOT LIKE '%..%'),
  ADD CONSTRAINT ck_instruments_computer CHECK (computer_name <> ''),
  DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"""
        ],
        sqlite=[
            """CREATE TABLE new_instruments (
  instrument_pid VARCHAR(100) NOT NULL,
  schema_name VARCHAR(255) NOT NULL,
  filestore_path VARCHAR(512) NOT NULL,
  computer_name VARCHAR(64) COLLATE NOCASE,
  timezone VARCHAR(64) NOT NULL DEFAULT 'UTC',
  api_url VARCHAR(512),
  calendar_name VARCHAR(255),
  calendar_url VARCHAR(512),
  location VARCHAR(100),
  property_tag VARCHAR(20),
  computer_ip VARCHAR(45),
  computer_mount VARCHAR(255),
  harvester VARCHAR(50) NOT NULL DEFAULT 'nemo',
  CONSTRAINT pk_instruments PRIMARY KEY (instrument_pid),
  CONSTRAINT uq_instruments_computer_name UNIQUE (computer_name),
  CONSTRAINT ck_instruments_filestore
    CHECK (filestore_path <> '' AND filestore_path NOT LIKE '/%' AND filestore_path NOT LIKE '%..%'),
  CONSTRAINT ck_instruments_computer CHECK (computer_name <> ''),
  CONSTRAINT ck_instruments_lengths CHECK (
    length(instrument_pid) <= 100 AND length(schema_name) <= 255 AND length(filestore_path) <= 512
    AND length(computer_name) <= 64 AND length(timezone) <= 64 AND length(api_url) <= 512
    AND length(calendar_name) <= 255 AND length(calendar_url) <= 512 AND length(location) <= 100
    AND length(property_tag) <= 20 AND length(computer_ip) <= 45 AND length(computer_mount) <= 255
    AND length(harvester) <= 50)
)""",
            """INSERT INTO new_instruments
  (instrument_pid, schema_name, filestore_path, computer_name, api_url, calendar_name, calendar_url,
  location, property_tag, computer_ip, computer_mount)
SELECT instrument_pid, schema_name, filestore_path, computer_name, api_url, calendar_name, calendar_url,
  location, property_tag, computer_ip, computer_mount
FROM instruments""",
            "DROP TABLE instruments",
            "ALTER TABLE new_instruments RENAME TO instruments",
        ],
    )


def downgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE instruments
  DROP CONSTRAINT ck_instruments_filestore,
  DROP CONSTRAINT ck_instruments_computer,
  DROP KEY uq_instruments_computer_name,
  DROP COLUMN timezone,
  DROP COLUMN harvester,
  MODIFY instrument_pid VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  MODIFY api_url TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY calendar_name TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY calendar_url TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY location VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY schema_name TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  MODIFY property_tag VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY filestore_path TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  MODIFY computer_name VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY computer_ip VARCHAR(45) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY computer_mount TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"""
        ],
        sqlite=[
            """CREATE TABLE old_instruments (
  instrument_pid VARCHAR(100) NOT NULL PRIMARY KEY,
  api_url TEXT UNIQUE,
  calendar_name TEXT,
  calendar_url TEXT,
  location VARCHAR(100),
  schema_name TEXT NOT NULL,
  property_tag VARCHAR(20) UNIQUE,
  filestore_path TEXT NOT NULL UNIQUE,
  computer_name VARCHAR(255) UNIQUE,
  computer_ip VARCHAR(45) UNIQUE,
  computer_mount TEXT
)""",
            """INSERT INTO old_instruments
  (instrument_pid, schema_name, filestore_path, computer_name, api_url, calendar_name, calendar_url,
  location, property_tag, computer_ip, computer_mount)
SELECT instrument_pid, schema_name, filestore_path, computer_name, api_url, calendar_name, calendar_url,
  location, property_tag, computer_ip, computer_mount
FROM instruments""",
            "DROP TABLE instruments",
            "ALTER TABLE old_instruments RENAME TO instruments",
        ],
    )
