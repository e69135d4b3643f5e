"""Older, hand-made databases with rows in them are taken over, on every kind of server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from nexuslims_logger.admin import adopt as command
from nexuslims_logger.db import migrate
from nexuslims_logger.db.adopt import adopt, inspect_legacy
from nexuslims_logger.db.legacy_times import parse_rules
from nexuslims_logger.errors import StopAndTell
from nexuslims_logger.exit_codes import ExitCode
from tests.database_servers import KINDS, Database, new_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

INSTRUMENTS = """CREATE TABLE instruments (
  instrument_pid varchar(100) NOT NULL PRIMARY KEY, api_url text NOT NULL, calendar_name text NOT NULL,
  calendar_url text NOT NULL, location varchar(100) NOT NULL, schema_name text NOT NULL,
  property_tag varchar(20) NOT NULL, filestore_path text NOT NULL, computer_name varchar(255),
  computer_ip varchar(15), computer_mount text{more},
  UNIQUE KEY instrument_pid_UNIQUE (instrument_pid), UNIQUE KEY api_url_UNIQUE (api_url(255)),
  UNIQUE KEY whatever_it_was_called (computer_name)
) ENGINE=InnoDB DEFAULT CHARSET=latin1"""
SESSION_LOG = """CREATE TABLE session_log (
  id_session_log int NOT NULL AUTO_INCREMENT PRIMARY KEY, session_identifier varchar(36) NOT NULL,
  instrument varchar(100) NOT NULL, `timestamp` {time},
  event_type enum('START','END','RECORD_GENERATION') NOT NULL,
  record_status enum('COMPLETED','WAITING_FOR_END','TO_BE_BUILT','ERROR','NO_FILES_FOUND') NOT NULL
    DEFAULT 'WAITING_FOR_END',
  `user` varchar(50), session_note text,
  UNIQUE KEY id_session_log_UNIQUE (id_session_log), KEY of_no_known_name (instrument),
  CONSTRAINT a_hand_made_key FOREIGN KEY (instrument) REFERENCES instruments (instrument_pid)
    ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=latin1"""
IN_REGISTER = """INSERT INTO instruments (instrument_pid, api_url, calendar_name, calendar_url, location, schema_name,
  property_tag, filestore_path, computer_name) VALUES
  ('TITAN', 'https://c/1', 'Titan', 'https://c/1', 'B1', 'FEI Titan', 'T1', './Titan', 'TEM-PC-1'),
  ('SEM', 'https://c/2', 'SEM', 'https://c/2', 'B2', 'Zeiss SEM', 'T2', './SEM', 'SEM-PC-1')"""
INTO_LOG = """INSERT INTO session_log (id_session_log, session_identifier, instrument, `timestamp`, event_type,
  record_status, `user`, session_note) VALUES """
GOOD = """(1, 'good', 'TITAN', '2021-06-01 08:00:00', 'START', 'COMPLETED', 'ada', 'Gitter 7, ätzend'),
  (2, 'good', 'TITAN', '2021-06-01 10:00:00', 'END', 'COMPLETED', 'ada', 'Gitter 7, ätzend'),
  (3, 'good', 'TITAN', '2021-06-02 01:00:00', 'RECORD_GENERATION', 'COMPLETED', 'nexuslims', NULL),
  (4, 'open', 'SEM', '2021-12-03 08:00:00', 'START', 'WAITING_FOR_END', 'bob', '')"""
BAD = """(5, 'twice', 'SEM', '2021-06-04 08:00:00', 'START', 'TO_BE_BUILT', 'ada', ''),
  (6, 'twice', 'SEM', '2021-06-04 09:00:00', 'END', 'TO_BE_BUILT', 'ada', ''),
  (7, 'twice', 'SEM', '2021-06-04 09:00:01', 'END', 'TO_BE_BUILT', 'ada', ''),
  (8, 'relay', 'TITAN', '2021-06-05 08:00:00', 'START', 'TO_BE_BUILT', 'ada', ''),
  (9, 'relay', 'TITAN', '2021-06-08 08:00:00', 'END', 'TO_BE_BUILT', 'bob', ''),
  (10, 'lone', 'SEM', '2021-06-06 08:00:00', 'START', 'TO_BE_BUILT', 'cyd', 'saved while running'),
  (11, 'case', 'titan', '2021-06-07 08:00:00', 'START', 'COMPLETED', 'ada', ''),
  (12, 'case', 'TITAN', '2021-06-07 09:00:00', 'END', 'COMPLETED', 'ada', ''),
  (13, 'back', 'SEM', '2021-10-31 02:30:00', 'START', 'COMPLETED', 'ada', ''),
  (14, 'back', 'SEM', '2021-10-31 02:10:00', 'END', 'COMPLETED', 'ada', ''),
  (15, 'tail', 'SEM', '2021-11-01 08:00:00', 'END', 'TO_BE_BUILT', 'ada', ''),
  (16, '', 'SEM', '2021-11-01 08:00:00', 'START', 'WAITING_FOR_END', 'ada', '')"""
DATETIME = "datetime NOT NULL DEFAULT CURRENT_TIMESTAMP"
#: What MySQL 5.7 made of a first TIMESTAMP column by itself.
TIMESTAMP = "timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP"

LOG = "SELECT id_session_log, session_identifier, instrument, event_type, record_status, user, session_note"
TIMES = "SELECT id_session_log, CAST(`timestamp` AS CHAR(19)) FROM session_log ORDER BY 1"
#: All that makes up the schema, without the order of columns and the counter of rows.
SCHEMA = (
    """SELECT table_name, engine, table_collation FROM information_schema.tables WHERE table_schema = DATABASE()""",
    """SELECT table_name, column_name, column_type, is_nullable, column_default, extra, character_set_name,
    collation_name, generation_expression FROM information_schema.columns WHERE table_schema = DATABASE()""",
    """SELECT table_name, index_name, seq_in_index, column_name, non_unique FROM information_schema.statistics
    WHERE table_schema = DATABASE()""",
    """SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints
    WHERE table_schema = DATABASE()""",
    """SELECT constraint_name, delete_rule, update_rule FROM information_schema.referential_constraints
    WHERE constraint_schema = DATABASE()""",
    """SELECT constraint_name, check_clause FROM information_schema.check_constraints
    WHERE constraint_schema = DATABASE()""",
)


@pytest.fixture(params=[kind for kind in KINDS if kind != "sqlite"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database on each kind of server."""
    with new_database(request.param, request, tmp_path) as made:
        yield made


def fill(engine: Engine, rows: str, *, time: str = DATETIME, more: str = "") -> None:
    with engine.begin() as connection:
        for statement in (INSTRUMENTS.format(more=more), SESSION_LOG.format(time=time), IN_REGISTER, INTO_LOG + rows):
            connection.exec_driver_sql(statement.replace("%", "%%"))


def rows(engine: Engine, query: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def schema(engine: Engine) -> list[set[tuple[object, ...]]]:
    return [set(rows(engine, question)) for question in SCHEMA]


def log(engine: Engine) -> list[tuple[object, ...]]:
    return rows(engine, f"{LOG} FROM session_log ORDER BY id_session_log")


def found_ids(engine: Engine) -> dict[str, tuple[str, ...]]:
    return {found.question.what.split(":")[0].split(" (")[0]: found.ids for found in inspect_legacy(engine).findings}


def test_rows_without_fault_are_kept_and_the_schema_is_a_fresh_ones(
    older: Database, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    fill(older.engine, GOOD)
    before = log(older.engine)
    assert inspect_legacy(older.engine).findings == ()

    adopt(older.engine, parse_rules(["UTC"]), repair=False)

    assert log(older.engine) == before
    assert rows(older.engine, TIMES)[0] == (1, "2021-06-01 08:00:00")
    assert rows(older.engine, "SELECT DISTINCT utc_offset_min FROM session_log") == [(None,)]
    assert migrate.current(older.engine) == migrate.HEAD
    (tmp_path / "fresh").mkdir()
    with new_database(older.kind, request, tmp_path / "fresh") as fresh:
        migrate.upgrade(fresh.engine)
        for mine, wanted in zip(schema(older.engine), schema(fresh.engine), strict=True):
            assert mine == wanted
    checked = migrate.check(older.engine)
    assert (checked.differences, checked.missing, checked.obstacles) == ((), (), ())


def test_what_breaks_the_rules_is_reported_by_id_and_refused(
    older: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(older.engine, f"{GOOD}, {BAD}")
    before, tables = log(older.engine), schema(older.engine)

    assert found_ids(older.engine) == {
        "a second START or END of a session": ("6",),
        "an identifier that is empty, longer than a UUID, or not ASCII": ("16",),
        "an instrument written in another case than in the register": ("11",),
        "START ready without END": ("10",),
        "END without START": ("15",),
        "END by another user than START": ("9",),
        "END not after START": ("14",),
    }
    assert command.report(older.settings, ["Europe/Berlin"]) == ExitCode.FAILED
    told = capsys.readouterr().out
    assert "2021-06-04 09:00:01" in told
    assert "2021-06-04 07:00:01 UTC" in told
    assert "row 13: 2021-10-31 02:30:00 Europe/Berlin: repeated hour of autumn" in told
    with pytest.raises(StopAndTell, match=r"ids 6\)(.|\n)*ids 16\)(.|\n)*ids 11\)(.|\n)*ids 10\)"):
        adopt(older.engine, parse_rules(["UTC"]), repair=False)

    assert log(older.engine) == before
    assert schema(older.engine) == tables


def test_rows_are_repaired_on_request_and_none_is_lost(older: Database) -> None:
    fill(older.engine, f"{GOOD}, {BAD}")
    before = {row[0]: row for row in log(older.engine)}

    adopt(older.engine, parse_rules(["Europe/Berlin"]), repair=True)

    after = {row[0]: row for row in log(older.engine)}
    aside = rows(older.engine, f"{LOG} FROM session_log_aside ORDER BY id_session_log")
    assert [row[0] for row in aside] == [6, 16]
    assert aside == [before[6], before[16]]
    assert rows(older.engine, "SELECT DISTINCT why LIKE 'a%' FROM session_log_aside") == [(1,)]
    assert after.keys() | {6, 16} == before.keys()
    changed = {row_id for row_id, row in after.items() if row != before[row_id]}
    assert changed == {10, 11}
    assert (after[10][4], after[11][2]) == ("WAITING_FOR_END", "TITAN")
    times = {row_id: time for row_id, time in rows(older.engine, TIMES)}  # noqa: C416 - typed so
    assert (times[1], times[4]) == ("2021-06-01 06:00:00", "2021-12-03 07:00:00")
    assert times[13] == "2021-10-31 00:30:00"
    assert migrate.check(older.engine).fits
    with pytest.raises(StopAndTell, match="nothing to adopt"):
        inspect_legacy(_empty(older))


def _empty(database: Database) -> Engine:
    with database.engine.begin() as connection:
        for table in ("file_manifest", "session_log", "loggers", "instruments"):
            connection.execute(text(f"DROP TABLE {table}"))
    return database.engine


def test_what_only_a_person_can_correct_is_refused_always(older: Database) -> None:
    fill(older.engine, GOOD)
    with older.engine.begin() as connection:
        connection.execute(text("UPDATE instruments SET filestore_path = '/data' WHERE instrument_pid = 'SEM'"))
        connection.execute(text("UPDATE instruments SET computer_name = REPEAT('x', 65) WHERE instrument_pid = 'SEM'"))

    with pytest.raises(StopAndTell, match=r"SEM(.|\n)*computer_name has more than 64 characters \(ids SEM\)"):
        adopt(older.engine, parse_rules(["UTC"]), repair=True)

    assert migrate.current(older.engine) is None


def test_two_instruments_with_one_computer_are_named(older: Database) -> None:
    # An older register may have no key on the computer.
    fill(older.engine, GOOD)
    with older.engine.begin() as connection:
        connection.execute(text("ALTER TABLE instruments DROP KEY whatever_it_was_called"))
        connection.execute(text("UPDATE instruments SET computer_name = 'tem-pc-1' WHERE instrument_pid = 'SEM'"))

    assert found_ids(older.engine) == {"instruments with one computer, once case is ignored": ("SEM", "TITAN")}


def test_a_timestamp_column_keeps_its_instants(older: Database) -> None:
    # The server's zone is not UTC: only there a wrong conversion would be seen.
    fill(older.engine, GOOD, time=TIMESTAMP)
    before = rows(older.engine, TIMES)
    assert before[0] == (1, "2021-06-01 08:00:00")  # written and read in UTC, as the program's connections are

    adopt(older.engine, parse_rules(["UTC"]), repair=False)

    assert rows(older.engine, TIMES) == before
    with older.engine.begin() as connection:
        connection.execute(text("UPDATE session_log SET record_status = 'ERROR' WHERE id_session_log = 1"))
    assert rows(older.engine, TIMES) == before


def test_times_are_converted_by_range_and_by_instrument(older: Database) -> None:
    fill(older.engine, GOOD, more=", timezone varchar(50) NOT NULL DEFAULT 'America/New_York', harvester text")
    with older.engine.begin() as connection:
        connection.execute(text("UPDATE instruments SET timezone = 'Asia/Tokyo' WHERE instrument_pid = 'TITAN'"))
        connection.execute(text("UPDATE instruments SET harvester = 'sharepoint' WHERE instrument_pid = 'TITAN'"))

    adopt(older.engine, parse_rules(["2-2=Europe/Berlin", "instrument"]), repair=False)

    assert rows(older.engine, TIMES) == [
        (1, "2021-05-31 23:00:00"),
        (2, "2021-06-01 08:00:00"),
        (3, "2021-06-01 16:00:00"),
        (4, "2021-12-03 13:00:00"),
    ]
    # Local time is known where the register knows the place.
    assert rows(older.engine, "SELECT utc_offset_min FROM session_log ORDER BY 1 DESC") == [
        *[(540,)] * 3,
        (-300,),
    ]
    # What stood in columns that a migration makes is put back into them.
    assert rows(older.engine, "SELECT timezone, harvester FROM instruments ORDER BY instrument_pid DESC") == [
        ("Asia/Tokyo", "sharepoint"),
        ("America/New_York", "nemo"),
    ]
    assert migrate.check(older.engine).differences == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE instruments RENAME COLUMN schema_name TO display_name", "instruments has no column schema_name"),
        ("ALTER TABLE session_log ADD project INT", "session_log has a column project already"),
        ("ALTER TABLE session_log ADD badge INT NOT NULL", r"session_log\.badge must have a value"),
        (
            "ALTER TABLE instruments DROP PRIMARY KEY, ADD PRIMARY KEY (instrument_pid, property_tag)",
            "The primary key of instruments is not instrument_pid alone",
        ),
    ],
)
def test_tables_of_another_shape_are_refused(
    older: Database, change: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(older.engine, GOOD)
    with older.engine.begin() as connection:
        connection.execute(text(change))
    tables = schema(older.engine)

    assert command.report(older.settings, ["UTC"]) == ExitCode.FAILED
    assert "not as expected" in capsys.readouterr().out
    with pytest.raises(StopAndTell, match=told):
        adopt(older.engine, parse_rules(["UTC"]), repair=True)

    assert schema(older.engine) == tables


def test_tables_of_an_old_engine_that_lack_columns_are_completed(older: Database) -> None:
    fill(older.engine, GOOD)
    with older.engine.begin() as connection:
        for statement in (
            "ALTER TABLE session_log DROP FOREIGN KEY a_hand_made_key",
            "ALTER TABLE session_log DROP COLUMN session_note, ADD badge INT, ENGINE = MyISAM",
            "ALTER TABLE instruments DROP COLUMN computer_ip, ADD CHECK (location <> ''), ENGINE = MyISAM",
        ):
            connection.execute(text(statement))

    adopt(older.engine, parse_rules(["UTC"]), repair=False)

    assert rows(older.engine, "SELECT COUNT(*), COUNT(session_note), COUNT(badge) FROM session_log") == [(4, 0, 0)]
    checked = migrate.check(older.engine)
    assert (checked.missing, checked.obstacles) == ((), ())
    assert [engine for _, engine, _ in rows(older.engine, SCHEMA[0]) if engine] == ["InnoDB"] * 6


def test_a_row_in_no_zone_is_refused_before_anything_changes(older: Database) -> None:
    fill(older.engine, GOOD)
    tables = schema(older.engine)

    with pytest.raises(StopAndTell, match=r"2 rows .*: 3, 4\."):
        adopt(older.engine, parse_rules(["1-2=UTC"]), repair=False)

    assert schema(older.engine) == tables


def test_an_adoption_that_was_interrupted_goes_on(older: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(older.engine, f"{GOOD}, {BAD}", more=", timezone varchar(50)")
    berlin = parse_rules(["Europe/Berlin"])
    with monkeypatch.context() as patch:
        patch.setattr("nexuslims_logger.db.adopt.ADOPTED_AS", "x" * 33)  # the last statement of the transaction fails
        with pytest.raises(Exception, match="value"):
            adopt(older.engine, berlin, repair=True)
    assert len(log(older.engine)) == 16

    adopt(older.engine, berlin, repair=True)
    adopt(older.engine, berlin, repair=True)

    assert rows(older.engine, TIMES)[0] == (1, "2021-06-01 06:00:00")
    assert len(log(older.engine)) == 14
    assert migrate.check(older.engine).differences == ()


def test_the_command_asks_for_the_zone(older: Database, capsys: pytest.CaptureFixture[str]) -> None:
    fill(older.engine, GOOD)
    with pytest.raises(StopAndTell, match="legacy-timezone"):
        command.apply(older.settings, [], repair=True)
    assert command.report(older.settings, []) == ExitCode.COMPLETE
    assert "No row breaks a rule" in capsys.readouterr().out

    assert command.apply(older.settings, ["UTC"], repair=False) == ExitCode.COMPLETE

    assert migrate.HEAD in capsys.readouterr().out
    assert command.report(older.settings, []) == ExitCode.COMPLETE
    assert "has been adopted" in capsys.readouterr().out
