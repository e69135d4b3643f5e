"""A database on a real server as the program meets it on Cloud SQL: fixtures for any test."""

from __future__ import annotations

import gc
import logging
import os
import socket
import uuid
from collections.abc import Iterator
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


@pytest.fixture
def cloud(cloud_schema: tuple[Server, str], tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Cloud]:
    """A stand-in, an account with the least rights, and settings; whatever is tried with it logs no secret."""
    caplog.set_level(logging.DEBUG)
    server, name = cloud_schema
    email = f"tem-{uuid.uuid4().hex[:8]}@lab-project.iam.gserviceaccount.com"
    user = email.split("@", maxsplit=1)[0]
    server.run(f"CREATE USER '{user}'@'%'", *grants(Role.LOGGER, email, name))
    standin = CloudSqlStandin(lambda: socket.create_connection(("127.0.0.1", server.port), 10)).start()
    key = standin.service_account_file(email, tmp_path / "key.json")
    environ = {
        "HOME": str(tmp_path),
        "NEXUSLIMSGUI_HOME": str(tmp_path / "program"),
        "NEXUSLIMSGUI_CLOUDSQL_INSTANCE": INSTANCE,
        "NEXUSLIMSGUI_CLOUDSQL_API_ENDPOINT": standin.endpoint,
        "NEXUSLIMSGUI_DB_NAME": name,
        "NEXUSLIMSGUI_CREDENTIALS_FILE": os.fspath(key),
    }
    made = Cloud(standin, server, name, email, environ)
    try:
        yield made
    finally:
        while made.all_opened:
            made.all_opened.pop().disconnect()
        standin.stop()
        server.run(f"DROP USER '{user}'@'%'")
        gc.collect()  # what an engine leaves behind is this test's
    written = logging.Formatter("%(name)s %(message)s")
    shown = "\n".join(written.format(record) for when in ("setup", "call") for record in caplog.get_records(when))
    assert [secret for secret in standin.secrets if secret in shown] == []
    assert "PRIVATE KEY" not in shown
