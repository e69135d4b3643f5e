"""``doctor`` as it is typed, on real databases in good and bad order."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.admin.doctor.findings import Outcome
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.config import load_settings
from nexuslims_logger.db import migrate
from nexuslims_logger.db.grants import Role, grants
from nexuslims_logger.db.tasks import find_instrument, open_database
from nexuslims_logger.exit_codes import ExitCode
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.sqlite import open_journal_file
from nexuslims_logger.storage.folder import FolderStore
from tests.database_servers import KINDS, free_port, new_database
from tests.storage_emulators import make_bucket, needs_emulators

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.database_servers import Server
    from tests.storage_proxy import StorageProxy

PASSWORD = "S3CRET-p%40ss"
IN_ORDER = ("name", "port", "login", "encryption", "clock", "schema", "rights", "instrument")


@dataclass
class Report:
    """What was printed."""

    code: int
    report: dict[str, Any]

    def line(self, group: str, name: str) -> dict[str, Any]:
        (found,) = [line for line in self.report["checks"] if (line["group"], line["name"]) == (group, name)]
        return dict(found)

    def database(self) -> dict[str, str]:
        return {line["name"]: line["outcome"] for line in self.report["checks"] if line["group"] == "database"}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "nexuslims_logger", "doctor", *arguments],
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=90,
    )
    assert "Traceback" not in result.stderr
    for shown in (result.stdout, result.stderr):
        assert "S3CRET" not in shown
    return result


def examined(**environment: str) -> Report:
    result = run("--json", **environment)
    return Report(result.returncode, json.loads(result.stdout))


@dataclass
class Account:
    """A logger's account on a server, and its schema."""

    server: Server
    schema: str
    user: str

    def url(self, **parts: str) -> str:
        to = {"user": self.user, "password": PASSWORD, "port": str(self.server.port), "schema": self.schema} | parts
        return f"mysql+pymysql://{to['user']}:{to['password']}@127.0.0.1:{to['port']}/{to['schema']}"

    def examined(self, **parts: str) -> Report:
        return examined(NEXUSLIMSGUI_DATABASE_URL=self.url(**parts))

    def run(self, *statements: str) -> None:
        self.server.run(*(statement.format(schema=self.schema, user=f"'{self.user}'@'%'") for statement in statements))


