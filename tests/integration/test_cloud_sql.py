"""Cloud SQL through the stand-in: the connector and google-auth as they are, a real server behind them."""

from __future__ import annotations

import functools
import gc
import logging
import socket
import time
import traceback
import uuid
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google.oauth2.credentials
import pytest
from google.cloud.sql.connector import connector
from sqlalchemy import text

from nexuslims_logger.db import cloud_sql, engine
from nexuslims_logger.db.tasks import apply_session, find_instrument, open_database
from nexuslims_logger.db.worker import IDLE_S, DatabasePorts, Task, database_main
from nexuslims_logger.errors import AccessDenied, ConfigurationError, DatabaseUnavailable, LoggerError
from tests.cloud_sql_standin import INSTANCE
from tests.database_servers import free_port, new_database
from tests.integration.test_tasks import ENDED, READY, RUNNING
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.db.unit_of_work import EngineUnits
    from nexuslims_logger.messages import Stop
    from nexuslims_logger.ports import Reply
    from tests.cloud_sql_database import Cloud
    from tests.database_servers import Server

#: What a step may take here; the real limits are longer, and the sum of each is what a hang costs.
PREPARING_S, ANSWER_S, QUERY_S = 1.0, 1.0, 1
HANG_S = 2 * PREPARING_S + 3 * ANSWER_S + 2 * QUERY_S


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


def test_an_idle_logger_holds_no_connection(cloud: Cloud) -> None:
    units = cloud.opened()
    look_up(units)
    held = cloud.connections()
    units.disconnect()

    assert held == 1
    until(lambda: cloud.connections() == 0, "the server still has connections")


def test_two_hundred_idle_loggers_hold_none(mariadb: Server, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with new_database("mariadb", request, tmp_path) as database:
        schema = database.engine.url.database

        def connections() -> int:
            return int(mariadb.ask(f"SELECT COUNT(*) FROM information_schema.processlist WHERE db = '{schema}'")[0][0])

        loggers = [_Logger(open_database(database.settings)) for _ in range(200)]
        for logger in loggers:
            with pytest.raises(_StillIdle):
                database_main(DatabasePorts(logger, logger.open))
            assert logger.reply is not None
            assert logger.reply.value == 1
        until(lambda: connections() == 0, "the server still has connections")


def _one(units: EngineUnits) -> object:
    with units() as unit:
        return unit.repository._connection.execute(text("SELECT 1")).scalar()


class _StillIdle(Exception):
    """The database thread waits for work; it is left as it is."""


class _Logger:
    """A logger that asks the database once, and then nothing for a long while."""

    def __init__(self, units: EngineUnits) -> None:
        self._units = units
        self.waited: list[float | None] = []
        self.reply: Reply | None = None

    def open(self) -> EngineUnits:
        return self._units

    def put(self, message: Any) -> None:
        self.reply = message

    def get(self, timeout_s: float | None) -> Task | Stop | None:
        self.waited.append(timeout_s)
        if len(self.waited) == 1:
            return Task(_one, (), ticket=None, reply_to=self)
        if len(self.waited) == 2:
            return None
        assert self.waited == [None, IDLE_S, None], "it hangs up once, and then waits for work"
        raise _StillIdle
