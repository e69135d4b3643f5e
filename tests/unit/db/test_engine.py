"""Engines for the databases that settings name."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.errors import ConfigurationError, DatabaseUnavailable
from tests.database_servers import settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.config import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path / f"odd 100% folder #1{'' if sys.platform == 'win32' else '?'}")


def test_the_default_is_a_file_in_the_programs_home(settings: Settings) -> None:
    settings.home.mkdir()
    engine = build_engine(settings)
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("foreign_keys", "journal_mode", "synchronous", "busy_timeout")
        }
    engine.dispose()

    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "synchronous": 2, "busy_timeout": 15000}
    assert settings.embedded_database.exists()


def test_ddl_is_part_of_a_transaction(settings: Settings) -> None:
    settings.home.mkdir()
    engine = build_engine(settings)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
        connection.rollback()
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    engine.dispose()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
def test_a_file_that_was_deleted_outlives_every_refusal(settings: Settings) -> None:
    settings.home.mkdir()
    engine = build_engine(settings)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a)")
    shutil.rmtree(settings.home)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="has gone"), engine.begin():
            pass
    settings.home.mkdir()
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
    engine.dispose()

    with closing(sqlite3.connect(settings.embedded_database)) as written:
        assert written.execute("SELECT a FROM t").fetchall() == [(1,)]


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mariadb"])
def test_a_server_gets_the_driver_that_is_installed(settings: Settings, scheme: str) -> None:
    engine = build_engine(dataclasses.replace(settings, database_url=f"{scheme}://u:p@db.example/nx"))

    assert engine.dialect.driver == "pymysql"


def test_cloud_sql_is_imported_where_it_is_configured_only() -> None:
    code = (
        "import sys, nexuslims_logger.db.engine as engine, nexuslims_logger.config as config, dataclasses\n"
        "settings = config.load_settings({'HOME': '/nowhere'})\n"
        "engine.build_engine(settings)\n"
        "assert 'google.cloud.sql' not in sys.modules and 'aiohttp' not in sys.modules\n"
        "made = engine.build_engine(dataclasses.replace(settings, cloudsql_instance='p:r:i', db_name='nx'))\n"
        "assert 'google.cloud.sql' in sys.modules\n"
        "print(made.dialect.driver, made.url.database)"
    )
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)

    assert answer.stdout.split() == ["pymysql", "nx"]


@pytest.mark.parametrize(
    "url", ["not a url", "oracle+nothing://u:pass-word@h/x", "postgresql+nodriver://u:pass-word@h/x"]
)
def test_what_cannot_be_used_is_told_without_the_password(settings: Settings, url: str) -> None:
    with pytest.raises(ConfigurationError, match="NEXUSLIMSGUI_DATABASE_URL") as caught:
        build_engine(dataclasses.replace(settings, database_url=url))

    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql+pymysql://u:p@h/nx?sslca=/x.pem", "no option 'sslca'"),
        ("mysql+pymysql://u:p@h/nx?read_timeout=abc", "a value that cannot be used"),
        ("mysql+pymysql://u:p@h/nx?ssl_ca=/nowhere/ca.pem", "ssl_ca names /nowhere/ca.pem, which is not there"),
        ("mysql+pymysql://u:sec@r3t@h/nx", "write it as %40"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_and_no_password(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        build_engine(settings_for(tmp_path, url))
    assert said in refused.value.message
    assert "r3t" not in f"{refused.value.title} {refused.value.message}"
