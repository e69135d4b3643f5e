"""Times that no zone can change."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.exc import StatementError

from nexuslims_logger.db.types import UTCDateTime, utc_now

TIMES = Table("times", MetaData(), Column("id", Integer, primary_key=True), Column("at", UTCDateTime))
SQLITE = sqlite.dialect()


def test_a_naive_time_is_refused(tmp_path: Path) -> None:
    engine = create_engine("sqlite://")
    TIMES.create(engine)

    with engine.connect() as connection, pytest.raises(StatementError, match="naive"):
        connection.execute(insert(TIMES).values(at=datetime(2026, 11, 1)))  # noqa: DTZ001 - the point
    engine.dispose()


@given(st.datetimes(timezones=st.timezones(), min_value=datetime(1990, 1, 2), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - as hypothesis wants them
def test_every_time_survives(at: datetime) -> None:
    kind = UTCDateTime()

    bound = kind.process_bind_param(at, SQLITE)

    assert bound is not None
    assert bound.tzinfo is None
    assert kind.process_result_value(bound, SQLITE) == at.astimezone(UTC)


def test_on_sqlite_it_is_text_with_six_digits(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'times.db'}")
    TIMES.create(engine)
    summer = timezone(timedelta(hours=2))
    with engine.begin() as connection:
        connection.execute(insert(TIMES), [{"at": datetime(2026, 7, 1, 1, 30, tzinfo=summer)}, {"at": None}])
        assert connection.scalars(select(TIMES.c.at)).all() == [datetime(2026, 6, 30, 23, 30, tzinfo=UTC), None]
    engine.dispose()

    raw = sqlite3.connect(tmp_path / "times.db")
    assert raw.execute("SELECT at FROM times").fetchall() == [("2026-06-30 23:30:00.000000",), (None,)]
    raw.close()


def test_on_the_servers_it_has_six_digits() -> None:
    assert UTCDateTime().compile(dialect=mysql.dialect()) == "DATETIME(6)"
    assert str(utc_now().compile(dialect=mysql.dialect())) == "(UTC_TIMESTAMP(6))"


def test_sqlites_own_time_is_read_back_as_utc() -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        now = connection.scalar(select(utc_now()))
    engine.dispose()

    assert now is not None
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=30)
