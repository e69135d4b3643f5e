"""What every object store promises (`nexuslims_logger.storage.contract`)."""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import ChecksumMismatch, NameRefused, PreconditionFailed
from nexuslims_logger.storage.contract import ABSENT, Origin, StoredObject

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexuslims_logger.storage.contract import ObjectStore
    from tests.contract.conftest import StoreUnderTest

ORIGIN = Origin("0a1b2c3d-4444-4555-8666-777788889999", "TEM-PC", "FEI-Titan-TEM-635816")
OTHER = Origin("ffffffff-4444-4555-8666-777788889999", "CAMERA-PC", "FEI-Titan-TEM-635816")
# Windows counts in tenths of a microsecond.
MTIME_NS = 1_763_900_000_123_456_789 if os.name != "nt" else 1_763_900_000_123_456_700
NAME = "Titan/2026-11-23/grid7_0001.tif"
#: More than one buffer, and no whole number of them.
LARGE = bytes(range(251)) * 10_000

ODD_NAMES = [
    "with some spaces .tif",
    " leading",
    unicodedata.normalize("NFC", "dépôt/échantillon é.tif"),
    unicodedata.normalize("NFD", "dépôt/échantillon é.tif"),
    "Ångström/试样/試料.dm3",
    "\U0001f52c/\U0001f9ea\U0001f468\u200d\U0001f52c.tif",
    "#1/50%41?x=1&y=2;*|<>\"'`$(a):~.tif",
    "%2e%2e/%2F",
    "x" * 251 + ".tif",
    "é" * 125 + ".tifs" + "/" + "\U0001f52c" * 63 + "abc",
    "/".join(["d"] * 200) + "/deep.tif",
    "/".join(["d" * 127] * 8),
    "line\nbreak\ttab.tif",
    ".hidden/.file",
    "..a/b../...",
    "no extension",
    "Titan/.nexuslims/not the store's.tif",
]


