"""Add `schema_info`: what a logger asks before it writes.

Revision: 0013_schema_info
Follows: 0012_loggers
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0013_schema_info"
down_revision = "0012_loggers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Both statements may run again after the first one stood alone.
    row = "INSERT INTO schema_info (compat, minimum_logger) VALUES (1, '1.0')"
    execute(
        servers=[
            """CREATE TABLE IF NOT EXISTS schema_info (
  only_row INT NOT NULL DEFAULT 1,
  compat INT NOT NULL,
  minimum_logger VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  CONSTRAINT pk_schema_info PRIMARY KEY (only_row),
  CONSTRAINT ck_schema_info_one CHECK (only_row = 1)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin""",
            row,
        ],
        sqlite=[
            """CREATE TABLE schema_info (
  only_row INTEGER NOT NULL DEFAULT 1,
  compat INTEGER NOT NULL,
  minimum_logger VARCHAR(32) NOT NULL,
  CONSTRAINT pk_schema_info PRIMARY KEY (only_row),
  CONSTRAINT ck_schema_info_one CHECK (only_row = 1),
  CONSTRAINT ck_schema_info_lengths CHECK (length(minimum_logger) <= 32)
)""",
            row,
        ],
    )


def downgrade() -> None:
    drop = ["DROP TABLE IF EXISTS schema_info"]
    execute(servers=drop, sqlite=drop)
