"""A unit of work commits on purpose, and lets no foreign error out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from nexuslims_logger.db import migrate
from nexuslims_logger.db.engine import build_engine
from nexuslims_logger.db.unit_of_work import Units, units_on
from nexuslims_logger.errors import DatabaseUnavailable, DataRefused, Defect, SchemaMismatch, UnknownInstrument
from tests.database_servers import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

TITAN = {"instrument_pid": "TITAN", "schema_name": "FEI Titan", "filestore_path": "./Titan"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = build_engine(settings_for(tmp_path, f"sqlite:///{tmp_path / 'central.db'}"))
    migrate.upgrade(made)
    yield made
    made.dispose()


@pytest.fixture
def units(engine: Engine) -> Units:
    return units_on(engine)


def test_what_is_committed_stays(units: Units) -> None:
    with units() as unit:
        unit.repository.insert_instrument(TITAN)
        unit.commit()

    with units() as unit:
        assert [found.instrument_pid for found in unit.repository.instruments()] == ["TITAN"]


def _insert_and_fail(units: Units) -> None:
    with units() as unit:
        unit.repository.insert_instrument(TITAN)
        raise UnknownInstrument("ours", "is not translated")


def test_what_is_not_committed_goes(units: Units) -> None:
    with units() as unit:
        unit.repository.insert_instrument(TITAN)
    with pytest.raises(UnknownInstrument, match="not translated"):
        _insert_and_fail(units)

    with units() as unit:
        assert unit.repository.instruments() == ()


def test_foreign_errors_are_translated_at_the_edge(units: Units) -> None:
    with pytest.raises(DataRefused) as caught, units() as unit:
        unit.repository.insert_instrument({**TITAN, "filestore_path": "/"})

    assert caught.value.__cause__ is not None


def test_a_defect_of_ours_is_left_as_it_is(units: Units) -> None:
    with pytest.raises(ZeroDivisionError), units():
        _ = 1 / 0


def test_a_busy_file_is_for_later(engine: Engine, units: Units) -> None:
    impatient = create_engine(engine.url, connect_args={"timeout": 0})
    with units(), pytest.raises(DatabaseUnavailable), units_on(impatient)() as unit:
        unit.repository.insert_instrument(TITAN)
    impatient.dispose()


def test_a_file_that_cannot_be_opened_is_for_later(tmp_path: Path) -> None:
    engine = build_engine(settings_for(tmp_path, f"sqlite:///{tmp_path / 'no' / 'folder' / 'central.db'}"))

    with pytest.raises(DatabaseUnavailable), units_on(engine)():
        pass


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "central.db").write_bytes(b"a text" * 1000)
    engine = build_engine(settings_for(tmp_path, f"sqlite:///{tmp_path / 'central.db'}"))

    with pytest.raises(SchemaMismatch, match="damaged"), units_on(engine)():
        pass


def test_a_column_that_went_away_is_noticed_once(engine: Engine, units: Units) -> None:
    with units() as unit:
        unit.repository.manifest_of("s")
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE file_manifest DROP COLUMN modified_at"))
    with pytest.raises(SchemaMismatch), units() as unit:
        unit.repository.manifest_of("s")

    with units() as unit:
        assert unit.repository.manifest_of("s") == ()


def test_a_statement_that_is_no_sql_is_a_defect(units: Units) -> None:
    with pytest.raises(Defect), units() as unit:
        unit.repository._connection.execute(text("SELEC 1"))