class Bytes:
    """Bytes in memory, as `Content`."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(size)

    def seek(self, position: int) -> None:
        self._file.seek(position)


class Dribble(Bytes):
    """Gives fewer bytes than asked for, as a pipe or a share does."""

    def read(self, size: int) -> bytes:
        return super().read(min(size, 1000))


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def put(
    store: ObjectStore,
    name: str,
    data: bytes,
    *,
    origin: Origin = ORIGIN,
    mtime_ns: int = MTIME_NS,
    if_generation: int = ABSENT,
) -> StoredObject:
    return store.put(
        name,
        Bytes(data),
        size=len(data),
        md5=md5_of(data),
        mtime_ns=mtime_ns,
        origin=origin,
        if_generation=if_generation,
    )


def test_an_empty_store_has_nothing(store: ObjectStore) -> None:
    assert store.stat(NAME) is None
    assert list(store.list("")) == []


def test_a_store_has_a_name_for_the_manifest(store: ObjectStore) -> None:
    assert 0 < len(store.url) <= 255
    assert store.is_cloud == store.url.startswith("gs://")


@pytest.mark.parametrize("data", [b"", b"a", LARGE], ids=["empty", "one byte", "large"])
def test_what_is_put_is_there(under_test: StoreUnderTest, data: bytes) -> None:
    stored = put(under_test.store, NAME, data)
    assert stored == StoredObject(NAME, len(data), md5_of(data), stored.generation, MTIME_NS, ORIGIN)
    assert stored.generation > 0
    assert under_test.store.stat(NAME) == stored
    assert under_test.content(NAME) == data


def test_content_may_arrive_in_small_pieces(under_test: StoreUnderTest) -> None:
    under_test.store.put(
        NAME,
        Dribble(LARGE),
        size=len(LARGE),
        md5=md5_of(LARGE),
        mtime_ns=MTIME_NS,
        origin=ORIGIN,
        if_generation=ABSENT,
    )
    assert under_test.content(NAME) == LARGE


@pytest.mark.parametrize("data", [b"small", LARGE], ids=["small", "large"])
def test_whoever_watches_hears_how_much_is_there(store: ObjectStore, data: bytes) -> None:
    sizes = []

    class Watch:
        def began(self, address: str) -> None:
            assert address

        def sent(self, size_bytes: int) -> None:
            sizes.append(size_bytes)

    store.put(
        NAME,
        Bytes(data),
        size=len(data),
        md5=md5_of(data),
        mtime_ns=MTIME_NS,
        origin=ORIGIN,
        if_generation=ABSENT,
        resume="an address that no store has ever told",
        watch=Watch(),
    )
    assert sizes == sorted(sizes)
    assert sizes[-1] == len(data)
    found = store.stat(NAME)
    assert found is not None
    assert found.md5 == md5_of(data)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_kept_letter_by_letter(under_test: StoreUnderTest, name: str) -> None:
    store = under_test.store
    if store.is_cloud and "\n" in name:
        # Cloud Storage itself takes no line breaks.
        with pytest.raises(NameRefused):
            put(store, name, b"odd")
        return
    stored = put(store, name, b"odd")
    assert stored.name == name
    assert store.stat(name) == stored
    assert list(store.list("")) == [stored]
    assert list(store.list(name)) == [stored]
    assert under_test.content(name) == b"odd"
    replaced = put(store, name, b"odder", if_generation=stored.generation)
    assert store.copy(name, "copy", if_generation=replaced.generation).md5 == md5_of(b"odder")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/absolute.tif",
        "..",
        "../escape.tif",
        "a/../../escape.tif",
        "a/./b",
        "a//b",
        "a/",
        "back\\slash",
        "..\\escape",
        "nul\0",
        "surrogate\udce9",
        "x" * 1025,
        ".nexuslims",
        ".nexuslims/objects/x",
    ],
)
def test_names_that_escape_or_cannot_be_written_are_refused_by_every_call(store: ObjectStore, name: str) -> None:
    put(store, NAME, b"a")
    calls: list[Callable[[], object]] = [
        lambda: store.stat(name),
        lambda: put(store, name, b"a"),
        lambda: store.copy(name, "to", if_generation=1),
        lambda: store.copy(NAME, name, if_generation=1),
        lambda: store.set_metadata(name, mtime_ns=1, origin=ORIGIN, if_generation=1),
    ]
    for call in calls:
        with pytest.raises(NameRefused):
            call()
    assert [stored.name for stored in store.list("")] == [NAME]


@pytest.mark.parametrize(
    ("size", "md5"),
    [
        (7, md5_of(b"content")[::-1]),
        (6, md5_of(b"content")),
        (8, md5_of(b"content")),
        (6, md5_of(b"conten")),
        (0, md5_of(b"")),
    ],
    ids=["other MD5", "longer", "shorter", "longer, MD5 of its beginning", "not empty"],
)
@pytest.mark.parametrize("there", [False, True], ids=["new", "replacing"])
def test_content_that_is_not_what_was_announced_changes_nothing(
    under_test: StoreUnderTest, size: int, md5: str, there: bool
) -> None:
    store = under_test.store
    before = put(store, NAME, b"before") if there else None
    with pytest.raises(ChecksumMismatch):
        store.put(
            NAME,
            Bytes(b"content"),
            size=size,
            md5=md5,
            mtime_ns=MTIME_NS,
            origin=ORIGIN,
            if_generation=before.generation if before else ABSENT,
        )
    assert store.stat(NAME) == before
    assert list(store.list("")) == ([before] if before else [])
    if before:
        assert under_test.content(NAME) == b"before"


def test_a_new_content_has_a_new_generation_and_replaces_the_old_one(under_test: StoreUnderTest) -> None:
    store = under_test.store
    generations = [ABSENT]
    for data in (b"first", b"second", b"second", b"first"):
        stored = put(store, NAME, data, if_generation=generations[-1], mtime_ns=MTIME_NS + len(generations))
        assert store.stat(NAME) == stored
        assert stored.mtime_ns == MTIME_NS + len(generations)
        assert under_test.content(NAME) == data
        generations.append(stored.generation)
    assert len(set(generations)) == len(generations)


def test_what_is_there_is_not_replaced_unasked(under_test: StoreUnderTest) -> None:
    stored = put(under_test.store, NAME, b"theirs", origin=OTHER)
    for generation in (ABSENT, stored.generation - 1, stored.generation + 1):
        with pytest.raises(PreconditionFailed):
            put(under_test.store, NAME, b"ours", if_generation=generation)
    assert under_test.store.stat(NAME) == stored
    assert under_test.content(NAME) == b"theirs"


def test_what_is_not_there_is_not_replaced(store: ObjectStore) -> None:
    with pytest.raises(PreconditionFailed):
        put(store, NAME, b"ours", if_generation=17)
    assert store.stat(NAME) is None


def test_a_second_creation_meets_its_own_object(store: ObjectStore) -> None:
    stored = put(store, NAME, b"ours")
    with pytest.raises(PreconditionFailed):
        put(store, NAME, b"ours")
    assert store.stat(NAME) == stored


def test_a_reader_sees_the_old_content_or_the_new_one(under_test: StoreUnderTest) -> None:
    store = under_test.store
    before = put(store, NAME, b"old" * 1_000_000)
    new = b"new" * 1_000_001
    seen: list[tuple[StoredObject | None, bytes]] = []

    class Watched(Bytes):
        def read(self, size: int) -> bytes:
            seen.append((store.stat(NAME), under_test.content(NAME)))
            return super().read(size)

    after = store.put(
        NAME,
        Watched(new),
        size=len(new),
        md5=md5_of(new),
        mtime_ns=MTIME_NS,
        origin=ORIGIN,
        if_generation=before.generation,
    )
    assert len(seen) > 2
    assert set(seen) == {(before, b"old" * 1_000_000)}
    assert (store.stat(NAME), under_test.content(NAME)) == (after, new)


def test_somebody_who_was_faster_is_not_overwritten(under_test: StoreUnderTest) -> None:
    store = under_test.store

    class Overtaken(Bytes):
        def seek(self, position: int) -> None:
            assert position == 0, "there was nothing to be resumed"
            super().seek(position)

        def read(self, size: int) -> bytes:
            if store.stat(NAME) is None:
                put(store, NAME, b"theirs", origin=OTHER)
            return super().read(size)

    with pytest.raises(PreconditionFailed):
        store.put(
            NAME,
            Overtaken(b"ours"),
            size=4,
            md5=md5_of(b"ours"),
            mtime_ns=MTIME_NS,
            origin=ORIGIN,
            if_generation=ABSENT,
        )
    assert under_test.content(NAME) == b"theirs"


@pytest.mark.parametrize("round_", range(5))
def test_of_many_who_create_at_once_exactly_one_wins(under_test: StoreUnderTest, round_: int) -> None:
    contents = [f"from {number}".encode() * 1000 for number in range(8)]

    def create(data: bytes) -> StoredObject | None:
        try:
            return put(under_test.store, NAME, data)
        except PreconditionFailed:
            return None

    with ThreadPoolExecutor(len(contents)) as pool:
        winners = [stored for stored in pool.map(create, contents) if stored is not None]
    assert len(winners) == 1
    assert under_test.store.stat(NAME) == winners[0]
    assert md5_of(under_test.content(NAME)) == winners[0].md5


def test_of_many_who_replace_at_once_exactly_one_wins_each_generation(under_test: StoreUnderTest) -> None:
    before = put(under_test.store, NAME, b"before")

    def replace_it(number: int) -> bool:
        try:
            put(under_test.store, NAME, b"x" * number, if_generation=before.generation)
        except PreconditionFailed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(replace_it, range(8))) == 1


def test_different_objects_can_be_stored_at_once(store: ObjectStore) -> None:
    names = [f"folder {number % 3}/{number:03}.tif" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        stored = list(pool.map(lambda name: put(store, name, name.encode()), names))
    assert list(store.list("")) == sorted(stored, key=lambda one: one.name)


def test_an_old_content_is_kept_as_a_copy(under_test: StoreUnderTest) -> None:
    store = under_test.store
    old = put(store, NAME, LARGE, origin=OTHER)
    to = f".versions/{NAME}/{old.generation}"
    copied = store.copy(NAME, to, if_generation=old.generation)
    assert copied == replace(old, name=to, generation=copied.generation)
    new = put(store, NAME, b"new", if_generation=old.generation)
    assert store.stat(to) == copied
    assert under_test.content(to) == LARGE
    assert store.stat(NAME) == new
    store.set_metadata(NAME, mtime_ns=5 * 10**9, origin=ORIGIN, if_generation=new.generation)
    assert store.stat(to) == copied


def test_a_copy_may_be_repeated_and_replaces_nothing_else(under_test: StoreUnderTest) -> None:
    store = under_test.store
    stored = put(store, NAME, b"ours")
    copied = store.copy(NAME, "copy", if_generation=stored.generation)
    assert store.copy(NAME, "copy", if_generation=stored.generation) == copied
    theirs = put(store, "taken", b"theirs", origin=OTHER)
    with pytest.raises(PreconditionFailed):
        store.copy(NAME, "taken", if_generation=stored.generation)
    assert store.stat("taken") == theirs
    assert under_test.content("taken") == b"theirs"


def test_only_the_generation_asked_for_is_copied(store: ObjectStore) -> None:
    stored = put(store, NAME, b"ours")
    for name, generation in (
        (NAME, stored.generation + 1),
        (NAME, ABSENT),
        ("nothing", 1),
        ("nothing", ABSENT),
    ):
        with pytest.raises(PreconditionFailed):
            store.copy(name, "copy", if_generation=generation)
    assert store.stat("copy") is None


def test_time_and_origin_change_without_the_content(under_test: StoreUnderTest) -> None:
    store = under_test.store
    stored = put(store, NAME, b"ours")
    later = MTIME_NS + 3_600_000_000_001
    expected = replace(stored, mtime_ns=later, origin=OTHER)
    for _ in range(2):
        changed = store.set_metadata(NAME, mtime_ns=later, origin=OTHER, if_generation=stored.generation)
        assert changed == expected
        assert store.stat(NAME) == expected
    nobody = store.set_metadata(NAME, mtime_ns=later, origin=None, if_generation=stored.generation)
    assert store.stat(NAME) == nobody == replace(expected, origin=None)
    assert under_test.content(NAME) == b"ours"


def test_only_the_generation_asked_for_changes_its_metadata(store: ObjectStore) -> None:
    stored = put(store, NAME, b"ours")
    for name, generation in ((NAME, stored.generation + 1), (NAME, ABSENT), ("nothing", 1), ("nothing", 0)):
        with pytest.raises(PreconditionFailed):
            store.set_metadata(name, mtime_ns=1, origin=OTHER, if_generation=generation)
    assert store.stat(NAME) == stored


def test_a_list_has_the_objects_of_a_prefix_in_order(store: ObjectStore) -> None:
    names = ["a", "b!", "b/2", "b/1/x", "b/1.tif", "b/1!", "b.tif", "bé", "b0", "c/d", ".versions/b/1/17"]
    for name in names:
        put(store, name, name.encode())
    in_order = sorted(names)
    assert [stored.name for stored in store.list("")] == in_order
    for prefix in (
        "b",
        "b/",
        "b/1",
        "b/1/",
        "b/1/x",
        "b/1/x/",
        "c/d",
        "é",
        ".versions/",
        "B",
        "/",
        "../",
        "b//",
    ):
        expected = [name for name in in_order if name.startswith(prefix)]
        assert [stored.name for stored in store.list(prefix)] == expected, prefix
    assert all(store.stat(stored.name) == stored for stored in store.list(""))


def test_what_another_program_did_is_seen(under_test: StoreUnderTest) -> None:
    store = under_test.store
    ours = put(store, NAME, b"ours")
    seen = []
    for data in (b"thei", b"heir", b"longer", b""):
        under_test.overwrite(NAME, data)
        found = store.stat(NAME)
        assert found is not None
        assert (found.size, found.md5, found.origin) == (len(data), md5_of(data), None)
        assert store.stat(NAME) == found
        seen.append(found.generation)
    assert len({ours.generation, *seen}) == 5
    with pytest.raises(PreconditionFailed):
        put(store, NAME, b"ours again", if_generation=ours.generation)
    kept = store.copy(NAME, "kept", if_generation=seen[-1])
    assert (kept.md5, kept.origin) == (md5_of(b""), None)
    assert put(store, NAME, b"ours again", if_generation=seen[-1]).origin == ORIGIN
