"""The schema from before this program: what NexusLIMS's tables look like, carried to MySQL by hand.

A database that exists already is stamped with this revision, once it has been looked at. The names of
keys are those that such databases have.

Revision: 0001_legacy
Follows: nothing
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0001_legacy"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute(
        servers=[
            """CREATE TABLE instruments (
  instrument_pid VARCHAR(100) NOT NULL,
  api_url TEXT,
  calendar_name TEXT,
  calendar_url TEXT,
  location VARCHAR(100),
  schema_name TEXT NOT NULL,
  property_tag VARCHAR(20),
  filestore_path TEXT NOT NULL,
  computer_name VARCHAR(255),
  computer_ip VARCHAR(15),
  computer_mount TEXT,
  PRIMARY KEY (instrument_pid),
  UNIQUE KEY instrument_pid_UNIQUE (instrument_pid),
  UNIQUE KEY api_url_UNIQUE (api_url(255)),
  UNIQUE KEY property_tag_UNIQUE (property_tag),
  UNIQUE KEY filestore_path_UNIQUE (filestore_path(255)),
  UNIQUE KEY computer_name_UNIQUE (computer_name),
  UNIQUE KEY computer_ip_UNIQUE (computer_ip)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci""",
            """CREATE TABLE session_log (
  id_session_log INT NOT NULL AUTO_INCREMENT,
  session_identifier VARCHAR(36) NOT NULL,
  instrument VARCHAR(100) NOT NULL,
  `timestamp` DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  event_type ENUM('START','END','RECORD_GENERATION') NOT NULL,
  record_status ENUM('COMPLETED','WAITING_FOR_END','TO_BE_BUILT','ERROR','NO_FILES_FOUND','NO_CONSENT',
    'NO_RESERVATION','BUILT_NOT_EXPORTED') NOT NULL DEFAULT 'WAITING_FOR_END',
  `user` VARCHAR(50),
  session_note TEXT,
  PRIMARY KEY (id_session_log),
  UNIQUE KEY id_session_log_UNIQUE (id_session_log),
  KEY fk_instrument_idx (instrument),
  CONSTRAINT fk_instrument FOREIGN KEY (instrument) REFERENCES instruments (instrument_pid)
    ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci""",
        ],
        sqlite=[
            """CREATE TABLE instruments (
  instrument_pid VARCHAR(100) NOT NULL PRIMARY KEY,
  api_url TEXT UNIQUE,
  calendar_name TEXT,
  calendar_url TEXT,
  location VARCHAR(100),
  schema_name TEXT NOT NULL,
  property_tag VARCHAR(20) UNIQUE,
  filestore_path TEXT NOT NULL UNIQUE,
  computer_name VARCHAR(255) UNIQUE,
  computer_ip VARCHAR(15) UNIQUE,
  computer_mount TEXT
)""",
            """CREATE TABLE session_log (
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
        ],
    )


def downgrade() -> None:
    # With all that was recorded: this is the end of the road back, and nobody gets here by accident.
    drops = ["DROP TABLE IF EXISTS session_log", "DROP TABLE IF EXISTS instruments"]
    execute(servers=drops, sqlite=drops)
