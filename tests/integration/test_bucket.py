"""The bucket as it is beyond the contract: uploads that go on, rights, tokens, secrets, pages."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from nexuslims_logger.errors import (
    AccessDenied,
    ChecksumMismatch,
    ConfigurationError,
    FileProblem,
    FileUnreadable,
    LoggerError,
    PreconditionFailed,
    ReplacingDenied,
    StoreUnavailable,
)
from nexuslims_logger.storage import gcs, gcs_upload
from nexuslims_logger.storage.contract import ABSENT, Origin, StoredObject
from nexuslims_logger.storage.gcs import GcsStore
from tests.storage_emulators import make_bucket, needs_emulators, quick, settings_for, store_at
from tests.storage_proxy import Fault, Harm, StorageProxy

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_emulators

ORIGIN = Origin("0a1b2c3d-4444-4555-8666-777788889999", "TEM-PC", "FEI-Titan-TEM-635816")
NAME = "Titan/2026-11-23/series.mrc"
MTIME_NS = 1_763_900_000_123_456_789
REAL_LIMIT = gcs_upload.SMALL_BYTES
#: In place of 8 MiB, for speed.
PART = 1 << 19
#: Three parts, the last of them short.
LARGE = bytes(range(251)) * (2 * PART // 251 + 100)


class Watch:
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.sizes: list[int] = []

    def began(self, address: str) -> None:
        self.addresses.append(address)

    def sent(self, size_bytes: int) -> None:
        self.sizes.append(size_bytes)


def md5_of(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def put(store: GcsStore, data: bytes, name: str = NAME, **more: Any) -> StoredObject:
    announced: dict[str, Any] = {
        "size": len(data),
        "md5": md5_of(data),
        "mtime_ns": MTIME_NS,
        "origin": ORIGIN,
        "if_generation": ABSENT,
    }
    return store.put(name, io.BytesIO(data), **announced | more)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs_upload, "PART_BYTES", PART)
    monkeypatch.setattr(gcs_upload, "SMALL_BYTES", PART)


@pytest.fixture
def bucket(gcp_url: str) -> str:
    return make_bucket(gcp_url)


@pytest.fixture
def store(proxy: StorageProxy, bucket: str, tmp_path: Path) -> GcsStore:
    return store_at(proxy.url, bucket, tmp_path, retry_s=0.3)


def interrupted(store: GcsStore, proxy: StorageProxy, after_parts: int = 1) -> Watch:
    """Send so many parts, then lose the line for longer than anybody tries again."""
    watch = Watch()
    fault = Fault(Harm.RESET, r"^PUT .*upload_id=", times=1000, skip=after_parts)
    proxy.faults.append(fault)
    with pytest.raises(StoreUnavailable):
        put(store, LARGE, watch=watch)
    proxy.faults.remove(fault)
    proxy.seen.clear()
    return watch


# --- large contents --------------------------------------------------------------------------------------------------


def test_a_large_content_goes_in_parts_and_tells_how_far_it_is(store: GcsStore, proxy: StorageProxy) -> None:
    watch = Watch()
    stored = put(store, LARGE, watch=watch)
    assert store.stat(NAME) == stored
    assert (stored.size, stored.md5, stored.mtime_ns, stored.origin) == (len(LARGE), md5_of(LARGE), MTIME_NS, ORIGIN)
    assert watch.sizes == [0, PART, 2 * PART, len(LARGE)]
    assert len(watch.addresses) == 1
    assert proxy.count("^POST .*uploadType=resumable") == 1
    assert proxy.count("^PUT ") == 3


def test_a_small_content_goes_in_one_request(store: GcsStore, proxy: StorageProxy) -> None:
    watch = Watch()
    put(store, b"small", watch=watch)
    assert (watch.sizes, watch.addresses) == ([5], [])
    assert [seen.request.split("?")[0] for seen in proxy.seen] == [f"POST /upload/storage/v1/b/{store.url[5:]}/o"]


def test_the_limit_between_small_and_large(
    store: GcsStore, proxy: StorageProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert REAL_LIMIT == 8 << 20
    monkeypatch.setattr(gcs_upload, "SMALL_BYTES", 10)
    put(store, b"x" * 10, "ten")
    assert proxy.count("^POST .*uploadType=resumable") == 0
    put(store, b"x" * 11, "eleven")
    assert proxy.count("^POST .*uploadType=resumable") == 1


def test_an_interrupted_upload_goes_on_in_another_run_of_the_program(
    store: GcsStore, proxy: StorageProxy, bucket: str, tmp_path: Path
) -> None:
    address = interrupted(store, proxy, after_parts=2).addresses[0]
    assert store.stat(NAME) is None
    watch = Watch()
    stored = put(store_at(proxy.url, bucket, tmp_path), LARGE, resume=address, watch=watch)
    assert (stored.md5, stored.size) == (md5_of(LARGE), len(LARGE))
    # One question, and the part that was missing.
    assert proxy.count("^PUT ") == 2
    assert proxy.count("^POST ") == 0
    assert watch.addresses == []
    assert watch.sizes == [2 * PART, len(LARGE)]
    assert store.stat(NAME) == stored


def test_an_upload_whose_last_answer_was_lost_is_complete(store: GcsStore, proxy: StorageProxy) -> None:
    watch = Watch()
    proxy.faults += [
        Fault(Harm.ANSWER_LOST, r"^PUT .*upload_id=", skip=2),
        Fault(Harm.RESET, r"^PUT .*upload_id=", times=1000, skip=2),
    ]
    with pytest.raises(StoreUnavailable):
        put(store, LARGE, watch=watch)
    proxy.faults.clear()
    proxy.seen.clear()
    there = store.stat(NAME)
    assert put(store, LARGE, resume=watch.addresses[0]) == there
    assert proxy.count("^PUT ") == 1
    assert there is not None
    assert there.md5 == md5_of(LARGE)


@pytest.mark.parametrize(
    "change",
    [
        {"md5": md5_of(b"x"), "data": b"y" * len(LARGE)},
        {"data": LARGE + b"more"},
        {"name": "another"},
        {"mtime_ns": MTIME_NS + 1},
        {"origin": Origin("another", "TEM-PC", "FEI")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_address_that_does_not_fit_is_passed_over(
    store: GcsStore, proxy: StorageProxy, change: dict[str, Any]
) -> None:
    address = interrupted(store, proxy).addresses[0]
    watch = Watch()
    arguments = {"data": LARGE, "name": NAME, **change}
    arguments.pop("md5", None)
    stored = put(store, resume=address, watch=watch, **arguments)
    assert stored.md5 == md5_of(arguments["data"])
    assert proxy.count("^POST .*uploadType=resumable") == 1
    assert len(watch.addresses) == 1
    assert watch.addresses[0] != address
    assert [one.name for one in store.list("")] == [stored.name]


def test_another_generation_to_be_replaced_is_another_upload(store: GcsStore, proxy: StorageProxy) -> None:
    address = interrupted(store, proxy).addresses[0]
    before = put(store, b"before")
    assert put(store, LARGE, resume=address, if_generation=before.generation).md5 == md5_of(LARGE)
    assert proxy.count("^POST .*uploadType=resumable") == 1


@pytest.mark.parametrize("address", ["", "nonsense", "a b c", f"{'0' * 64} http://127.0.0.1:1/"])
def test_an_address_that_is_none_is_passed_over(store: GcsStore, address: str) -> None:
    assert put(store, LARGE, resume=address).md5 == md5_of(LARGE)


@pytest.mark.parametrize("answer", [(404, "Not Found"), (410, "Gone"), (400, "Invalid request."), (416, "Range")])
def test_an_upload_that_was_forgotten_begins_anew(
    store: GcsStore, proxy: StorageProxy, answer: tuple[int, str]
) -> None:
    address = interrupted(store, proxy).addresses[0]
    status, said = answer
    proxy.faults.append(Fault(Harm.STATUS, r"^PUT ", status=status, said=said))
    watch = Watch()
    assert put(store, LARGE, resume=address, watch=watch).md5 == md5_of(LARGE)
    assert len(watch.addresses) == 1
    assert watch.sizes == [0, PART, 2 * PART, len(LARGE)]


def test_an_upload_that_is_forgotten_on_the_way_is_sent_later(store: GcsStore, proxy: StorageProxy) -> None:
    class Forgetful(Watch):
        def sent(self, size_bytes: int) -> None:
            if size_bytes:
                proxy.forget_uploads()

    with pytest.raises(StoreUnavailable):
        put(store, LARGE, watch=Forgetful())
    assert store.stat(NAME) is None
    assert put(store, LARGE).md5 == md5_of(LARGE)


def test_somebody_who_was_faster_than_a_large_upload_is_not_overwritten(store: GcsStore) -> None:
    theirs: list[StoredObject] = []

    class Overtaken(Watch):
        def began(self, address: str) -> None:
            theirs.append(put(store, b"theirs"))

    with pytest.raises(PreconditionFailed):
        put(store, LARGE, watch=Overtaken())
    assert store.stat(NAME) == theirs[0]


def test_content_of_another_md5_is_refused_with_the_last_part(store: GcsStore) -> None:
    with pytest.raises(ChecksumMismatch):
        put(store, LARGE, md5=md5_of(b"another"))
    assert store.stat(NAME) is None


class Changing(io.BytesIO):
    """A file that becomes another one while it is sent."""

    def __init__(self, data: bytes, later: bytes) -> None:
        super().__init__(data)
        self._later = later

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= PART:
            at = self.tell()
            super().seek(0)
            self.truncate(0)
            self.write(self._later)
            super().seek(at)
        return super().read(size)


@pytest.mark.parametrize("later", [LARGE + b"x", LARGE[:-1], LARGE[: PART + 7], b"", LARGE[:-1] + b"x"])
def test_a_file_that_changes_while_it_is_sent_is_not_stored(store: GcsStore, later: bytes) -> None:
    with pytest.raises(ChecksumMismatch):
        store.put(
            NAME,
            Changing(LARGE, later),
            size=len(LARGE),
            md5=md5_of(LARGE),
            mtime_ns=MTIME_NS,
            origin=ORIGIN,
            if_generation=ABSENT,
        )
    assert store.stat(NAME) is None
    assert put(store, LARGE).md5 == md5_of(LARGE)


def test_a_file_that_cannot_be_read_any_more_ends_the_upload(store: GcsStore, proxy: StorageProxy) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > PART:
                raise FileUnreadable("The file cannot be read", "a disk error")
            return super().read(size)

    with pytest.raises(FileUnreadable):
        store.put(
            NAME,
            Broken(LARGE),
            size=len(LARGE),
            md5=md5_of(LARGE),
            mtime_ns=MTIME_NS,
            origin=ORIGIN,
            if_generation=ABSENT,
        )
    assert proxy.count("^PUT ") == 1
    assert store.stat(NAME) is None


def test_only_a_small_block_of_a_content_is_in_memory(store: GcsStore) -> None:
    asked = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size or 0)
            return super().read(size)

    for data, name in ((LARGE, "large"), (LARGE[:PART], "small")):
        store.put(
            name,
            Watched(data),
            size=len(data),
            md5=md5_of(data),
            mtime_ns=MTIME_NS,
            origin=ORIGIN,
            if_generation=ABSENT,
        )
    assert max(asked) == 1 << 18


# --- rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("permission", ["create", "get", "update", "list"])
def test_a_missing_right_is_named(store: GcsStore, proxy: StorageProxy, permission: str) -> None:
    stored = put(store, b"ours")
    calls: dict[str, Any] = {
        "create": lambda: put(store, b"new", "new"),
        "get": lambda: store.stat(NAME),
        "update": lambda: store.set_metadata(NAME, mtime_ns=1, origin=ORIGIN, if_generation=stored.generation),
        "list": lambda: list(store.list("")),
    }
    proxy.denied = {f"storage.objects.{permission}"}
    proxy.seen.clear()
    # Without the right to change times, only a file of which nothing but the time has changed has a problem.
    with pytest.raises(FileProblem if permission == "update" else AccessDenied) as denied:
        calls[permission]()
    assert f"storage.objects.{permission}" in denied.value.message
    assert len(proxy.seen) == 1, "a right that is missing is not asked for again and again"


@pytest.mark.parametrize("data", [b"new", LARGE], ids=["small", "large"])
def test_without_the_right_to_replace_it_says_so_and_remembers_it(
    store: GcsStore, proxy: StorageProxy, data: bytes
) -> None:
    before = put(store, b"before")
    proxy.denied = {"storage.objects.delete"}
    with pytest.raises(ReplacingDenied) as denied:
        put(store, data, if_generation=before.generation)
    assert "storage.objects.delete" in denied.value.message
    assert store.stat(NAME) == before
    proxy.seen.clear()
    with pytest.raises(ReplacingDenied):
        put(store, data, if_generation=before.generation)
    assert proxy.seen == []
    assert put(store, data, "second name").md5 == md5_of(data)


def test_a_refusal_to_replace_tells_that_something_is_there(store: GcsStore, proxy: StorageProxy) -> None:
    before = put(store, b"before")
    said = "tem1 does not have storage.objects.delete access to the Google Cloud Storage object."
    proxy.faults.append(Fault(Harm.STATUS, "^POST /upload", status=403, said=said, reason="forbidden"))
    with pytest.raises(PreconditionFailed):
        put(store, b"before")
    assert store.stat(NAME) == before
    assert put(store, b"new", if_generation=before.generation).md5 == md5_of(b"new")


def test_a_bucket_that_is_not_there_is_not_an_empty_one(proxy: StorageProxy, tmp_path: Path) -> None:
    store = store_at(proxy.url, "no-such-bucket", tmp_path)
    calls: list[Any] = [
        lambda: store.stat(NAME),
        lambda: put(store, b"small"),
        lambda: put(store, LARGE),
        lambda: list(store.list("")),
        lambda: store.copy(NAME, "to", if_generation=1),
        lambda: store.set_metadata(NAME, mtime_ns=1, origin=None, if_generation=1),
    ]
    for call in calls:
        with pytest.raises(ConfigurationError, match="no-such-bucket"):
            call()
    assert proxy.count("", ok=False) == len(calls)


def test_nothing_is_asked_of_the_bucket_itself(store: GcsStore, proxy: StorageProxy) -> None:
    stored = put(store, b"a")
    store.stat(NAME)
    store.copy(NAME, "copy", if_generation=stored.generation)
    store.set_metadata(NAME, mtime_ns=1, origin=ORIGIN, if_generation=stored.generation)
    put(store, LARGE, "large")
    list(store.list(""))
    assert all("/o" in seen.request for seen in proxy.seen)


# --- who we are ------------------------------------------------------------------------------------------------------


@pytest.fixture
def signed_in(
    proxy: StorageProxy, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> GcsStore:
    """Return a store that reaches the proxy as Google itself, with credentials."""
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "key.json"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    told = {"type": "service_account", "client_email": "tem1@lab.iam.gserviceaccount.com", "private_key": key.decode()}
    file.write_text(json.dumps(told | {"token_uri": f"{proxy.url}/token"}))
    proxy.secrets += [line for line in key.decode().splitlines() if "-----" not in line]
    proxy.login = True
    monkeypatch.setenv("API_ENDPOINT_OVERRIDE", proxy.url)
    settings = settings_for("", bucket, tmp_path, CREDENTIALS_FILE=str(file))
    assert settings.storage_emulator_host is None
    return GcsStore(settings, quick(retry_s=0.3))


def test_a_token_is_fetched_once_and_renewed_in_the_middle(signed_in: GcsStore, proxy: StorageProxy) -> None:
    put(signed_in, b"first", "first")
    put(signed_in, b"second", "second")
    assert proxy.count("^POST /token") == 1
    proxy.forget_token()
    # Refused after its content was read: the content has to begin again.
    stored = put(signed_in, b"third" * 100_000, "third")
    assert stored.md5 == md5_of(b"third" * 100_000)
    proxy.forget_token()
    assert put(signed_in, LARGE).md5 == md5_of(LARGE)
    assert proxy.count("^POST /token") == 3


def test_no_secret_is_logged_or_told(
    signed_in: GcsStore, proxy: StorageProxy, caplog: pytest.LogCaptureFixture
) -> None:
    told = []
    for harm in (Harm.RESET, Harm.ANSWER_CUT, Harm.STATUS):
        for match in (r"^PUT ", r"^POST /upload.*resumable", r"^GET "):
            proxy.faults = [Fault(harm, match, times=1000, status=403)]
            calls: list[Any] = [partial(put, signed_in, LARGE, f"{harm}"), partial(signed_in.stat, "a")]
            for call in calls:
                try:
                    call()
                except LoggerError as error:
                    told += traceback.format_exception(error)
    proxy.faults = []
    put(signed_in, LARGE)
    assert told
    assert len([secret for secret in proxy.secrets if secret.startswith("ya29")]) == 1
    shown = "".join(told) + "".join(record.getMessage() + str(record.exc_info) for record in own(caplog))
    assert [secret for secret in proxy.secrets if secret in shown] == []


def own(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what the program would log: other libraries' details are never asked for."""
    return [record for record in caplog.records if record.name.startswith("nexus") or record.levelno >= logging.WARNING]


def test_credentials_that_are_none_are_told(bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(ConfigurationError, match="NEXUSLIMSGUI_CREDENTIALS_FILE"):
        GcsStore(settings_for("", bucket, tmp_path)).stat(NAME)
    file = tmp_path / "key.json"
    for content in ("", "{}", '{"type": "service_account"}', "no JSON"):
        file.write_text(content)
        with pytest.raises(ConfigurationError, match=r"key\.json"):
            GcsStore(settings_for("", bucket, tmp_path, CREDENTIALS_FILE=str(file))).stat(NAME)


# --- lists -----------------------------------------------------------------------------------------------------------


def test_a_list_comes_in_pages(fake_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs, "_PAGE", 3)
    proxy = StorageProxy(fake_url).start()
    try:
        store = store_at(proxy.url, make_bucket(fake_url), tmp_path)
        stored = [put(store, str(number).encode(), f"{number:02}") for number in range(8)]
        proxy.seen.clear()
        assert list(store.list("")) == stored
        assert proxy.count("^GET .*/o?") == 3
    finally:
        proxy.stop()
