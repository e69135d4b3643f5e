"""Give `session_log` its types and the logger's columns; times get microseconds.

On SQLite the table is rebuilt, with the rules that the servers get in 0009 and 0010.

Revision: 0006_session_log
Follows: 0005_instruments
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0006_session_log"
down_revision = "0005_instruments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log
  MODIFY id_session_log BIGINT NOT NULL AUTO_INCREMENT,
  MODIFY session_identifier VARCHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  MODIFY instrument VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  MODIFY `timestamp` DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
  MODIFY event_type VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  MODIFY record_status VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT 'WAITING_FOR_END',
  MODIFY `user` VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  MODIFY session_note TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  ADD utc_offset_min SMALLINT NULL,
  ADD project VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  ADD computer_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  ADD logger_version VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD clock_offset_ms BIGINT NULL,
  ADD end_reason VARCHAR(30) CHARACTER SET ascii COLLATE ascii_bin NULL,
  ADD resumed INT NOT NULL DEFAULT 0,
  ADD paused_seconds BIGINT NOT NULL DEFAULT 0,
  ADD last_activity_at DATETIME(6) NULL,
  ADD recorded_at DATETIME(6) NOT NULL DEFAULT (UTC_TIMESTAMP(6)),
  DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"""
        ],
        sqlite=[
            """CREATE TABLE new_session_log (
  id_session_log INTEGER NOT NULL,
  session_identifier VARCHAR(36) NOT NULL,
  instrument VARCHAR(100) NOT NULL,
  timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'),
  utc_offset_min SMALLINT,
  event_type VARCHAR(20) NOT NULL,
  record_status VARCHAR(20) NOT NULL DEFAULT 'WAITING_FOR_END',
  user VARCHAR(50),
  project VARCHAR(64),
  session_note TEXT,
  computer_name VARCHAR(64) COLLATE NOCASE,
  logger_version VARCHAR(32),
  clock_offset_ms BIGINT,
  end_reason VARCHAR(30),
  resumed INTEGER NOT NULL DEFAULT 0,
  paused_seconds BIGINT NOT NULL DEFAULT 0,
  last_activity_at DATETIME,
  recorded_at DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'),
  CONSTRAINT pk_session_log PRIMARY KEY (id_session_log),
  CONSTRAINT fk_session_log_instrument FOREIGN KEY (instrument) REFERENCES instruments (instrument_pid),
  CONSTRAINT ck_session_log_event CHECK (event_type IN ('START', 'END', 'RECORD_GENERATION')),
  CONSTRAINT ck_session_log_status CHECK (record_status IN ('WAITING_FOR_END', 'TO_BE_BUILT', 'COMPLETED',
    'BUILT_NOT_EXPORTED', 'ERROR', 'NO_FILES_FOUND', 'NO_CONSENT', 'NO_RESERVATION')),
  CONSTRAINT ck_session_log_ident CHECK (session_identifier <> ''),
  CONSTRAINT ck_session_log_reason CHECK (end_reason IS NULL OR event_type = 'END'),
  CONSTRAINT ck_session_log_lengths CHECK (
    length(session_identifier) <= 36 AND length(instrument) <= 100 AND length(user) <= 50
    AND length(project) <= 64 AND length(computer_name) <= 64 AND length(logger_version) <= 32
    AND length(end_reason) <= 30 AND length(CAST(session_note AS BLOB)) <= 65535)
)""",
            # Six digits in every row, so that the order of the text is the order of time.
            """INSERT INTO new_session_log
  (id_session_log, session_identifier, instrument, event_type, record_status, user, session_note,
  timestamp)
SELECT id_session_log, session_identifier, instrument, event_type, record_status, user, session_note,
  replace(substr(timestamp, 1, 19), 'T', ' ') || '.' || substr(substr(timestamp, 21) || '000000', 1, 6)
FROM session_log""",
            "DROP TABLE session_log",
            "ALTER TABLE new_session_log RENAME TO session_log",
        ],
    )


def downgrade() -> None:
    execute(
        servers=[
            """ALTER TABLE session_log
  DROP COLUMN utc_offset_min,
  DROP COLUMN project,
  DROP COLUMN computer_name,
  DROP COLUMN logger_version,
  DROP COLUMN clock_offset_ms,
  DROP COLUMN end_reason,
  DROP COLUMN resumed,
  DROP COLUMN paused_seconds,
  DROP COLUMN last_activity_at,
  DROP COLUMN recorded_at,
  MODIFY id_session_log INT NOT NULL AUTO_INCREMENT,
  MODIFY session_identifier VARCHAR(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  MODIFY instrument VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  MODIFY `timestamp` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  MODIFY event_type ENUM('START','END','RECORD_GENERATION')
    CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  MODIFY record_status ENUM('COMPLETED','WAITING_FOR_END','TO_BE_BUILT','ERROR','NO_FILES_FOUND','NO_CONSENT',
    'NO_RESERVATION','BUILT_NOT_EXPORTED')
    CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL DEFAULT 'WAITING_FOR_END',
  MODIFY `user` VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  MODIFY session_note TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci,
  DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"""
        ],
        sqlite=[
            """CREATE TABLE old_session_log (
  id_session_log INTEGER NOT NULL PRIMARY KEY,
  session_identifier VARCHAR(36) NOT NULL,
  instrument VARCHAR(100) NOT NULL REFERENCES instruments (instrument_pid)
    ON DELETE CASCADE ON UPDATE CASCADE,
  timestamp DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  event_type TEXT NOT NULL CHECK (event_type IN ('START','END','RECORD_GENERATION')),
  record_status TEXT NOT NULL DEFAULT 'WAITING_FOR_END' CHECK (record_status IN ('COMPLETED',
    'WAITING_FOR_END','TO_BE_BUILT','ERROR','NO_FILES_FOUND','NO_CONSENT','NO_RESERVATION','BUILT_NOT_EXPORTED')),
  user VARCHAR(50),
  session_note TEXT
)""",
            """INSERT INTO old_session_log
  (id_session_log, session_identifier, instrument, event_type, record_status, user, session_note,
  timestamp)
SELECT id_session_log, session_identifier, instrument, event_type, record_status, user, session_note,
  timestamp
FROM session_log""",
            "DROP TABLE session_log",
            "ALTER TABLE old_session_log RENAME TO session_log",
        ],
    )
