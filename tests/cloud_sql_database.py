"""A database on a real server as the program meets it on Cloud SQL: fixtures for any test."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.config import load_settings
from nexuslims_logger.db import migrate
from nexuslims_logger.db.grants import Role, grants
from nexuslims_logger.db.tasks import open_database
from tests.cloud_sql_standin import INSTANCE, CloudSqlStandin
from tests.database_servers import KINDS, Server, new_database

if TYPE_CHECKING:
    from nexuslims_logger.db.unit_of_work import EngineUnits


#: Fixed in the connector.
_GOOGLES_PORT = 3307


@dataclass
class Cloud:
    """A schema with one instrument on a real server, its logger's account, and the stand-in before both."""

    standin: CloudSqlStandin
    server: Server
    schema: str
    email: str
    environ: dict[str, str]
    all_opened: list[EngineUnits] = field(default_factory=list)

    @property
    def user(self) -> str:
        return self.email.split("@", maxsplit=1)[0]

    def opened(self) -> EngineUnits:
        """Return units of work as a logger with these settings has them."""
        units = open_database(load_settings(self.environ))
        self.all_opened.append(units)
        return units

    def connections(self) -> int:
        """Count the account's connections at the server."""
        listed = self.server.ask(f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{self.user}'")
        return int(listed[0][0])


@pytest.fixture(scope="module", params=[kind for kind in KINDS if kind != "sqlite"])
def cloud_schema(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, str]]:
    """A real server and a schema on it, with one instrument."""
    server: Server = request.getfixturevalue(request.param)
    with new_database(request.param, request, tmp_path_factory.mktemp("schema")) as database:
        migrate.upgrade(database.engine)
        name = str(database.engine.url.database)
        server.run(
            f"INSERT INTO {name}.instruments (instrument_pid, schema_name, filestore_path, computer_name)"
            " VALUES ('TITAN', 'FEI Titan', './Titan', 'TEM-PC-1')"
        )
        yield server, name


@contextmanager
def logger_account(server: Server, schema: str, folder: Path, standin: CloudSqlStandin) -> Iterator[Cloud]:
    """Make an account with the least rights, and settings that lead to it through the stand-in, which is started."""
    email = f"tem-{uuid.uuid4().hex[:8]}@lab-project.iam.gserviceaccount.com"
    user = email.split("@", maxsplit=1)[0]
    server.run(f"CREATE USER '{user}'@'%'", *grants(Role.LOGGER, email, schema))
    standin.start()
    key = standin.service_account_file(email, folder / "key.json")
    environ = {
        "HOME": str(folder),
        "NEXUSLIMSGUI_HOME": str(folder / "program"),
        "NEXUSLIMSGUI_CLOUDSQL_INSTANCE": INSTANCE,
        "NEXUSLIMSGUI_CLOUDSQL_API_ENDPOINT": standin.endpoint,
        "NEXUSLIMSGUI_DB_NAME": schema,
        "NEXUSLIMSGUI_CREDENTIALS_FILE": os.fspath(key),
    }
    made = Cloud(standin, server, schema, email, environ)
    try:
        yield made
    finally:
        while made.all_opened:
            made.all_opened.pop().disconnect()
        standin.stop()
        server.run(f"DROP USER '{user}'@'%'")


def standin_for_executables(server: Server) -> CloudSqlStandin:
    """Return a stand-in at Google's own port: an executable cannot be told another one."""
    address = f"127.{secrets.randbelow(253) + 1}.{secrets.randbelow(254)}.{secrets.randbelow(253) + 1}"
    return CloudSqlStandin(_door_of(server), port=_GOOGLES_PORT, host=address)


def _door_of(server: Server) -> Callable[[], socket.socket]:
    return lambda: socket.create_connection(("127.0.0.1", server.port), 10)


@pytest.fixture
def cloud(cloud_schema: tuple[Server, str], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Cloud]:
    """A stand-in, an account with the least rights, and settings; whatever is tried with it logs no secret."""
    caplog.set_level(logging.DEBUG)
    server, name = cloud_schema
    standin = CloudSqlStandin(_door_of(server))
    with logger_account(server, name, tmp_path, standin) as made:
        yield made
    gc.collect()  # what an engine leaves behind is this test's
    written = logging.Formatter("%(name)s %(message)s")
    shown = "\n".join(written.format(record) for when in ("setup", "call") for record in caplog.get_records(when))
    assert [secret for secret in standin.secrets if secret in shown] == []
    assert "PRIVATE KEY" not in shown
