"""Everything that can go wrong on the way to a bucket, to every kind of request: afterwards all of it is there, once,
and no row ever said anything else.

The whole transfer runs, on real files and journals, with a real client of Cloud Storage; the harm is done by the
proxy between it and the emulator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.storage import gcs_upload
from tests.bucket_transfer import BucketTransfer
from tests.storage_emulators import make_bucket, needs_emulators
from tests.storage_proxy import Fault, Harm, StorageProxy
from tests.unit.transfer.conftest import md5

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = needs_emulators

#: In place of 8 MiB, for speed.
PART = 1 << 19
LARGE = bytes(range(251)) * (2 * PART // 251 + 100)

#: The kinds of request that a file of each size meets, by how they begin.
REQUESTS = {
    "small": r"^POST /upload.*uploadType=multipart",
    "begin": r"^POST /upload.*uploadType=resumable",
    "first part": r"^PUT .*upload_id=",
    "last part": r"^PUT .*upload_id=",
    "question": r"^GET /storage/v1/b/[^/]+/o/",
}
SKIP = {"last part": 2}

HARMS: dict[str, Callable[[str, int], Fault]] = {
    "503": lambda match, skip: Fault(Harm.STATUS, match, skip=skip, status=503),
    "429": lambda match, skip: Fault(Harm.STATUS, match, skip=skip, status=429, reason="rateLimitExceeded"),
    "408": lambda match, skip: Fault(Harm.STATUS, match, skip=skip, status=408, said="Request Timeout", reason=""),
    "reset": lambda match, skip: Fault(Harm.RESET, match, skip=skip),
    "stall": lambda match, skip: Fault(Harm.STALL, match, skip=skip),
    "broken stream": lambda match, skip: Fault(Harm.BROKEN_STREAM, match, skip=skip),
    "answer lost": lambda match, skip: Fault(Harm.ANSWER_LOST, match, skip=skip),
    "answer cut": lambda match, skip: Fault(Harm.ANSWER_CUT, match, skip=skip),
    "403": lambda match, skip: Fault(
        Harm.STATUS, match, skip=skip, status=403, said="The account does not have storage.objects.create access."
    ),
    "404 bucket": lambda match, skip: Fault(
        Harm.STATUS, match, skip=skip, status=404, said="The specified bucket does not exist.", reason="notFound"
    ),
    "corrupted": lambda match, skip: Fault(Harm.CORRUPTED, match, skip=skip),
    # Longer than anybody tries again within one call.
    "many 503": lambda match, skip: Fault(Harm.STATUS, match, skip=skip, times=60, status=503),
    "answers lost": lambda match, skip: Fault(Harm.ANSWER_LOST, match, skip=skip, times=3),
}
#: There is no content in them.
NOT_CORRUPTED = {"begin", "question"}


@pytest.fixture
def bucket_transfer(
    proxy: StorageProxy, gcp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BucketTransfer:
    monkeypatch.setattr(gcs_upload, "PART_BYTES", PART)
    monkeypatch.setattr(gcs_upload, "SMALL_BYTES", PART)
    watch = tmp_path / "watch"
    watch.mkdir()
    return BucketTransfer(watch, make_bucket(gcp_url), tmp_path / "home", proxy.url, gcp_url)


@pytest.mark.parametrize("where", REQUESTS)
@pytest.mark.parametrize("harm", HARMS)
def test_whatever_happens_every_file_is_there_once(
    bucket_transfer: BucketTransfer, proxy: StorageProxy, harm: str, where: str
) -> None:
    if harm == "corrupted" and where in NOT_CORRUPTED:
        pytest.skip("there is no content in this request")
    transfer = bucket_transfer
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    if where == "question":
        # Only what is there is asked for.
        for name, data in (("small.tif", b"earlier"), ("large.mrc", LARGE[:-1])):
            transfer.write(name, data)
        transfer.until_all_is_there()
    transfer.write("small.tif", b"small")
    transfer.write("large.mrc", LARGE)
    fault = HARMS[harm](REQUESTS[where], SKIP.get(where, 0))
    proxy.faults.append(fault)
    transfer.settle()
    transfer.until_all_is_there()
    assert fault.times < HARMS[harm]("", 0).times, "nothing has gone wrong at all"
    transfer.check_rows()
    if harm == "corrupted":
        assert 400 in [seen.status for seen in proxy.seen], "what was damaged was stored for a while"
    # And once more, after a crash that has forgotten everything but the journal.
    rows = len(transfer.database.rows)
    transfer.restart()
    transfer.track(transfer.a_session())
    transfer.go_on(3600)
    assert transfer.in_store() == transfer.on_disk()
    assert len(transfer.database.rows) == rows


def test_a_bucket_that_is_away_for_a_minute(bucket_transfer: BucketTransfer, proxy: StorageProxy) -> None:
    transfer = bucket_transfer
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    transfer.write("small.tif", b"small")
    transfer.write("large.mrc", LARGE)
    proxy.refuse()
    transfer.settle()
    for _ in range(3):
        transfer.go_on(20)
    assert transfer.in_store() == {}
    assert transfer.in_rows() == {}
    proxy.start()
    transfer.until_all_is_there()
    transfer.check_rows()


def test_a_file_that_changes_while_everything_goes_wrong(bucket_transfer: BucketTransfer, proxy: StorageProxy) -> None:
    transfer = bucket_transfer
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    harms = (Harm.RESET, Harm.ANSWER_LOST, Harm.CORRUPTED, Harm.BROKEN_STREAM, Harm.ANSWER_CUT)
    for number, harm in enumerate(harms):
        transfer.write("small.tif", b"small" * (number + 1))
        transfer.write("large.mrc", LARGE + b"x" * number)
        proxy.faults += [Fault(harm, REQUESTS["small"], times=2), Fault(harm, REQUESTS["last part"], times=2, skip=1)]
        transfer.settle()
    transfer.until_all_is_there()
    transfer.check_rows()


def test_without_the_right_to_replace_every_content_is_kept(
    bucket_transfer: BucketTransfer, proxy: StorageProxy
) -> None:
    transfer = bucket_transfer
    transfer.track(transfer.a_session())
    transfer.go_on(0)
    contents = [b"first", b"second", LARGE, b"fourth", b"first"]
    proxy.denied = {"storage.objects.delete", "storage.buckets.get"}
    for data in contents:
        transfer.write("a.tif", data)
        transfer.settle()
        transfer.go_on(3600)
    kept = transfer.in_store()
    assert set(kept.values()) == {md5(data) for data in contents}
    assert kept["Titan/a.tif"] == md5(b"first")
    # Each row tells of a content that is there, under the name where it is.
    for row in transfer.database.rows:
        assert kept[row.object_name] == row.md5
    refused = [seen for seen in proxy.seen if seen.status == 403]
    assert len(refused) == 1, "what the account may not do is tried once"
