"""The facility's register, from the command line and from CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.admin.instruments import add_instrument, import_csv, list_instruments
from nexuslims_logger.db.unit_of_work import units_on
from nexuslims_logger.errors import StopAndTell

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.journal.records import Instrument
    from tests.database_servers import Database

TITAN = {
    "instrument_pid": "TITAN",
    "schema_name": "FEI Titan",
    "filestore_path": "./Titan",
    "computer_name": "TEM-PC-1",
}


def registered(database: Database) -> dict[str, Instrument]:
    with units_on(database.engine)() as unit:
        return {found.instrument_pid: found for found in unit.repository.instruments()}


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "instruments.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_add_registers_then_changes_what_is_given(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    add_instrument(database.settings, {**TITAN, "location": "B1", "timezone": None})
    add_instrument(database.settings, {**TITAN, "schema_name": " Titan Cubed ", "computer_name": None})

    found = registered(database)["TITAN"]
    assert (found.schema_name, found.computer_name, found.timezone) == ("Titan Cubed", "TEM-PC-1", "UTC")
    assert capsys.readouterr().out.splitlines() == ["TITAN is registered.", "TITAN is changed."]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema_name": ""}, "schema_name is missing"),
        ({"filestore_path": "/data/Titan"}, "should look like ./Titan"),
        ({"filestore_path": "..\\Titan"}, "should look like ./Titan"),
        ({"timezone": "Europe/Atlantis"}, "timezone 'Europe/Atlantis'"),
        ({"instrument_pid": "x" * 101}, "100 are allowed"),
    ],
)
def test_add_refuses_what_cannot_be_right(database: Database, change: dict[str, str], told: str) -> None:
    with pytest.raises(StopAndTell, match=told):
        add_instrument(database.settings, {**TITAN, **change})

    assert registered(database) == {}


def test_add_tells_whose_computer_it_is(database: Database) -> None:
    add_instrument(database.settings, TITAN)

    with pytest.raises(StopAndTell, match="'tem-pc-1' is registered already"):
        add_instrument(database.settings, {**TITAN, "instrument_pid": "SEM", "computer_name": "tem-pc-1"})


def test_list_shows_the_register(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    add_instrument(database.settings, TITAN)
    add_instrument(database.settings, {"instrument_pid": "AFM", "schema_name": "Ätzer", "filestore_path": "./AFM"})
    capsys.readouterr()

    list_instruments(database.settings)

    assert capsys.readouterr().out.splitlines() == [
        "PID    NAME       COMPUTER  FILES    TIME ZONE",
        "AFM    Ätzer      -         ./AFM    UTC",
        "TITAN  FEI Titan  TEM-PC-1  ./Titan  UTC",
    ]


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_import_registers_and_changes(database: Database, tmp_path: Path, separator: str, encoding: str) -> None:
    add_instrument(database.settings, TITAN)
    lines = (
        "schema_name,instrument_pid,filestore_path,computer_name,timezone",
        "Titan Ätna,TITAN,./Titan,,Europe/Berlin",
        "Zeiss SEM,SEM, ./SEM ,SEM-PC-1,",
        ",,,,",
        "",
    )

    import_csv(database.settings, write(tmp_path, "\r\n".join(lines).replace(",", separator), encoding))

    found = registered(database)
    assert (found["TITAN"].schema_name, found["TITAN"].timezone) == ("Titan Ätna", "Europe/Berlin")
    assert found["TITAN"].computer_name == "TEM-PC-1"
    assert (found["SEM"].filestore_path, found["SEM"].timezone) == ("./SEM", "UTC")


def test_import_takes_the_register_of_nexuslims(database: Database, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "instrument_pid,api_url,calendar_url,location,Display_Name,property_tag,filestore_path,harvester,timezone\n"
        "TITAN,https://nemo/api/?id=1,https://nemo/1,B1,FEI Titan,T-1,./Titan,nemo,America/New_York\n",
    )

    import_csv(database.settings, path)

    assert registered(database)["TITAN"].schema_name == "FEI Titan"
    assert registered(database)["TITAN"].timezone == "America/New_York"


def test_import_reports_every_line_and_writes_nothing(database: Database, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "instrument_pid,schema_name,filestore_path,computer_name,timezone\n"
        "GOOD,Good one,./Good,PC-1,UTC\n"
        ",No PID,./X,PC-2,UTC\n"
        '"QUOTED","Two\nlines",/etc,PC-3,UTC\n'
        "GOOD,Again,./Good,PC-4,UTC\n"
        "LAST,Same computer,./Last,pc-1,Mars/Olympus\n",
    )

    with pytest.raises(StopAndTell) as caught:
        import_csv(database.settings, path)

    assert caught.value.title == "Nothing was imported from instruments.csv"
    assert [line.split(" ")[1] for line in caught.value.message.splitlines()] == ["3:", "5:", "6:", "7:", "7:"]
    assert registered(database) == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("instrument_pid,schema_name\nA,B\n", "line 1: the column filestore_path is missing"),
        ("pid,schema_name,filestore_path\nA,B,./C\n", "line 1: 'pid' is no column"),
        ("instrument_pid,schema_name,filestore_path\nA,B,./C,D\n", "line 2: it has more cells"),
        ("instrument_pid,schema_name,filestore_path,display_name\nA,B,./C,D\n", "schema_name stands there twice"),
        ("", "the column instrument_pid is missing"),
    ],
)
def test_import_explains_a_wrong_file(database: Database, tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(StopAndTell, match=told):
        import_csv(database.settings, write(tmp_path, text))


def test_import_tells_when_the_file_cannot_be_read(database: Database, tmp_path: Path) -> None:
    with pytest.raises(StopAndTell, match="cannot be read"):
        import_csv(database.settings, tmp_path / "none.csv")
    with pytest.raises(StopAndTell, match="UTF-8"):
        import_csv(database.settings, write(tmp_path, "instrument_pid,schema_name\nÄ,B\n", "latin-1"))


def test_a_refusal_half_way_leaves_nothing(database: Database, tmp_path: Path) -> None:
    add_instrument(database.settings, TITAN)
    path = write(
        tmp_path,
        "instrument_pid,schema_name,filestore_path,computer_name\nFIRST,F,./F,PC-F\nSECOND,S,./S,TEM-PC-1\n",
    )

    with pytest.raises(StopAndTell, match="line 3: 'TEM-PC-1' is registered already"):
        import_csv(database.settings, path)

    assert set(registered(database)) == {"TITAN"}
