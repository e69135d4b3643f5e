"""The central database's tables, as the migrations leave them.

The migrations make the schema; these models are what the program's queries are written with, and what
``alembic check`` compares the schema to. It does not see CHECKs: a test compares those.
"""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from nexuslims_logger.db.types import (
    ROW_ID,
    UTCDateTime,
    machine_code,
    machine_word,
    pc_name,
    utc_now,
    words,
)

#: As every table stands on the servers.
ON_SERVERS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


class Base(DeclarativeBase):
    """The root of the models."""

    #: The table's name stands in every constraint's: MySQL knows a CHECK by its name alone (error 3822).
    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )


def _check(name: str, rule: str) -> CheckConstraint:
    return CheckConstraint(text(rule), name=name)


def _lengths(rule: str = "", /, **limits: int) -> CheckConstraint:
    """Hold SQLite to the lengths that the servers enforce by themselves."""
    rules = [f'length("{column}") <= {limit}' for column, limit in limits.items()]
    return _check("lengths", " AND ".join(rules + [rule] * bool(rule))).ddl_if(dialect="sqlite")


class InstrumentRow(Base):
    """An instrument, as NexusLIMS has it; the facility's register."""

    __tablename__ = "instruments"
    __table_args__ = (
        UniqueConstraint("computer_name"),
        _check(
            "filestore",
            "filestore_path <> '' AND filestore_path NOT LIKE '/%' AND filestore_path NOT LIKE '%..%'",
        ),
        _check("computer", "computer_name <> ''"),
        _lengths(
            instrument_pid=100,
            schema_name=255,
            filestore_path=512,
            computer_name=64,
            timezone=64,
            api_url=512,
            calendar_name=255,
            calendar_url=512,
            location=100,
            property_tag=20,
            computer_ip=45,
            computer_mount=255,
            harvester=50,
        ),
        ON_SERVERS,
    )

    instrument_pid: Mapped[str] = mapped_column(words(100), primary_key=True)
    schema_name: Mapped[str] = mapped_column(words(255))
    filestore_path: Mapped[str] = mapped_column(words(512))
    computer_name: Mapped[str | None] = mapped_column(pc_name())
    timezone: Mapped[str] = mapped_column(machine_word(64), server_default="UTC")
    api_url: Mapped[str | None] = mapped_column(words(512))
    calendar_name: Mapped[str | None] = mapped_column(words(255))
    calendar_url: Mapped[str | None] = mapped_column(words(512))
    location: Mapped[str | None] = mapped_column(words(100))
    property_tag: Mapped[str | None] = mapped_column(words(20))
    computer_ip: Mapped[str | None] = mapped_column(machine_word(45))
    computer_mount: Mapped[str | None] = mapped_column(words(255))
    harvester: Mapped[str] = mapped_column(words(50), server_default="nemo")


class SessionLogRow(Base):
    """An event of a session: START, END or RECORD_GENERATION.

    `utc_offset_min` makes local days possible in SQL. `clock_offset_ms`, `project`, `resumed`,
    `last_activity_at` and `waits_for` are START's, `end_reason` and `paused_seconds` are END's.
    """

    __tablename__ = "session_log"
    __table_args__ = (
        Index("ix_session_log_instrument", "instrument", "timestamp", "event_type"),
        Index("ix_session_log_status", "record_status", "event_type"),
        Index("ix_session_log_time", "event_type", "timestamp"),
        _check("event", "event_type IN ('START', 'END', 'RECORD_GENERATION')"),
        _check(
            "status",
            "record_status IN ('WAITING_FOR_END', 'TO_BE_BUILT', 'COMPLETED', 'BUILT_NOT_EXPORTED', 'ERROR',"
            " 'NO_FILES_FOUND', 'NO_CONSENT', 'NO_RESERVATION')",
        ),
        _check("ident", "session_identifier <> ''"),
        _check("reason", "end_reason IS NULL OR event_type = 'END'"),
        _check("waits", "length(waits_for) <= 500").ddl_if(dialect="sqlite"),
        _lengths(
            "length(CAST(session_note AS BLOB)) <= 65535",
            session_identifier=36,
            instrument=100,
            user=50,
            project=64,
            computer_name=64,
            logger_version=32,
            end_reason=30,
        ),
        ON_SERVERS,
    )

    id_session_log: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    session_identifier: Mapped[str] = mapped_column(machine_word(36))
    instrument: Mapped[str] = mapped_column(words(100), ForeignKey("instruments.instrument_pid"))
    timestamp: Mapped[datetime] = mapped_column(UTCDateTime, server_default=utc_now())
    utc_offset_min: Mapped[int | None] = mapped_column(SmallInteger)
    event_type: Mapped[str] = mapped_column(machine_word(20))
    record_status: Mapped[str] = mapped_column(machine_word(20), server_default="WAITING_FOR_END")
    user: Mapped[str | None] = mapped_column(words(50))
    project: Mapped[str | None] = mapped_column(words(64))
    session_note: Mapped[str | None] = mapped_column(Text)
    computer_name: Mapped[str | None] = mapped_column(pc_name())
    logger_version: Mapped[str | None] = mapped_column(machine_word(32))
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    end_reason: Mapped[str | None] = mapped_column(machine_word(30))
    resumed: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    paused_seconds: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    last_activity_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=utc_now())
    waits_for: Mapped[str | None] = mapped_column(words(500))


