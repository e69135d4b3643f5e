"""Column types and expressions that mean the same on SQLite, MariaDB and MySQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CHAR, BigInteger, DateTime, Integer, String
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

#: Names of SQLAlchemy dialects that speak to a MySQL or MariaDB server.
SERVERS = ("mysql", "mariadb")


class UTCDateTime(TypeDecorator[datetime]):
    """An aware time in Python, naive UTC with microseconds in the database.

    A naive value is refused: nobody could say which zone it is in. On SQLite it is text with six
    digits of a second, so that the order of the text is the order of time.
    """

    impl = DateTime
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        if dialect.name in SERVERS:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value.isoformat()}: the zone is missing")
        return value.astimezone(UTC).replace(tzinfo=None)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class utc_now(FunctionElement[datetime]):  # noqa: N801 - reads like an SQL function
    """The database's own time, in UTC (on the servers CURRENT_TIMESTAMP is local time)."""

    type = UTCDateTime()
    inherit_cache = True


@compiles(utc_now, "sqlite")
def _utc_now_sqlite(element: utc_now, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ARG001 - as called
    # SQLite's clock has three digits; the text has six everywhere.
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiles(utc_now, *SERVERS)
def _utc_now_servers(element: utc_now, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ARG001 - as called
    return "(UTC_TIMESTAMP(6))"


def words(length: int) -> String:
    """Text that people write; compared with case and accents."""
    return _text(length, "utf8mb4", "utf8mb4_bin")


def machine_word(length: int) -> String:
    """ASCII text that programs write."""
    return _text(length, "ascii", "ascii_bin")


def machine_code(length: int) -> CHAR:
    """ASCII text of a fixed length: identifiers and checksums."""
    on_servers = mysql.CHAR(length, charset="ascii", collation="ascii_bin")
    return CHAR(length).with_variant(on_servers, *SERVERS)


def pc_name(length: int = 64) -> String:
    """Return the type of a computer's name: case does not matter, as on Windows."""
    on_servers = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_general_ci")
    return String(length, collation="NOCASE").with_variant(on_servers, *SERVERS)


def _text(length: int, charset: str, collation: str) -> String:
    return String(length).with_variant(mysql.VARCHAR(length, charset=charset, collation=collation), *SERVERS)


#: SQLite counts up by itself only in an ``INTEGER PRIMARY KEY``.
ROW_ID = BigInteger().with_variant(Integer(), "sqlite")
