"""Cloud SQL through the stand-in: the connector and google-auth as they are, a real server behind them."""

from __future__ import annotations

import functools
import gc
import logging
import os
import socket
import time
import traceback
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import google.oauth2.credentials
import pytest
from google.cloud.sql.connector import connector
from sqlalchemy import text

from nexuslims_logger.config import load_settings
from nexuslims_logger.db import cloud_sql, engine, migrate
from nexuslims_logger.db.grants import Role, grants
from nexuslims_logger.db.tasks import apply_session, find_instrument, open_database
from nexuslims_logger.errors import AccessDenied, ConfigurationError, DatabaseUnavailable, LoggerError
from tests.cloud_sql_standin import INSTANCE, CloudSqlStandin
from tests.database_servers import KINDS, free_port, new_database
from tests.integration.test_tasks import ENDED, READY, RUNNING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nexuslims_logger.db.unit_of_work import EngineUnits
    from tests.database_servers import Server

#: What a step may take here; the real limits are longer, and the sum of each is what a hang costs.
PREPARING_S, ANSWER_S, QUERY_S = 1.0, 1.0, 1
HANG_S = 2 * PREPARING_S + 3 * ANSWER_S + 2 * QUERY_S


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
def schema(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
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
def cloud(schema: tuple[Server, str], tmp_path: Path) -> Iterator[Cloud]:
    server, name = schema
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


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Use the stand-in's port, and shorter limits of the same kinds."""
    monkeypatch.setattr(
        cloud_sql, "Limits", functools.partial(cloud_sql.Limits, preparing_s=PREPARING_S, answer_s=ANSWER_S)
    )
    monkeypatch.setattr(engine, "NETWORK_TIMEOUT_S", QUERY_S)
    if "cloud" in request.fixturenames:
        monkeypatch.setattr(connector, "SERVER_PROXY_PORT", request.getfixturevalue("cloud").standin.port)


def look_up(units: EngineUnits) -> str:
    return find_instrument(units, "TEM-PC-1", None, register=False).instrument_pid


def test_a_session_is_recorded_with_a_key_file(cloud: Cloud) -> None:
    units = cloud.opened()

    assert look_up(units) == "TITAN"
    for facts in (RUNNING, ENDED, READY):
        apply_session(units, facts)
    units.disconnect()

    rows = cloud.server.ask(f"SELECT event_type, record_status FROM {cloud.schema}.session_log ORDER BY 1")
    assert rows == (("END", "TO_BE_BUILT"), ("START", "TO_BE_BUILT"))
    assert set(cloud.standin.logins) == {cloud.user}
    assert len(cloud.standin.calls) == 2, "one look at the instance and one certificate, however many connections"


def test_a_session_is_recorded_with_a_users_credentials(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = google.oauth2.credentials.Credentials(  # type: ignore[no-untyped-call]  # typed in part
        token=None, **cloud.standin.user_credentials(cloud.email)
    )
    monkeypatch.setattr("google.auth.default", lambda scopes: (mine, None))
    del cloud.environ["NEXUSLIMSGUI_CREDENTIALS_FILE"]

    with pytest.raises(ConfigurationError, match="NEXUSLIMSGUI_DB_USER is missing"):
        look_up(cloud.opened())
    cloud.environ["NEXUSLIMSGUI_DB_USER"] = cloud.email

    assert look_up(cloud.opened()) == "TITAN"


def _other_account(cloud: Cloud) -> None:
    other = f"new-{uuid.uuid4().hex[:8]}@lab-project.iam.gserviceaccount.com"
    cloud.standin.service_account_file(other, Path(cloud.environ["NEXUSLIMSGUI_CREDENTIALS_FILE"]))


def _see_all(cloud: Cloud) -> None:
    cloud.server.run(f"GRANT SELECT ON *.* TO '{cloud.user}'@'%'")
    cloud.environ["NEXUSLIMSGUI_DB_NAME"] = "nowhere"


def _no_credentials(cloud: Cloud) -> None:
    Path(cloud.environ["NEXUSLIMSGUI_CREDENTIALS_FILE"]).write_text("{}")


def _nobody_at_the_api(cloud: Cloud) -> None:
    cloud.environ["NEXUSLIMSGUI_CLOUDSQL_API_ENDPOINT"] = f"http://127.0.0.1:{free_port()}"


def _weather(**changes: object) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        for name, value in changes.items():
            setattr(cloud.standin.weather, name, value)

    return change


def _setting(name: str, value: str) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        cloud.environ[f"NEXUSLIMSGUI_{name}"] = value

    return change


#: What goes wrong, what the program makes of it, and what the user must read.
CASES: dict[str, tuple[Callable[[Cloud], None], type[LoggerError], tuple[str, ...]]] = {
    "no such instance": (
        _setting("CLOUDSQL_INSTANCE", "lab-project:us-east1:other"),
        ConfigurationError,
        ("NEXUSLIMSGUI_CLOUDSQL_INSTANCE", "lab-project:us-east1:other", "404"),
    ),
    "another region": (
        _setting("CLOUDSQL_INSTANCE", "lab-project:us-west1:nexus"),
        ConfigurationError,
        ("NEXUSLIMSGUI_CLOUDSQL_INSTANCE", "us-east1"),
    ),
    "no such address": (
        _setting("CLOUDSQL_IP_TYPE", "private"),
        ConfigurationError,
        ("NEXUSLIMSGUI_CLOUDSQL_IP_TYPE", "private"),
    ),
    "no permission": (
        _weather(api_answer=(403, "Not authorized to access resource.")),
        AccessDenied,
        ("roles/cloudsql.client", "403"),
    ),
    "the Admin API is switched off": (
        _weather(api_answer=(403, "Cloud SQL Admin API has not been used in project 1 before or it is disabled.")),
        ConfigurationError,
        ("gcloud services enable sqladmin.googleapis.com",),
    ),
    "a database that is not there": (_see_all, ConfigurationError, ("NEXUSLIMSGUI_DB_NAME", "1049")),
    "a database without rights": (
        _setting("DB_NAME", "nowhere"),
        AccessDenied,
        ("NEXUSLIMSGUI_DB_NAME", "db grants", "1044"),
    ),
    "unknown database user": (_other_account, AccessDenied, ("gcloud sql users create", "1045")),
    "another's database user": (
        _setting("DB_USER", "somebody@lab-project.iam"),
        AccessDenied,
        ("NEXUSLIMSGUI_DB_USER", "1045"),
    ),
    "credentials revoked": (
        lambda cloud: cloud.standin.revoke(cloud.email),
        AccessDenied,
        ("revoked", "key.json", "invalid_grant"),
    ),
    "no credentials": (_no_credentials, ConfigurationError, ("NEXUSLIMSGUI_CREDENTIALS_FILE",)),
    "the PC's clock is wrong": (_weather(clock_ahead_s=7200.0), AccessDenied, ("clock", "time zone")),
    "the Admin API refuses": (
        _nobody_at_the_api,
        DatabaseUnavailable,
        ("Admin API", "firewall", "127.0.0.1 port"),
    ),
    "the Admin API hangs": (_weather(api_hangs=True), DatabaseUnavailable, ("Admin API", "firewall")),
    "the port is closed": (
        lambda cloud: cloud.standin.close_port(),
        DatabaseUnavailable,
        ("port 3307", "firewall"),
    ),
    "the port hangs": (_weather(proxy="hangs before TLS"), DatabaseUnavailable, ("port 3307",)),
    "the server hangs": (_weather(proxy="hangs after TLS"), DatabaseUnavailable, ("tried again",)),
    "another server": (
        _weather(foreign_certificate=True),
        AccessDenied,
        ("does not prove to be", INSTANCE, "port 3307"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_the_user_reads(cloud: Cloud, case: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    spoil, kind, words = CASES[case]
    spoil(cloud)
    begun = time.monotonic()

    with pytest.raises(LoggerError) as caught:
        look_up(cloud.opened())

    assert time.monotonic() - begun < HANG_S
    assert type(caught.value) is kind, caught.value
    for word in words:
        assert word in str(caught.value)
    gc.collect()
    shown = caplog.text + "".join(traceback.format_exception(caught.value))
    assert [secret for secret in cloud.standin.secrets if secret in shown] == []
    assert "PRIVATE KEY" not in shown
    assert socket.getdefaulttimeout() is None


def test_what_went_wrong_is_forgotten_when_it_works(cloud: Cloud) -> None:
    units = cloud.opened()
    cloud.standin.weather.api_answer = (403, "Not authorized.")
    with pytest.raises(AccessDenied):
        look_up(units)
    cloud.standin.weather.api_answer = None
    cloud.standin.close_port()
    with pytest.raises(DatabaseUnavailable):
        look_up(units)
    cloud.standin.open_port()

    assert look_up(units) == "TITAN"


def test_a_dead_admin_api_is_not_missed_while_the_certificate_lasts(cloud: Cloud) -> None:
    units = cloud.opened()
    look_up(units)
    units.disconnect()
    cloud.standin.weather.api_hangs = True

    assert look_up(units) == "TITAN"
    assert len(cloud.standin.logins) == 2


def test_after_sleep_there_is_a_new_certificate(cloud: Cloud) -> None:
    # Within four minutes of its end a certificate counts as expired.
    cloud.standin.weather.certificate_life = timedelta(minutes=3)
    units = cloud.opened()
    look_up(units)
    units.disconnect()

    assert look_up(units) == "TITAN"
    assert sum("generateEphemeralCert" in call for call in cloud.standin.calls) == 2


def test_a_connection_that_was_dropped_while_idle_is_replaced(cloud: Cloud) -> None:
    units = cloud.opened()
    look_up(units)
    cloud.standin.drop_all()

    assert look_up(units) == "TITAN"
    assert len(cloud.standin.logins) == 2


def test_a_server_frozen_in_a_query_costs_a_limited_time(cloud: Cloud) -> None:
    units = cloud.opened()

    def freeze() -> None:
        with units() as unit:
            cloud.standin.weather.proxy = "frozen"
            unit.repository._connection.execute(text("SELECT 1"))

    for ask, words in ((freeze, "2013"), (lambda: look_up(units), "tried again")):
        begun = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match=words):
            ask()
        assert time.monotonic() - begun < HANG_S


def test_no_tls_is_begun_inside_the_tunnel(cloud: Cloud) -> None:
    cloud.standin.weather.offers_nested_tls = True

    assert look_up(cloud.opened()) == "TITAN"


def test_idle_loggers_hold_no_connection(cloud: Cloud) -> None:
    loggers = [cloud.opened() for _ in range(3)]
    for units in loggers:
        look_up(units)
    held = cloud.connections()
    for units in loggers:
        units.disconnect()

    assert held == 3
    limit = time.monotonic() + 10
    while cloud.connections() and time.monotonic() < limit:
        time.sleep(0.02)
    assert cloud.connections() == 0
