from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.errors import PreconditionFailed, ReplacingDenied, StoreUnavailable
from nexuslims_logger.journal.files import FilesJournal
from nexuslims_logger.journal.records import ResultState
from nexuslims_logger.journal.seen import FileKey
from nexuslims_logger.journal.sqlite import JournalFile
from nexuslims_logger.journal.uploads import Upload, Uploads
from nexuslims_logger.messages import AllStored
from nexuslims_logger.storage.contract import ABSENT
from nexuslims_logger.transfer import lanes
from tests.contract.memory_store import MemoryStore
from tests.unit.transfer.conftest import SETTLE_S, Transfer, md5

if TYPE_CHECKING:
    from nexuslims_logger.storage.contract import StoredObject


class BreakingStore(MemoryStore):
    """Loses the line at the last byte, as long as `breaks`; remembers what it was asked to go on with."""

    breaks = True
    began = 0

    def __init__(self) -> None:
        super().__init__()
        self.resumed: list[str | None] = []

    def put(
        self, name: str, content: Any, *, resume: str | None = None, watch: Any = None, **more: Any
    ) -> StoredObject:
        self.resumed.append(resume)
        if resume is None:
            self.began += 1
            watch.began(f"https://store.example/upload?secret={self.began}")
        watch.sent(more["size"] // 2)
        if self.breaks:
            raise StoreUnavailable("The line broke", "It is tried again.")
        return super().put(name, content, watch=watch, **more)


@pytest.fixture
def broken(transfer: Transfer) -> Transfer:
    """Let an upload have been interrupted."""
    transfer.store = BreakingStore()
    transfer.restart()
    transfer.track(transfer.a_session())
    transfer.write("big.ser", b"content")
    transfer.settle()
    return transfer


def test_an_interrupted_upload_goes_on_after_a_restart(broken: Transfer) -> None:
    assert isinstance(broken.store, BreakingStore)
    broken.restart()
    broken.store.breaks = False
    broken.track(broken.a_session())
    broken.go_on()
    assert broken.store.resumed == [None, "https://store.example/upload?secret=1"]
    assert broken.stored() == {"Titan/big.ser": md5(b"content")}
    assert broken.connection.execute("SELECT COUNT(*) FROM upload").fetchone()[0] == 0


@pytest.mark.parametrize("what", ["content", "time", "name"])
def test_an_upload_of_something_else_begins_anew(broken: Transfer, what: str) -> None:
    assert isinstance(broken.store, BreakingStore)
    path = broken.watch / "big.ser"
    if what == "content":
        path.write_bytes(b"another")  # of the same size
    elif what == "time":
        path.touch()
    else:
        broken.store.overwrite("Titan/big.ser", b"somebody else's")
    broken.store.breaks = False
    broken.go_on(0)
    broken.go_on(300)
    broken.go_on(300)
    assert broken.store.resumed[-1] is None
    name = "Titan/big (tem-pc).ser" if what == "name" else "Titan/big.ser"
    assert broken.stored()[name] == md5(path.read_bytes())


def test_an_address_is_never_shown(broken: Transfer) -> None:
    upload = broken.ports.uploads.get("s1", FileKey(str(broken.watch), "", "big.ser"))
    assert upload
    assert upload.address.startswith("https://")
    assert "secret" not in repr(upload)


def test_a_journal_of_an_earlier_version_gets_the_new_table() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    FilesJournal(JournalFile(connection))
    connection.execute("DROP TABLE upload")
    connection.execute("PRAGMA user_version = 1")
    files = FilesJournal(JournalFile(connection))
    key = FileKey("/watch", "a", "caf\udce9.tif")
    upload = Upload("s1", key, 1, 2, "0" * 32, "Titan/a", ABSENT, "address")
    with files.transaction():
        Uploads(files).put(upload)
    assert Uploads(files).get("s1", key) == upload


def test_large_files_leave_threads_to_small_ones(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    for lane, size in ((transfer.state.lanes.large, (10, 1 << 62)), (transfer.state.lanes.small, (0, 10))):
        lane.sizes = size
    monkeypatch.setattr(lanes, "LARGE_BYTES", 10)
    submitted: list[int] = []
    monkeypatch.setattr(transfer.pool, "submit", lambda function, *args, **more: submitted.append(args[2].stat.size))
    transfer.track(transfer.a_session())
    for number in range(20):
        transfer.write(f"{number}.ser", b"x" * 100)
        transfer.write(f"{number}.tif", b"x")
    transfer.settle()
    workers = transfer.ports.rules.workers
    assert sorted(submitted) == [1] * 2 * workers + [100] * (workers // 2)


def test_more_files_than_are_fetched_at_once_are_all_sent(transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "FETCH", 7)
    monkeypatch.setattr("nexuslims_logger.transfer.settle.MOST_CHANGING", 20)
    monkeypatch.setattr("nexuslims_logger.transfer.settle._BATCH", 3)
    transfer.track(transfer.a_session())
    for number in range(50):
        transfer.write(f"{number}.tif", b"%d" % number)
    transfer.go_on(0)
    for _ in range(8):
        transfer.clock.go_on(SETTLE_S)
        transfer.turn()
    assert len(transfer.stored()) == 50
    transfer.progress.tell()
    told = transfer.window.messages[-1]
    assert (told.files_total, told.files_done, told.files_waiting) == (50, 50, 0)


def test_a_file_that_took_long_rests_before_it_is_sent_again_and_is_sent_at_the_end(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("grows.ser", b"1")

    def slow(name: str, *_: object) -> None:
        if name == "send_one":
            transfer.clock.go_on(100)

    transfer.pool.before = slow
    transfer.settle()
    transfer.write("grows.ser", b"22")
    transfer.settle()
    assert transfer.stored() == {"Titan/grows.ser": md5(b"1")}
    transfer.progress.tell()
    assert "keeps growing" in transfer.window.messages[-1].waiting[0].reason
    transfer.clock.go_on(200)
    transfer.turn()
    assert transfer.stored() == {"Titan/grows.ser": md5(b"22")}
    transfer.write("grows.ser", b"333")
    transfer.settle()
    transfer.track(transfer.ended(session))
    transfer.turn()
    assert transfer.session.take(AllStored)
    assert transfer.stored() == {"Titan/grows.ser": md5(b"333")}


class AddingStore(MemoryStore):
    """Lets nobody replace anything."""

    def put(self, name: str, content: Any, **more: Any) -> StoredObject:
        if more["if_generation"] != ABSENT:
            raise ReplacingDenied("No right to replace", f"{name} stays as it is.")
        return super().put(name, content, **more)


def test_where_nothing_may_be_replaced_each_content_gets_a_name(transfer: Transfer) -> None:
    transfer.store = AddingStore()
    transfer.restart()
    transfer.track(transfer.a_session())
    contents = [b"first", b"the second", b"the third one", b"the fourth, at last"]
    for content in contents:
        transfer.write("x.tif", content)
        transfer.settle()
    assert sorted(value for value in transfer.stored().values() if value) == sorted(map(md5, contents))
    (result,) = transfer.results.of("s1")
    assert result.md5 == md5(contents[-1])
    # What went before is still there, and the rows that say so are true.
    assert {row.object_name for row in transfer.database.rows if row.state is ResultState.MISSING} == set()


def test_what_somebody_else_overwrote_is_no_longer_called_uploaded(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.write("x.tif", b"ours")
    transfer.settle()
    transfer.go_on(60)
    assert [(row.object_name, row.state) for row in transfer.database.rows] == [("Titan/x.tif", "UPLOADED")]
    transfer.store.overwrite("Titan/x.tif", b"somebody else's")
    transfer.write("x.tif", b"ours, changed")
    transfer.settle()
    transfer.go_on(60)
    last = {row.object_name: row for row in transfer.database.rows}
    assert last["Titan/x.tif"].state is ResultState.MISSING
    assert last["Titan/x.tif"].md5 is None
    assert "x (tem-pc).tif" in (last["Titan/x.tif"].reason or "")
    assert last["Titan/x (tem-pc).tif"].state is ResultState.UPLOADED
    # Noticed by the comparison at the end, too; and nothing counts as missing, because the file is not.
    transfer.store.overwrite("Titan/x (tem-pc).tif", b"again")
    transfer.track(transfer.ended(session))
    for _ in range(3):
        transfer.go_on(60)
    told = transfer.session.take(AllStored)
    assert (told[0].files, told[0].missing) == (1, 0)
    last = {row.object_name: row for row in transfer.database.rows}
    assert last["Titan/x (tem-pc).tif"].state is ResultState.MISSING
    assert [row.md5 for row in last.values() if row.state is ResultState.UPLOADED] == [md5(b"ours, changed")]


def test_with_a_lost_journal_nothing_is_sent_that_the_store_has(transfer: Transfer) -> None:
    session = transfer.a_session()
    transfer.track(session)
    transfer.store.overwrite("Titan/other.tif", b"foreign")
    for name in ("a.tif", "b.tif", "other.tif"):
        transfer.write(name, name.encode())
    transfer.settle()
    before = list(transfer.store.list(""))
    for table in ("seen", "result", "first_scan", "folder"):
        transfer.files.execute(f"DELETE FROM {table}")
    transfer.restart()
    transfer.ports = replace(transfer.ports, store=_Refusing(transfer.store))
    transfer.track(session)
    transfer.settle()
    assert list(transfer.store.list("")) == before
    assert [result.object_name for result in transfer.results.of("s1")] == [
        "Titan/a.tif",
        "Titan/b.tif",
        "Titan/other (tem-pc).tif",
    ]


class _Refusing(MemoryStore):
    """A store that another one's content is in, and that takes nothing."""

    def __init__(self, real: MemoryStore) -> None:
        super().__init__()
        self._kept = real._kept

    def put(self, name: str, content: Any, **more: Any) -> StoredObject:
        raise PreconditionFailed("It is sent again", name)


def test_names_that_cannot_be_stored_are_told_and_stop_nobody(transfer: Transfer) -> None:
    transfer.track(transfer.a_session())
    folder = transfer.watch
    for _ in range(5):
        folder /= "f" * 220
    folder.mkdir(parents=True)
    (folder / "too long.tif").write_bytes(b"x")
    (transfer.watch / "caf\udce9.tif").write_bytes(b"not UTF-8")
    transfer.write("good.tif", b"good")
    transfer.settle()
    transfer.progress.tell()
    assert transfer.stored() == {"Titan/good.tif": md5(b"good")}
    waiting = {one.name.rpartition("/")[2]: one.reason for one in transfer.window.messages[-1].waiting}
    assert waiting.keys() == {"too long.tif", r"caf\udce9.tif"}
    assert "shorten the names of its folders" in waiting["too long.tif"]
    assert "not valid UTF-8" in waiting[r"caf\udce9.tif"]
