"""Engines for the databases that settings name."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import sqlite3
import subprocess
import sys
import traceback
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.config_values import masked_url
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
    ],
)
def test_an_address_that_cannot_be_used_is_named_and_no_password(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        build_engine(settings_for(tmp_path, url))
    assert said in refused.value.message


#: Everything that means something in an address, in the order of every two.
ODD = [f"PART{one}PART{two}PART=9" for one, two in itertools.product("@:/?#%&=[", repeat=2)]


@pytest.mark.parametrize("after", ["@db.example:3306/nexus", "@db.example/nexus?read_timeout=5", "@[::1]/nexus", ""])
def test_no_part_of_an_odd_password_is_shown_or_logged(settings: Settings, after: str) -> None:
    for password in ODD:
        if not after and "@" in password:
            continue  # what follows it is a host
        url = f"mysql+pymysql://logger:{password}{after}"
        given = dataclasses.replace(settings, database_url=url)
        shown = [masked_url(url)]
        try:
            shown.append(repr(build_engine(given)))
        except ConfigurationError as error:
            shown.append("".join(traceback.format_exception(error)))
        if after:
            shown.append(given.database_label)
        assert "PART" not in " ".join(shown), password


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("mysql+pymysql://u:a/b#c?d@db.example:3306/nx?ssl_ca=/x", "db.example:3306/nx"),
        ("mariadb://db.example/nx", "db.example/nx"),
        ("sqlite:////home/me@lab/x.db", "//home/me@lab/x.db"),
    ],
)
def test_a_database_is_known_by_its_place(settings: Settings, url: str, place: str) -> None:
    assert dataclasses.replace(settings, database_url=url).database_label == place
    build_engine(dataclasses.replace(settings, database_url=url.partition("?ssl")[0]))


def test_options_are_masked_with_whatever_they_hold() -> None:
    assert masked_url("mysql://db.example/nx?password=PART") == "mysql://db.example/nx"
