"""The session's manifest beside its data: when it comes, what it says, and what may stand in its way."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.errors import ChecksumMismatch, JournalUnavailable, ReplacingDenied, StoreUnavailable
from nexuslims_logger.journal.results import time_of
from nexuslims_logger.journal.seen import FileKey, Seen
from nexuslims_logger.messages import AllRecorded, AllStored, RecordAgain, RecordedAnew
from nexuslims_logger.storage.contract import Origin
from nexuslims_logger.transfer import session_manifest
from nexuslims_logger.transfer.disk import Disk
from nexuslims_logger.transfer.main import handle
from nexuslims_logger.transfer.session_manifest import manifest_name, md5sum_line
from tests.unit.transfer.conftest import Transfer, md5

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.messages import TrackedSession
    from nexuslims_logger.storage.contract import StoredObject


def finished(transfer: Transfer, session: TrackedSession, seconds: float = 10.0) -> None:
    """End the session, and let everything come to rest."""
    transfer.track(transfer.ended(session))
    transfer.go_on(0)
    transfer.go_on(seconds)


def manifests(transfer: Transfer) -> list[StoredObject]:
    return [stored for stored in transfer.store.list("") if "/.manifests/" in f"/{stored.name}"]


def test_it_stands_beside_the_data_before_anybody_calls_the_session_stored(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("b.tif", b"b")
    transfer.write("a/x.tif", b"x")
    transfer.settle()
    assert manifests(transfer) == []
    finished(transfer, session)
    (manifest,) = manifests(transfer)
    start = f"{session.started_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    assert manifest.name == manifest_name(session) == f"Titan/.manifests/{start}_tem-pc_s1.md5"
    assert transfer.store.content(manifest.name).decode() == (f"{md5(b'x')}  Titan/a/x.tif\n{md5(b'b')}  Titan/b.tif\n")
    assert manifest.origin == Origin("s1", "tem-pc", "TITAN")
    # The record builder takes START < mtime.
    assert manifest.mtime_ns is not None
    assert time_of(manifest.mtime_ns) == session.started_at
    assert transfer.session.take(AllStored)[0].files == 2
    assert {row.object_name for row in transfer.database.rows} == {"Titan/a/x.tif", "Titan/b.tif"}


def test_a_session_without_files_has_none(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    finished(transfer, session)
    assert manifests(transfer) == []
    assert AllStored("s1", None, 0, 0, 0) in transfer.session.messages


def test_no_store_no_manifest_not_ready(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()

    def away(name: str, *_: object) -> None:
        if name == "store_manifest":
            raise StoreUnavailable("Away", "away")

    transfer.pool.before = away
    finished(transfer, session)
    transfer.go_on(600)
    assert transfer.session.take(AllStored) == []
    transfer.pool.before = None
    transfer.go_on(600)
    transfer.go_on(600)
    assert len(manifests(transfer)) == 1
    told = list(transfer.session.messages)
    assert any(isinstance(message, AllRecorded) for message in told)


def test_an_earlier_one_is_replaced(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()
    finished(transfer, session)
    one_more_file(transfer)
    transfer.restart()  # as if the first comparison had been cut before it was noted
    transfer.files.execute("UPDATE final_set SET verified = 0")
    finished(transfer, session)
    (manifest,) = manifests(transfer)
    assert transfer.store.content(manifest.name).decode().count("\n") == 2


def one_more_file(transfer: Transfer) -> None:
    path = transfer.write("b.tif", b"b")
    key = FileKey(str(transfer.watch), "", "b.tif")
    with transfer.files.transaction():
        transfer.files.put(Seen(key, Disk().stat(str(transfer.watch), path.name), settled=True, owner="s1"))


def test_a_file_sent_while_the_comparison_runs_is_compared_too(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()

    def send_another(name: str, *_: object) -> None:
        if name == "store_manifest":
            transfer.pool.before = None
            one_more_file(transfer)
            transfer.state.lanes.look_again()
            transfer.turn()

    transfer.pool.before = send_another
    finished(transfer, session)
    transfer.go_on()
    (manifest,) = manifests(transfer)
    assert transfer.store.content(manifest.name).decode().count("\n") == 2


def test_it_names_the_place_to_which_a_later_session_has_moved_a_file(transfer: Transfer) -> None:
    first = transfer.a_session()
    transfer.track(first)
    transfer.write("scan.ser", b"first")
    transfer.settle()
    second = transfer.a_session("s2", started_at=transfer.clock.now())
    transfer.track(transfer.ended(first), second)

    def later(name: str, *_: object) -> None:
        # Between the last upload of the first session and its comparison.
        if name == "verify_some":
            transfer.pool.before = None
            old = transfer.store.stat("Titan/scan.ser")
            assert old
            transfer.store.copy("Titan/scan.ser", f".versions/Titan/scan.ser/{old.generation}", if_generation=1)
            transfer.store.overwrite("Titan/scan.ser", b"second")

    transfer.pool.before = later
    transfer.go_on(0)
    transfer.go_on()
    (manifest,) = manifests(transfer)
    assert transfer.store.content(manifest.name).decode() == f"{md5(b'first')}  .versions/Titan/scan.ser/1\n"


def test_what_another_hand_put_there_is_kept(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    name = manifest_name(session)
    transfer.store.overwrite(name, b"somebody's own")
    finished(transfer, session)
    transfer.go_on()
    assert transfer.store.content(name) == b"somebody's own"
    (ours,) = [stored for stored in manifests(transfer) if stored.name != name]
    assert transfer.store.content(ours.name).decode() == f"{md5(b'a')}  Titan/a.tif\n"
    assert "tem-pc" in ours.name
    assert transfer.is_recorded("s1")


def test_a_store_that_only_takes_new_objects_gets_a_second_one(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_put = transfer.store.put

    def put(name: str, *arguments: Any, if_generation: int, **more: Any) -> StoredObject:
        if if_generation:
            raise ReplacingDenied("No", "no right to replace")
        return really_put(name, *arguments, if_generation=if_generation, **more)

    monkeypatch.setattr(transfer.store, "put", put)
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()
    finished(transfer, session)
    first = manifests(transfer)
    one_more_file(transfer)
    transfer.restart()
    transfer.files.execute("UPDATE final_set SET verified = 0")
    finished(transfer, session)
    assert len(first) == 1
    assert len(manifests(transfer)) == 2


def test_a_large_one_is_written_on_the_disk(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_manifest, "_IN_MEMORY_BYTES", 100)
    monkeypatch.setattr(session_manifest, "_PAGE", 2)
    session = transfer.a_session()
    transfer.track(session)
    for number in range(9):
        transfer.write(f"{number}.tif", bytes([number]))
    transfer.settle()
    finished(transfer, session)
    (manifest,) = manifests(transfer)
    expected = [f"{md5(bytes([number]))}  Titan/{number}.tif" for number in range(9)]
    assert transfer.store.content(manifest.name).decode().splitlines() == expected


def test_a_full_disk_is_waited_for(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as no_room:
        no_room.setattr(session_manifest, "_IN_MEMORY_BYTES", 1)
        no_room.setattr(session_manifest, "_on_the_disk", full)
        with pytest.raises(JournalUnavailable, match="No space left"):
            finished(transfer, session)
    transfer.go_on()
    assert len(manifests(transfer)) == 1


def test_each_computer_of_a_session_has_its_own(transfer: Transfer) -> None:
    names = {manifest_name(transfer.a_session(computer_name=name)) for name in ("TEM-1", "CAM-1")}
    assert len(names) == 2
    odd = manifest_name(transfer.a_session(computer_name="Ä PC/\\:*?" + "x" * 100, filestore_path="."))
    assert odd.startswith(".manifests/")
    assert len(odd.encode()) < 200
    assert not set('<>:"|?*\\ ') & set(odd)


def test_odd_names_are_escaped_as_md5sum_does(tmp_path: Path) -> None:
    odd = ["plain.tif", "line\nbreak", "back\\slash", "cr\rhere", " leading", "-dash", "trailing "]
    for name in odd:
        (tmp_path / name).write_bytes(name.encode())
    lines = "".join(f"{md5sum_line(md5(name.encode()), name)}\n" for name in odd)
    (tmp_path / "list.md5").write_text(lines, encoding="utf-8", newline="")
    done = subprocess.run(
        ["md5sum", "--check", "--strict", "list.md5"], cwd=tmp_path, capture_output=True, check=False, timeout=20
    )
    assert done.returncode == 0, done


def test_one_that_was_damaged_on_its_way_is_sent_again_before_the_session_is_ready(
    transfer: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"a")
    transfer.settle()
    put = transfer.store.put
    damaged: list[str] = []

    def damage_once(name: str, *arguments: Any, **more: Any) -> StoredObject:
        if ".manifests" in name and not damaged:
            damaged.append(name)
            raise ChecksumMismatch("Not what was announced", name)
        return put(name, *arguments, **more)

    monkeypatch.setattr(transfer.store, "put", damage_once)
    finished(transfer, session, 0.0)
    assert transfer.session.take(AllStored) == []
    transfer.go_on(300)

    assert [stored.name for stored in manifests(transfer)] == damaged
    assert transfer.session.take(AllStored)


def test_a_manifest_that_the_database_has_lost_is_sent_again_in_this_run(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("a.tif", b"one")
    transfer.settle()
    ended = transfer.ended(session)
    transfer.track(ended)
    transfer.settle()
    assert transfer.is_recorded("s1")
    (before,) = transfer.database.rows
    transfer.database.rows.clear()
    transfer.session.messages.clear()

    handle(transfer.ports, transfer.state, RecordAgain("s1"))
    transfer.track(ended)
    transfer.turn()

    assert transfer.database.rows == [before]
    told = [message for message in transfer.session.messages if isinstance(message, RecordedAnew | AllRecorded)]
    assert told == [RecordedAnew("s1"), AllRecorded("s1", 1, before.uploaded_at)]


def test_the_extent_of_a_manifest(transfer: Transfer) -> None:
    """Two results of one object are one row, and nobody can say of which time."""
    session = transfer.a_session()
    transfer.track(session)
    assert transfer.results.extent("s1") == (0, None)
    for name in ("a.tif", "b.tif"):
        transfer.write(name, name.encode())
        transfer.settle()
    first, last = transfer.results.of("s1")
    assert transfer.results.extent("s1") == (2, last.uploaded_at)
    transfer.results.put(replace(last, key=FileKey("elsewhere", "", "b.tif")))
    assert transfer.results.extent("s1") == (2, first.uploaded_at)