INSTRUMENTS = cast("Table", InstrumentRow.__table__)
SESSION_LOG = cast("Table", SessionLogRow.__table__)

# Added behind the mapper's back: reading a mapped generated column back costs a SELECT per INSERT on MySQL.
SESSION_LOG.append_column(
    Column(
        "once_event",
        machine_word(20),
        Computed("CASE WHEN event_type IN ('START', 'END') THEN event_type END", persisted=False),
    )
)
# At most one START and one END of an identifier; RECORD_GENERATION gives NULL, and may repeat.
Index("uq_session_log_once", SESSION_LOG.c.session_identifier, SESSION_LOG.c.once_event, unique=True)


class FileManifestRow(Base):
    """What a session put into the store: one row per session and object.

    `md5` is of the content now in the store, NULL until known; `object_digest` is the SHA-256 of
    bucket, line feed and name, because the names are too long for a unique key.
    """

    __tablename__ = "file_manifest"
    __table_args__ = (
        UniqueConstraint("object_digest", "session_identifier", name="uq_file_manifest_object"),
        Index("ix_file_manifest_session", "session_identifier", "state", "size_bytes"),
        Index("ix_file_manifest_state", "state", "discovered_at"),
        Index("ix_file_manifest_instrument", "instrument", "discovered_at"),
        _check("state", "state IN ('PENDING', 'UPLOADED', 'MISSING', 'SKIPPED')"),
        _check("digest", "LENGTH(object_digest) = 64 AND (md5 IS NULL OR LENGTH(md5) = 32)"),
        # In hexadecimal: the one way to count bytes that all three databases know.
        _check("name", "object_name <> '' AND LENGTH(HEX(object_name)) <= 2048"),
        _check("size", "size_bytes >= 0 AND attempts >= 0"),
        _check(
            "upl",
            "state <> 'UPLOADED' OR (md5 IS NOT NULL AND generation IS NOT NULL AND uploaded_at IS NOT NULL)",
        ),
        _check("skip", "state <> 'SKIPPED' OR (reason IS NOT NULL AND decided_by IS NOT NULL)"),
        _check("missing", "state <> 'MISSING' OR reason IS NOT NULL"),
        _lengths(
            session_identifier=36,
            instrument=100,
            computer_name=64,
            bucket=255,
            last_error=500,
            reason=255,
            decided_by=50,
        ),
        ON_SERVERS,
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    session_identifier: Mapped[str] = mapped_column(machine_word(36))
    instrument: Mapped[str] = mapped_column(words(100), ForeignKey("instruments.instrument_pid"))
    computer_name: Mapped[str | None] = mapped_column(pc_name())
    bucket: Mapped[str] = mapped_column(words(255))
    object_name: Mapped[str] = mapped_column(words(1024))
    object_digest: Mapped[str] = mapped_column(machine_code(64))
    md5: Mapped[str | None] = mapped_column(machine_code(32))
    size_bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    modified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(machine_word(12), server_default="PENDING")
    generation: Mapped[int | None] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_error: Mapped[str | None] = mapped_column(words(500))
    reason: Mapped[str | None] = mapped_column(words(255))
    decided_by: Mapped[str | None] = mapped_column(words(50))
    discovered_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=utc_now())
    uploaded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class LoggerRow(Base):
    """A logger's report of itself."""

    __tablename__ = "loggers"
    __table_args__ = (
        Index("ix_loggers_computer", "computer_name"),
        Index("ix_loggers_instrument", "instrument"),
        _lengths(
            logger_id=36,
            computer_name=64,
            instrument=100,
            logger_version=32,
            state=20,
            session_identifier=36,
            last_error=500,
        ),
        ON_SERVERS,
    )

    logger_id: Mapped[str] = mapped_column(machine_code(36), primary_key=True)
    computer_name: Mapped[str] = mapped_column(pc_name())
    instrument: Mapped[str | None] = mapped_column(words(100), ForeignKey("instruments.instrument_pid"))
    logger_version: Mapped[str] = mapped_column(machine_word(32))
    state: Mapped[str] = mapped_column(machine_word(20))
    session_identifier: Mapped[str | None] = mapped_column(machine_word(36))
    files_waiting: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    bytes_waiting: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    oldest_waiting_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_good_pass_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(words(500))
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    disk_free_bytes: Mapped[int | None] = mapped_column(BigInteger)
    first_seen_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=utc_now())
    last_seen_at: Mapped[datetime] = mapped_column(UTCDateTime, server_default=utc_now())


class SchemaInfoRow(Base):
    """What a logger asks before it writes: not "the same revision?" but "may I?".

    `compat` is raised only by a migration that breaks older loggers.
    """

    __tablename__ = "schema_info"
    __table_args__ = (_check("one", "only_row = 1"), _lengths(minimum_logger=32), ON_SERVERS)

    only_row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False, server_default=text("1"))
    compat: Mapped[int] = mapped_column(Integer)
    minimum_logger: Mapped[str] = mapped_column(machine_word(32))


FILE_MANIFEST = cast("Table", FileManifestRow.__table__)
LOGGERS = cast("Table", LoggerRow.__table__)
SCHEMA_INFO = cast("Table", SchemaInfoRow.__table__)