@pytest.fixture(params=[kind for kind in KINDS if kind != "sqlite"])
def account(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
    """An account that may do what a logger must, for this computer's instrument."""
    with new_database(request.param, request, tmp_path) as database:
        migrate.upgrade(database.engine)
        schema = str(database.engine.url.database)
        made = Account(request.getfixturevalue(request.param), schema, f"logger-{schema}")
        made.run("CREATE USER {user} IDENTIFIED BY 'S3CRET-p@ss'", *grants(Role.LOGGER, made.user, schema))
        made.run(
            "INSERT INTO {schema}.instruments (instrument_pid, schema_name, filestore_path, computer_name)"
            f" VALUES ('TITAN', 'FEI Titan', './Titan', '{platform.node()}')"
        )
        try:
            yield made
        finally:
            made.run("DROP USER {user}")


def test_all_is_well(account: Account) -> None:
    found = account.examined()

    assert found.code == ExitCode.COMPLETE
    assert found.database() == dict.fromkeys(IN_ORDER, "OK")
    assert found.line("database", "login")["said"].startswith(f"as {account.user}@%, to ")
    assert found.line("database", "rights")["said"] == "exactly what a logger needs"
    assert found.line("database", "instrument")["said"] == "FEI Titan (TITAN), files under ./Titan"
    assert " ms " in found.line("database", "clock")["said"]


def test_the_json_is_stable(account: Account) -> None:
    report = account.examined(password="wrong").report

    assert set(report) == {"version", "program", "computer", "outcome", "seconds", "checks"}
    assert (report["version"], report["computer"], report["outcome"]) == (1, platform.node(), "FAIL")
    assert 0 < report["seconds"] < 60
    for line in report["checks"]:
        assert set(line) == {"group", "name", "outcome", "said", "remedy", "seconds"}
        assert line["outcome"] in set(Outcome)
        assert line["said"]
        assert isinstance(line["seconds"], float | int)
        assert bool(line["remedy"]) == (line["outcome"] in {"WARN", "FAIL"})
    assert list(dict.fromkeys(line["group"] for line in report["checks"])) == [
        "settings",
        "program folder",
        "clock",
        "database",
        "store",
        "watch folders",
    ]


def test_a_wrong_password(account: Account) -> None:
    found = account.examined(password="S3CRET-too")

    assert found.code == ExitCode.FAILED
    assert list(found.database().items()) == [
        ("name", "OK"),
        ("port", "OK"),
        ("login", "FAIL"),
        *((name, "NOT CHECKED") for name in IN_ORDER[3:]),
    ]
    login = found.line("database", "login")
    assert "does not know this user" in login["said"]
    assert "1045" in login["remedy"]
    assert "user and password" in login["remedy"]
    assert found.line("store", "folder")["outcome"] == "OK"


def test_no_right_to_the_database_and_no_such_database(account: Account) -> None:
    assert account.examined(schema="mysql").database()["login"] == "FAIL"
    nowhere = account.examined(user="root", password="", schema="nowhere").line("database", "login")
    assert nowhere["outcome"] == "FAIL"
    assert nowhere["said"] == "There is no such database"
    assert "nowhere" in nowhere["remedy"]


def test_a_closed_port(account: Account) -> None:
    port = free_port()
    found = account.examined(port=str(port))

    assert found.database() == {
        "name": "OK",
        "port": "FAIL",
        **dict.fromkeys(IN_ORDER[2:], "NOT CHECKED"),
    }
    assert f"127.0.0.1, port {port} (TCP, outgoing)" in found.line("database", "port")["remedy"]


def test_an_address_that_cannot_be_read_is_told_by_the_login() -> None:
    found = examined(NEXUSLIMSGUI_DATABASE_URL="mysql://ada:Sup@er?S3CRET=9@db.example/nx")

    login = found.line("database", "login")
    assert login["outcome"] == "FAIL"
    assert "%40" in login["said"] + login["remedy"]


def test_a_name_that_nobody_knows() -> None:
    found = examined(NEXUSLIMSGUI_DATABASE_URL="mysql://ada:S3CRET@no-such-host.invalid/nx")

    assert found.code == ExitCode.FAILED
    assert found.database() == {"name": "FAIL", **dict.fromkeys(IN_ORDER[1:], "NOT CHECKED")}


def test_a_server_that_does_not_speak() -> None:
    """It takes the connection and is silent: the looks end all the same, and so does the process."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        found = examined(NEXUSLIMSGUI_DATABASE_URL=f"mysql://ada:S3CRET@127.0.0.1:{port}/nx")

    assert found.database()["port"] == "OK"
    assert found.database()["login"] == "FAIL"
    assert found.report["seconds"] < 60


def test_a_missing_table(account: Account) -> None:
    account.run("DROP VIEW {schema}.session_summary", "DROP TABLE {schema}.schema_info")
    account.run("DROP TABLE {schema}.file_manifest")

    found = account.examined()

    assert found.code == ExitCode.FAILED
    assert found.database()["schema"] == "FAIL"
    assert "file_manifest" in found.line("database", "schema")["said"]
    assert found.database()["instrument"] == "OK"

    account.run("DROP TABLE {schema}.session_log")
    schema = account.examined().line("database", "schema")
    assert schema["outcome"] == "FAIL"
    assert "The table session_log is missing" in schema["said"]


def test_an_older_schema_is_a_warning(account: Account) -> None:
    account.run("DROP VIEW {schema}.fleet_status", "DROP TABLE {schema}.loggers")
    account.run("UPDATE {schema}.alembic_version SET version_num = '0001_legacy'")

    schema = account.examined().line("database", "schema")

    assert (schema["outcome"], "no room for loggers" in schema["said"]) == ("WARN", True)
    assert "db upgrade" in schema["remedy"]


def test_too_few_and_too_many_rights(account: Account) -> None:
    account.run("REVOKE INSERT ON {schema}.session_log FROM {user}")
    few = account.examined()
    assert few.code == ExitCode.FAILED
    assert few.line("database", "rights")["said"] == "too few: INSERT on session_log"
    assert "db grants" in few.line("database", "rights")["remedy"]
    assert few.database()["instrument"] == "OK"

    account.run("GRANT INSERT, DELETE ON {schema}.session_log TO {user}")
    many = account.examined()
    assert many.code == ExitCode.FAILED
    assert many.line("database", "rights")["said"] == f"too many: DELETE on {account.schema}.session_log"
    assert "REVOKE" in many.line("database", "rights")["remedy"]


def test_rights_through_a_role_count_when_the_role_is_active(account: Account) -> None:
    role = f"'r-{account.schema}'"
    wide = f"'w-{account.schema}'"
    (inserting,) = [line for line in grants(Role.LOGGER, account.user, account.schema) if "`session_log`" in line]
    on_mysql = "MariaDB" not in account.server.ask("SELECT VERSION()")[0][0]
    default = "SET DEFAULT ROLE {role} TO {{user}}" if on_mysql else "SET DEFAULT ROLE {role} FOR {{user}}"
    try:
        account.run(f"CREATE ROLE {role}", f"CREATE ROLE {wide}", "REVOKE INSERT ON {schema}.session_log FROM {user}")
        account.run(inserting.partition(" TO ")[0] + f" TO {role}", f"GRANT {role} TO {{user}}")
        asleep = account.examined().line("database", "rights")
        account.run(default.format(role=role))
        awake = account.examined().line("database", "rights")
        account.run(f"GRANT DELETE ON {{schema}}.session_log TO {wide}", f"GRANT {wide} TO {{user}}")
        more = account.examined().line("database", "rights")
    finally:
        account.run(f"DROP ROLE {role}", f"DROP ROLE {wide}")

    assert asleep["said"] == "too few: INSERT on session_log"
    assert "SET DEFAULT ROLE" in asleep["remedy"]
    assert awake["said"] == "exactly what a logger needs"
    assert more["said"] == f"too many: DELETE on {account.schema}.session_log"


def test_an_unknown_computer(account: Account) -> None:
    account.run("UPDATE {schema}.instruments SET computer_name = 'another'")

    found = account.examined()

    assert found.code == ExitCode.FAILED
    assert platform.node() in found.line("database", "instrument")["remedy"]


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {os.fspath(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def test_with_nothing_configured_all_is_well_and_nothing_is_made(own_environment: Path) -> None:
    result = run()

    assert result.returncode == ExitCode.COMPLETE, result.stdout
    assert "nexuslims.db is made at the first start" in result.stdout
    assert snapshot(own_environment) == {}


def test_a_used_program_folder_is_left_as_it_is(own_environment: Path) -> None:
    settings = load_settings()
    units = open_database(settings)
    find_instrument(units, platform.node(), None, register=True)
    units.disconnect()
    journal = open_journal_file(settings.home / "facts.db")
    FactsJournal(journal)
    journal.close()
    assert settings.bucket_folder is not None
    assert list(FolderStore(settings.bucket_folder, SystemClock()).list("")) == []
    before = snapshot(own_environment)

    found = examined()

    assert found.code == ExitCode.COMPLETE
    assert found.line("database", "schema")["outcome"] == "OK"
    assert found.line("store", "folder")["said"].endswith("is a store")
    assert found.line("program folder", "journal")["outcome"] == "OK"
    assert [found.line("store", name)["outcome"] for name in ("write", "read back", "overwrite", "damage")] == [
        "OK"
    ] * 4
    new = snapshot(own_environment).keys() ^ before.keys()
    assert [Path(name).name for name in sorted(new) if f"{os.sep}.nexuslims{os.sep}" not in name] == [
        platform.node(),
        ".doctor",
        f"{platform.node()}.txt",
    ]
    after = snapshot(own_environment)
    assert {name: after[name] for name in before} == before


def test_a_database_file_that_is_away(tmp_path: Path) -> None:
    found = examined(NEXUSLIMSGUI_DATABASE_URL=f"sqlite:///{tmp_path / 'away.db'}")

    assert found.database() == {"file": "FAIL", "schema": "NOT CHECKED", "instrument": "NOT CHECKED"}
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_are_all_told() -> None:
    result = run(NEXUSLIMSGUI_THEME="pink", NEXUSLIMSGUI_DATABASE_URL="oracle://ada:S3CRET@db/x")

    assert result.returncode == ExitCode.FAILED
    assert result.stdout.count("FAIL  ") == 2
    assert "NOT CHECKED  database" in result.stdout


@needs_emulators
def test_a_bucket(gcp_url: str, proxy: StorageProxy) -> None:
    proxy.denied |= {"storage.buckets.delete", "storage.buckets.update", "storage.buckets.setIamPolicy"}
    proxy.denied |= {"storage.objects.setIamPolicy", "storage.objects.overrideUnlockedRetention"}
    found = examined(NEXUSLIMSGUI_DATA_BUCKET=make_bucket(gcp_url), STORAGE_EMULATOR_HOST=proxy.url)

    assert found.code == ExitCode.COMPLETE
    named = ("write", "read back", "overwrite", "damage", "clock", "permissions", "bucket")
    assert {name: found.line("store", name)["outcome"] for name in named} == dict.fromkeys(named, "OK")
