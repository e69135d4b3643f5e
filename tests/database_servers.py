"""Real databases for tests: SQLite files, and throw-away servers on loopback.

A MariaDB is started once per test process, on first use, and stopped at the end. MySQL joins in where there is one:
the `mysqld` that ``NEXUSLIMS_TEST_MYSQLD`` names, or the one that ``make mysql`` unpacked. Each test gets a schema of
its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql  # type: ignore[import-untyped]  # it has no types of its own
import pytest
from sqlalchemy import Engine, event

from nexuslims_logger.config import Settings, load_settings
from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine

UNPACKED = Path(__file__).parents[1] / ".mysql" / "mysqld"
MYSQLD = os.environ.get("NEXUSLIMS_TEST_MYSQLD") or (str(UNPACKED) if UNPACKED.exists() else None)
if sys.platform == "win32":
    MYSQLD = None  # Linux's program; MariaDB is run outside, for both
KINDS = ("sqlite", "mariadb", *(("mysql",) if MYSQLD else ()))

START_LIMIT_S = 60.0
AS_ROOT = ("--user=root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()


@dataclass
class Server:
    """A running server; root has no password, and only this machine can reach it.

    Under Wine it has no process: Linux runs it.
    """

    process: subprocess.Popen[bytes] | None
    port: int

    def run(self, *statements: str) -> None:
        """Run statements as root."""
        with pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", autocommit=True, connect_timeout=5
        ) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)

    def ask(self, question: str) -> tuple[tuple[Any, ...], ...]:
        """Ask as root."""
        with pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", autocommit=True, connect_timeout=5
        ) as connection:
            cursor = connection.cursor()
            cursor.execute(question)
            rows: tuple[tuple[Any, ...], ...] = cursor.fetchall()
            return rows

    def url(self, schema: str) -> str:
        """Return the address of a schema."""
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{schema}"


@dataclass
class Database:
    """One test's database, empty until `migrated`."""

    kind: str
    settings: Settings
    engine: Engine

    @property
    def environ(self) -> dict[str, str]:
        """Settings as a program would be given them."""
        assert self.settings.database_url is not None
        return {
            "NEXUSLIMSGUI_HOME": str(self.settings.home),
            "NEXUSLIMSGUI_DATABASE_URL": self.settings.database_url,
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def settings_for(home: Path, database_url: str | None = None) -> Settings:
    """Return the default settings with a home, and perhaps a database, of the test's own."""
    home.mkdir(parents=True, exist_ok=True)
    environ = {"HOME": str(home), "NEXUSLIMSGUI_HOME": str(home / "program")}
    if database_url is not None:
        environ["NEXUSLIMSGUI_DATABASE_URL"] = database_url
    return load_settings(environ)


def _program(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
        if found:
            return found
    pytest.fail(f"{names[0]} is missing: apt-get install mariadb-server-core mariadb-client-core")


def _answer_within(server: Server, log: Path) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while True:
        try:
            server.run("SELECT 1")
        except pymysql.MySQLError as error:
            if (server.process and server.process.poll() is not None) or time.monotonic() > limit:
                told = log.read_text()[-3000:]
                raise RuntimeError(f"the database server cannot be used:\n{told}") from error
            time.sleep(0.02)  # a server that comes up tells nobody
        else:
            return


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[Server]:
    """Start a server whose data are in `folder`/data, and stop it in the end."""
    log = folder / "server.log"
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *command,
                f"--datadir={folder / 'data'}",
                f"--tmpdir={folder}",
                # Relative to the data: the path of a socket may have no more than 107 bytes.
                "--socket=s.sock",
                "--pid-file=server.pid",
                f"--port={port}",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--innodb-buffer-pool-size=64M",
                "--innodb-flush-log-at-trx-commit=0",
                "--character-set-server=utf8mb4",
                *AS_ROOT,
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    server = Server(process, port)
    try:
        _answer_within(server, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_mariadb(folder: Path) -> Iterator[Server]:
    """Make a MariaDB in `folder`, and take it away in the end."""
    subprocess.run(
        [
            _program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            # In one folder for all, the temporary tables of two that start at once meet, and one of them crashes.
            f"--tmpdir={folder}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            *AS_ROOT,
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    # Its local time is not UTC, so that a query which mixes them up is seen.
    command = [_program("mariadbd", "mysqld"), "--no-defaults", "--default-time-zone=+05:30"]
    with _running(command, folder) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A MariaDB for the tests of this process."""
    if port := os.environ.get("NEXUSLIMS_TEST_MARIADB"):
        yield Server(None, int(port))
        return
    with running_mariadb(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(scope="session")
def mysql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A MySQL for the tests of this process, where one is configured."""
    assert MYSQLD is not None
    folder = tmp_path_factory.mktemp("mysql")
    command = [MYSQLD, "--no-defaults", "--mysqlx=OFF", "--default-time-zone=+05:30"]
    first_words = folder / "first.sql"
    first_words.write_text("CREATE USER 'root'@'127.0.0.1'; GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;")
    subprocess.run(
        [
            MYSQLD,
            "--no-defaults",
            "--initialize-insecure",
            f"--datadir={folder / 'data'}",
            f"--tmpdir={folder}",
            f"--init-file={first_words}",
            *AS_ROOT,
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    with _running(command, folder) as server:
        yield server


@contextmanager
def new_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Database]:
    """Make an empty database of that kind, and drop it in the end."""
    if kind == "sqlite":
        with _connected(folder, kind, f"sqlite:///{folder / 'central.db'}") as made:
            yield made
        return
    server: Server = request.getfixturevalue(kind)
    schema = f"nx_{uuid.uuid4().hex[:12]}"
    # The worst default that is still found: the migrations name their own.
    server.run(f"CREATE DATABASE {schema} CHARACTER SET latin1")
    try:
        with _connected(folder, kind, server.url(schema)) as made:
            yield made
    finally:
        server.run(f"DROP DATABASE {schema}")


@contextmanager
def _connected(folder: Path, kind: str, url: str) -> Iterator[Database]:
    settings = settings_for(folder / "home", url)
    engine = build_engine(settings)
    try:
        yield Database(kind, settings, engine)
    finally:
        engine.dispose()


@pytest.fixture(params=KINDS)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    with new_database(request.param, request, tmp_path) as made:
        yield made


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database of each kind at the newest revision."""
    migrate.upgrade(empty_database.engine)
    return empty_database


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database; a batch counts once, as it is sent once."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement != "BEGIN IMMEDIATE":
            sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
