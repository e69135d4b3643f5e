"""The stores that keep the contract, each with what a test needs to look at it from the outside."""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from nexuslims_logger.storage.folder import FolderStore
from tests.contract.memory_store import MemoryStore
from tests.storage_emulators import make_bucket, needs_emulators, store_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nexuslims_logger.storage.contract import ObjectStore

_GCP, _FAKE = "gcp-storage-emulator", "fake-gcs-server"
_ONE_AT_A_TIME = "it serves one request at a time: a question during an upload waits for the upload's end"
_NO_CONDITIONS = "it ignores every precondition"
_PART_OF_THEM = "it ignores the preconditions of copies and of metadata"
_NO_MD5 = "it stores a content of another MD5; the store notices, but the emulator has it"
_TAKES_HALVES = "it takes what has arrived of a broken request for the whole"

_ALL_WIN = "it ignores every precondition, so that all of them win"
#: Not tried: they take long, waiting for time limits and in the emulator's short queue.
_SLOW = frozenset({_ONE_AT_A_TIME, _ALL_WIN})

#: What an emulator cannot do, test by test; "bucket" is there for all of them. Each has to fail: one that passes goes.
CANNOT: tuple[tuple[str, str, str], ...] = (
    (_GCP, r"what_is_there_is_not_replaced_unasked", _NO_CONDITIONS),
    (_GCP, r"what_is_not_there_is_not_replaced", _NO_CONDITIONS),
    (_GCP, r"a_second_creation_meets_its_own_object", _NO_CONDITIONS),
    (_GCP, r"of_many_who_create_at_once_exactly_one_wins", _ALL_WIN),
    (_GCP, r"of_many_who_replace_at_once_exactly_one_wins_each_generation", _ALL_WIN),
    (_GCP, r"a_copy_may_be_repeated_and_replaces_nothing_else", _NO_CONDITIONS),
    (_GCP, r"only_the_generation_asked_for_changes_its_metadata", _NO_CONDITIONS),
    (_GCP, r"what_another_program_did_is_seen", _NO_CONDITIONS),
    (_GCP, r"not_what_was_announced_changes_nothing\[.*-(shorter|not empty)\]", _TAKES_HALVES),
    (_GCP, r"a_reader_sees_the_old_content_or_the_new_one", _ONE_AT_A_TIME),
    (_GCP, r"somebody_who_was_faster_is_not_overwritten", _ONE_AT_A_TIME),
    (_FAKE, r"a_copy_may_be_repeated_and_replaces_nothing_else", _PART_OF_THEM),
    (_FAKE, r"only_the_generation_asked_for_changes_its_metadata", _PART_OF_THEM),
    (_FAKE, r"not_what_was_announced_changes_nothing\[.*-other MD5\]", _NO_MD5),
)


@dataclass(frozen=True)
class StoreUnderTest:
    """A store; `content` and `overwrite` do what another program would."""

    store: ObjectStore
    content: Callable[[str], bytes]
    overwrite: Callable[[str, bytes], object]


class PcClock:
    """The PC's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        raise NotImplementedError

    def utc_offset_min(self) -> int:
        raise NotImplementedError


@pytest.fixture(
    params=[
        "folder",
        "memory",
        pytest.param("bucket", marks=needs_emulators),
        pytest.param(_GCP, marks=needs_emulators),
        pytest.param(_FAKE, marks=needs_emulators),
    ]
)
def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> StoreUnderTest:
    """Return each store; "bucket" is gcp-storage-emulator with what the proxy adds."""
    kind: str = request.param
    if kind == "memory":
        memory = MemoryStore()
        return StoreUnderTest(memory, memory.content, memory.overwrite)
    if kind == "folder":
        folder = tmp_path / "bucket"
        return StoreUnderTest(
            FolderStore(folder, PcClock()),
            lambda name: (folder / name).read_bytes(),
            lambda name, data: (folder / name).write_bytes(data),
        )
    for emulator, test, reason in CANNOT:
        if emulator == kind and re.search(test, request.node.name):
            if reason in _SLOW:
                pytest.skip(reason)
            # Strict: an emulator that has learned it fails the run, and the line in CANNOT goes.
            request.applymarker(pytest.mark.xfail(reason=reason))
    url: str = request.getfixturevalue("fake_url" if kind == _FAKE else "gcp_url")
    bucket = make_bucket(url)
    through = request.getfixturevalue("proxy").url if kind == "bucket" else url
    return StoreUnderTest(
        store_at(through, bucket, tmp_path),
        lambda name: _download(url, bucket, name),
        lambda name, data: _upload(url, bucket, name, data),
    )


@pytest.fixture
def store(under_test: StoreUnderTest) -> ObjectStore:
    return under_test.store


def _download(url: str, bucket: str, name: str) -> bytes:
    address = f"{url}/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 - http alone
        content: bytes = answer.read()
    return content


def _upload(url: str, bucket: str, name: str, data: bytes) -> None:
    told = json.dumps({"name": name}).encode()
    body = b"--x\r\ncontent-type: application/json\r\n\r\n%b\r\n--x\r\ncontent-type: a/b\r\n\r\n%b\r\n--x--" % (
        told,
        data,
    )
    address = f"{url}/upload/storage/v1/b/{bucket}/o?uploadType=multipart"
    headers = {"Content-Type": 'multipart/related; boundary="x"'}
    with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=10):  # noqa: S310 - http alone
        pass
