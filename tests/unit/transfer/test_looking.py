from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import StoreUnavailable
from nexuslims_logger.journal.seen import FileKey
from nexuslims_logger.messages import ActivitySeen
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.looking import LOOK_S
from tests.unit.transfer.conftest import SETTLE_S, Transfer, md5

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nexuslims_logger.ports import FolderListing


def look(transfer: Transfer, seconds: float = LOOK_S) -> None:
    """Let a moment pass that is too short for a scan."""
    transfer.clock.go_on(seconds)
    transfer.turn()


@pytest.fixture
def working(transfer: Transfer) -> Transfer:
    """Let a session have written a first file, some folders down."""
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    transfer.write("2026/11/23/first.tif", b"first")
    transfer.go_on(0)
    return transfer


def test_a_file_is_noticed_and_sent_long_before_the_next_scan(working: Transfer) -> None:
    scan_at = working.state.scan_at
    working.write("2026/11/23/second.tif", b"second")
    look(working)
    look(working, SETTLE_S)
    assert working.state.scan_at == scan_at
    assert working.stored() == {
        "Titan/2026/11/23/first.tif": md5(b"first"),
        "Titan/2026/11/23/second.tif": md5(b"second"),
    }


@pytest.mark.parametrize("hours", [7000, -12], ids=["of the future", "by a clock that was set back"])
def test_every_file_is_work_whatever_time_the_one_before_it_carries(working: Transfer, hours: int) -> None:
    working.write("2026/11/23/odd.tif", b"odd", working.clock.now() + timedelta(hours=hours))
    look(working)
    now = working.clock.now()
    for seen in working.session.take(ActivitySeen):
        assert seen.at <= now
    working.clock.set_by(3600 * min(hours, 0))
    working.write("2026/11/23/next.tif", b"next", working.clock.now())
    look(working)
    (seen,) = working.session.take(ActivitySeen)
    assert seen.at <= working.clock.now()


def test_a_new_folder_beside_or_above_an_active_one_is_noticed(working: Transfer) -> None:
    working.write("2026/11/24/grid 1/a.tif", b"a")
    working.write("2027/01/b.tif", b"b")
    working.write("quiet.tif", b"quiet")
    look(working)
    look(working, SETTLE_S)
    assert working.stored().keys() >= {"Titan/2026/11/24/grid 1/a.tif", "Titan/2027/01/b.tif", "Titan/quiet.tif"}


def test_a_changed_file_is_noticed_and_a_deleted_one_is_left_to_the_scan(working: Transfer) -> None:
    look(working, SETTLE_S)
    path = working.write("2026/11/23/first.tif", b"first, and more")
    look(working)
    look(working, SETTLE_S)
    assert working.stored() == {"Titan/2026/11/23/first.tif": md5(b"first, and more")}
    path.unlink()
    look(working)
    key = FileKey(str(working.watch), "2026/11/23", "first.tif")
    assert working.files.get(key)
    working.go_on(60)
    assert working.files.get(key) is None


def test_a_file_renamed_between_a_look_and_a_scan_is_not_missing(working: Transfer) -> None:
    look(working, SETTLE_S)
    working.pool.before = _away
    path = working.write("2026/11/23/a.tif", b"a")
    look(working)
    look(working, SETTLE_S)  # it has settled, and cannot be sent
    path.rename(path.with_name("A.tif"))  # in letter case alone
    look(working)
    working.go_on(60)
    assert [result.state for result in working.results.of("s1")] == ["UPLOADED"]
    working.pool.before = None
    working.go_on(300)
    assert working.stored().keys() == {"Titan/2026/11/23/first.tif", "Titan/2026/11/23/A.tif"}


def _away(*_: object) -> None:
    raise StoreUnavailable("The store is away", "try later")


def test_a_look_costs_a_few_listings_and_no_writing(working: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        working.write(f"other {number}/x.tif", b"x")
    working.go_on(0)
    working.go_on()
    working.state.active = {(str(working.watch), "2026/11/23"): working.clock.monotonic()}
    listed = []
    really_list = working.ports.file_system.list

    def counted(root: str, folder: str) -> FolderListing:
        listed.append(folder)
        return really_list(root, folder)

    def no_walk(root: str) -> Iterator[FolderListing]:
        raise AssertionError(root)

    monkeypatch.setattr(working.ports.file_system, "list", counted)
    monkeypatch.setattr(working.ports.file_system, "walk", no_walk)
    writes, asked = working.connection.total_changes, working.database.calls
    look(working)
    assert sorted(listed) == ["", "2026", "2026/11", "2026/11/23"]
    assert (working.connection.total_changes, working.database.calls) == (writes, asked)


def test_slow_looks_are_rare_and_rarer_where_nothing_happens(
    working: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_list = Disk.list

    def slow_list(disk: Disk, root: str, folder: str) -> FolderListing:
        working.clock.go_on(0.25)
        return really_list(disk, root, folder)

    def rest_s() -> float:
        return working.state.look_at - working.clock.monotonic()

    monkeypatch.setattr(Disk, "list", slow_list)
    look(working)  # four folders
    assert rest_s() == pytest.approx(20)
    working.state.scan_at += 1000
    look(working, 130)
    assert rest_s() == pytest.approx(100)
    working.write("2026/11/23/again.tif", b"again")
    look(working, 101)
    assert rest_s() == pytest.approx(20)


def test_a_look_concludes_nothing_on_another_volume(working: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    working.write("2026/11/23/second.tif", b"second")
    with monkeypatch.context() as away:
        away.setattr(working.ports.file_system, "volume", lambda root: "another")
        look(working)
    assert len(working.files.in_folder(str(working.watch), "2026/11/23")) == 1


def test_before_the_first_scan_is_complete_nobody_looks_quickly(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer.ports.file_system, "volume", lambda root: "the mount point")
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    monkeypatch.undo()
    transfer.write("a.tif", b"a")
    look(transfer)
    assert transfer.files.in_folder(str(transfer.watch), "") == {}


def test_after_the_end_nobody_looks_quickly(working: Transfer) -> None:
    working.track(working.ended(working.a_session()))
    working.go_on(0)
    working.write("2026/11/23/late.tif", b"late")
    look(working)
    assert len(working.files.in_folder(str(working.watch), "2026/11/23")) == 1


def test_a_link_in_the_place_of_an_active_folder_is_not_followed(working: Transfer) -> None:
    elsewhere = working.watch.parent / "elsewhere" / "23"
    elsewhere.mkdir(parents=True)
    (elsewhere / "private.tif").write_bytes(b"private")
    above = working.watch / "2026" / "11"
    above.rename(working.watch.parent / "moved")
    above.symlink_to(elsewhere.parent, target_is_directory=True)
    look(working)
    look(working, SETTLE_S)
    assert [name for name in working.stored() if "private" in name] == []
