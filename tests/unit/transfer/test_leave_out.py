from __future__ import annotations

from typing import TYPE_CHECKING

from nexuslims_logger.events import TransferProgress
from nexuslims_logger.journal.records import ResultState, WatchFolder
from nexuslims_logger.messages import AllRecorded, AllStored, LeaveOut
from nexuslims_logger.transfer.main import handle

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.messages import TrackedSession
    from tests.unit.transfer.conftest import Transfer


def a_session_that_waits(transfer: Transfer, name: str = "growing.ser") -> TrackedSession:
    """End a session of which one file does not come to rest."""
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("good.tif", b"good")
    transfer.settle()
    transfer.write(name, b"1")
    transfer.go_on(0)
    ended = transfer.ended(session)
    transfer.track(ended)
    transfer.go_on(1)
    assert not finished(transfer)
    return ended


def finished(transfer: Transfer) -> list[AllStored]:
    return [message for message in transfer.session.messages if isinstance(message, AllStored)]


def test_a_session_does_not_wait_for_a_file_that_is_left_out(transfer: Transfer) -> None:
    a_session_that_waits(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("growing.ser",), "the detector hangs", "ada"))
    transfer.turn()
    (stored,) = finished(transfer)
    assert (stored.files, stored.missing, stored.left_out) == (1, 0, 1)
    assert any(isinstance(message, AllRecorded) for message in transfer.session.messages)
    row = next(row for row in transfer.database.rows if row.object_name == "Titan/growing.ser")
    assert (row.state, row.reason, row.decided_by, row.md5) == (
        ResultState.SKIPPED,
        "the detector hangs",
        "ada",
        None,
    )


def test_it_stays_out_although_it_goes_on_growing(transfer: Transfer) -> None:
    a_session_that_waits(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("growing.ser",), "the detector hangs", "ada"))
    transfer.write("growing.ser", b"12")
    transfer.settle()
    assert "Titan/growing.ser" not in transfer.stored()
    assert transfer.results.left_out("s1") == 1


def test_a_file_whose_name_no_store_takes_can_be_left_out(transfer: Transfer) -> None:
    a_session_that_waits(transfer, "back\\slash.tif")
    transfer.go_on()
    assert not finished(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("back\\slash.tif",), "bad name", "ada"))
    transfer.turn()
    assert finished(transfer)[0].left_out == 1
    row = next(row for row in transfer.database.rows if row.state is ResultState.SKIPPED)
    assert row.object_name.startswith("(no name in the store) back")


def test_only_the_named_ones_are_left_out(transfer: Transfer) -> None:
    a_session_that_waits(transfer)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("good.tif", "another.ser"), "?", "ada"))
    transfer.settle()
    assert finished(transfer)[0].left_out == 0
    assert set(transfer.stored()) == {"Titan/good.tif", "Titan/growing.ser"}


def test_nothing_of_a_running_session_is_left_out(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.settle()
    transfer.write("a.tif", b"a")
    transfer.go_on(0)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("a.tif",), "?", "ada"))
    transfer.settle()
    assert set(transfer.stored()) == {"Titan/a.tif"}


def test_a_file_whose_name_is_bytes_is_left_out_by_the_name_that_is_shown(transfer: Transfer) -> None:
    a_session_that_waits(transfer, "bad\udcff.dat")
    transfer.go_on()
    transfer.progress.tell()
    shown = [message for message in transfer.window.messages if isinstance(message, TransferProgress)][-1].waiting
    handle(transfer.ports, transfer.state, LeaveOut("s1", tuple(one.name for one in shown), "bad name", "ada"))
    transfer.turn()
    assert finished(transfer)[0].left_out == 1


def test_of_two_watch_folders_only_the_named_file_is_left_out(transfer: Transfer, tmp_path: Path) -> None:
    eds = tmp_path / "eds"
    eds.mkdir()
    session = transfer.a_session(folders=(WatchFolder("TEM", str(transfer.watch)), WatchFolder("EDS", str(eds))))
    transfer.track(session)
    transfer.settle()
    transfer.write("a.ser", b"tem")
    (eds / "a.ser").write_bytes(b"eds")
    transfer.go_on(0)
    transfer.track(transfer.ended(session, folders=session.folders))
    transfer.go_on(1)
    handle(transfer.ports, transfer.state, LeaveOut("s1", ("EDS/a.ser",), "the detector hangs", "ada"))
    transfer.settle()
    assert set(transfer.stored()) == {"Titan/TEM/a.ser"}
    assert transfer.results.left_out("s1") == 1
