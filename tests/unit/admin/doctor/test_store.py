"""The store as doctor uses it: a folder, stores that misbehave, and a bucket behind the tests' proxy."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.admin.doctor.findings import Line, Outcome, examine
from nexuslims_logger.admin.doctor.store import StoreSteps, store_groups
from nexuslims_logger.bootstrap_threads import SystemClock
from nexuslims_logger.config import Settings, load_settings
from nexuslims_logger.errors import PreconditionFailed, ReplacingDenied, StoreUnavailable
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.records import Instrument
from nexuslims_logger.journal.sqlite import open_journal_file
from nexuslims_logger.storage.folder import FolderStore
from tests.contract.memory_store import MemoryStore
from tests.storage_emulators import make_bucket, needs_emulators, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from nexuslims_logger.storage.contract import StoredObject
    from tests.storage_proxy import StorageProxy

CLOCK = SystemClock()
TITAN = Instrument("TITAN", "FEI Titan", "./Titan", "TEM-1")
OBJECT = f"Titan/.doctor/{platform.node()}.txt"
DANGEROUS = {
    "storage.buckets.delete",
    "storage.buckets.update",
    "storage.buckets.setIamPolicy",
    "storage.objects.setIamPolicy",
    "storage.objects.overrideUnlockedRetention",
}


def examined(settings: Settings, instrument: Instrument | None = TITAN, clock: SystemClock = CLOCK) -> dict[str, Line]:
    lines: dict[str, Line] = {}
    for group in store_groups(settings, clock, lambda: instrument):
        lines |= {line.name: line for line in examine(group, CLOCK, CLOCK.monotonic() + 60)}
    return lines


def outcomes(lines: dict[str, Line]) -> dict[str, Outcome]:
    return {name: line.outcome for name, line in lines.items()}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"HOME": os.fspath(tmp_path), "NEXUSLIMSGUI_DATA_BUCKET": os.fspath(tmp_path / "store")})


class TestFolder:
    """A folder of this PC or a share."""

    def test_one_that_is_no_store_yet_is_not_made_one(self, settings: Settings, tmp_path: Path) -> None:
        found = examined(settings)
        assert found["write"].outcome is Outcome.NOT_CHECKED
        assert "first session" in found["write"].said
        assert not (tmp_path / "store").exists()

    def test_all_is_well_and_one_small_object_stays(self, settings: Settings, tmp_path: Path) -> None:
        store = FolderStore(tmp_path / "store", CLOCK)
        assert list(store.list("")) == []
        for times in range(2):
            found = examined(settings)
            assert {name: line for name, line in found.items() if line.outcome is not Outcome.OK} == {}
            assert ("in place of the last one" in found["write"].said) == bool(times)
            assert [stored.name for stored in store.list("")] == [OBJECT]
            assert "the store" in found["clock"].said
        assert list((tmp_path / "store" / ".nexuslims" / "tmp").iterdir()) == []

    def test_it_stands_where_the_instrument_s_files_go(self, settings: Settings, tmp_path: Path) -> None:
        store = FolderStore(tmp_path / "store", CLOCK)
        list(store.list(""))
        settings.home.mkdir(parents=True)
        journal = open_journal_file(settings.home / "facts.db")
        FactsJournal(journal).remember_instrument(TITAN)
        journal.close()
        assert examined(settings, None)["write"].said.startswith(OBJECT)
        (settings.home / "facts.db").unlink()
        assert examined(settings, None)["write"].said.startswith(".doctor/")

    def test_a_share_whose_clock_is_wrong(self, settings: Settings, tmp_path: Path) -> None:
        list(FolderStore(tmp_path / "store", CLOCK).list(""))
        line = examined(settings, clock=SlowClock())["clock"]
        assert line.outcome is Outcome.WARN
        assert "behind the store" in line.said
        assert "time server" in line.remedy


class SlowClock(SystemClock):
    """Five minutes late."""

    def now(self) -> datetime:
        return super().now() - timedelta(minutes=5)


def steps_on(store: MemoryStore, **more: Any) -> StoreSteps:
    given: dict[str, Any] = {"read": store.content, "server_time": CLOCK.now} | more
    return StoreSteps(store, CLOCK, lambda: "./Titan", **given)


class Careless(MemoryStore):
    """A store that ignores every precondition and MD5."""

    def put(self, name: str, content: Any, **announced: Any) -> StoredObject:
        self.overwrite(name, content.read(1000))
        kept = self._kept[name]
        more = {key: announced[key] for key in ("mtime_ns", "origin")}
        self._kept[name] = dataclasses.replace(kept, stored=dataclasses.replace(kept.stored, **more))
        return self._kept[name].stored


def test_a_store_that_does_not_defend_its_objects() -> None:
    steps = steps_on(Careless())
    assert steps.write().outcome is Outcome.OK
    for look in (steps.overwrite, steps.damage):
        found = look()
        assert found.outcome is Outcome.FAIL
        assert "Use another store" in found.remedy


def test_bytes_that_come_back_as_others() -> None:
    steps = steps_on(MemoryStore(), read=lambda _: b"others")
    assert steps.write().outcome is Outcome.OK
    assert steps.read_back().outcome is Outcome.FAIL
    store = MemoryStore()
    steps = steps_on(store)
    steps.write()
    store.overwrite(OBJECT, b"somebody's")
    assert steps.read_back().outcome is Outcome.FAIL


def test_without_the_right_to_replace(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    assert steps_on(store).write().outcome is Outcome.OK
    really_put = store.put

    def put(name: str, content: Any, *, if_generation: int, **more: Any) -> StoredObject:
        if if_generation:
            raise ReplacingDenied("Kept", "the bucket keeps what it has")
        return really_put(name, content, if_generation=if_generation, **more)

    monkeypatch.setattr(store, "put", put)
    steps = steps_on(store)
    found = steps.write()
    assert found.outcome is Outcome.WARN
    assert "storage.objects.delete" in found.remedy
    assert steps.read_back().outcome is Outcome.OK
    assert steps.overwrite().outcome is Outcome.OK
    assert steps.damage().outcome is Outcome.NOT_CHECKED
    assert steps.proven == set()


def test_a_store_that_is_away_is_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()

    def away(_name: str) -> None:
        raise StoreUnavailable("Away", "Look at the cable.")

    monkeypatch.setattr(store, "stat", away)
    with pytest.raises(StoreUnavailable):
        steps_on(store).write()
    untouched = steps_on(MemoryStore())
    assert {look().outcome for look in (untouched.read_back, untouched.overwrite, untouched.damage)} == {
        Outcome.NOT_CHECKED
    }


def test_somebody_who_writes_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()

    def changed(*_: Any, **__: Any) -> None:
        raise PreconditionFailed("Changed", "somebody was faster")

    monkeypatch.setattr(store, "put", changed)
    with pytest.raises(PreconditionFailed):
        steps_on(store).write()


@pytest.mark.parametrize(("seconds", "outcome"), [(0, Outcome.OK), (-90, Outcome.WARN), (90, Outcome.WARN)])
def test_clocks(seconds: int, outcome: Outcome) -> None:
    def there() -> datetime:
        return CLOCK.now() + timedelta(seconds=seconds)

    found = steps_on(MemoryStore(), server_time=there).compare_clocks()
    assert found.outcome is outcome
    if seconds:
        assert ("ahead of" in found.said) == (seconds < 0)
    assert steps_on(MemoryStore(), server_time=lambda: None).compare_clocks().outcome is Outcome.NOT_CHECKED


@needs_emulators
class TestBucket:
    """The proxy adds to the emulator what Google's own would answer."""

    @pytest.fixture
    def bucket(self, gcp_url: str, proxy: StorageProxy, tmp_path: Path) -> Settings:
        proxy.denied |= DANGEROUS
        return settings_for(proxy.url, make_bucket(gcp_url), tmp_path)

    @pytest.fixture
    def facts(self, proxy: StorageProxy, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        """What Google says of the bucket; a test changes it."""
        from tests.storage_proxy import _Answer

        said: dict[str, Any] = {
            "location": "EUROPE-WEST3",
            "storageClass": "STANDARD",
            "softDeletePolicy": {"retentionDurationSeconds": "2592000"},
        }
        really = proxy._forward

        def forward(method: str, path: str, body: bytes, headers: dict[str, str]) -> _Answer:
            if "?fields=versioning" in path:
                return _Answer(200, {"Content-Type": "application/json"}, json.dumps(said).encode())
            return really(method, path, body, headers)

        monkeypatch.setattr(proxy, "_forward", forward)
        return said

    def test_all_is_well(self, bucket: Settings, facts: dict[str, Any], proxy: StorageProxy) -> None:
        assert facts
        examined(bucket)
        found = examined(bucket)
        assert {name: line for name, line in found.items() if line.outcome is not Outcome.OK} == {}
        assert found["permissions"].said == "exactly what a logger needs"
        assert found["bucket"].said == f"gs://{bucket.data_bucket}, EUROPE-WEST3, STANDARD"
        assert found["soft delete"].said == "for 30 days"
        assert not proxy.count("DELETE", ok=False)

    @pytest.mark.parametrize(
        ("denied", "name", "outcome", "words"),
        [
            ("storage.objects.create", "write", Outcome.FAIL, "storage.objects.create"),
            ("storage.objects.create", "permissions", Outcome.FAIL, "too few: storage.objects.create"),
            ("storage.objects.get", "permissions", Outcome.FAIL, "too few: storage.objects.get"),
            ("storage.objects.list", "permissions", Outcome.WARN, "'verify --all'"),
            ("storage.objects.update", "permissions", Outcome.WARN, "modification time"),
            ("storage.objects.delete", "permissions", Outcome.WARN, "second name"),
        ],
    )
    def test_too_few_rights(
        self, bucket: Settings, proxy: StorageProxy, denied: str, name: str, outcome: Outcome, words: str
    ) -> None:
        proxy.denied.add(denied)
        line = examined(bucket)[name]
        assert line.outcome is outcome
        assert words in f"{line.said} {line.remedy}"

    def test_too_many_rights(self, bucket: Settings, proxy: StorageProxy) -> None:
        proxy.denied -= {"storage.buckets.delete", "storage.objects.setIamPolicy"}
        line = examined(bucket)["permissions"]
        assert line.outcome is Outcome.FAIL
        assert line.said == "too many: storage.buckets.delete, storage.objects.setIamPolicy"

    def test_rights_under_a_condition_do_not_show(
        self, bucket: Settings, proxy: StorageProxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        examined(bucket)
        # Asked about the bucket, Google grants what has no condition; about the object, all of it.
        shown = {"storage.objects.create", "storage.objects.get", "storage.objects.delete"}
        really = proxy._answer

        def answer(client: Any, body: bytes) -> Any:
            hidden = shown if "testPermissions" in client.path else set()
            before, proxy.denied = proxy.denied, proxy.denied | hidden
            try:
                return really(client, body)
            finally:
                proxy.denied = before

        monkeypatch.setattr(proxy, "_answer", answer)
        line = examined(bucket)["permissions"]
        assert line.outcome is Outcome.OK
        assert "under a condition" in line.said

    def test_what_the_bucket_does_by_itself(self, bucket: Settings, facts: dict[str, Any]) -> None:
        facts["softDeletePolicy"] = {"retentionDurationSeconds": "0"}
        facts["versioning"] = {"enabled": True}
        facts["retentionPolicy"] = {"retentionPeriod": "86400"}
        facts["lifecycle"] = {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]}
        found = examined(bucket)
        assert found["soft delete"].outcome is Outcome.WARN
        assert "--soft-delete-duration=30d" in found["soft delete"].remedy
        assert found["versioning"].said.startswith("on")
        assert found["retention"].outcome is Outcome.WARN
        assert "1.0 days" in found["retention"].said
        assert found["lifecycle"].outcome is Outcome.WARN
        facts["softDeletePolicy"] = {"retentionDurationSeconds": "604800"}
        facts["retentionPolicy"] = {}
        facts["defaultEventBasedHold"] = True
        facts["lifecycle"] = {"rule": [{"action": {"type": "Delete"}, "condition": {"numNewerVersions": 3}}]}
        found = examined(bucket)
        assert outcomes(found)["soft delete"] is Outcome.OK
        assert found["retention"].outcome is Outcome.WARN
        assert found["lifecycle"].outcome is Outcome.OK

    def test_settings_that_may_not_be_read(self, bucket: Settings, proxy: StorageProxy) -> None:
        proxy.denied.add("storage.buckets.get")
        found = examined(bucket)
        assert found["bucket"].outcome is Outcome.OK
        assert "need not be" in found["bucket"].said
        assert found["soft delete"].outcome is Outcome.NOT_CHECKED

    def test_a_bucket_that_is_not_there(self, proxy: StorageProxy, tmp_path: Path) -> None:
        proxy.denied |= DANGEROUS
        found = examined(settings_for(proxy.url, "no-such-bucket", tmp_path))
        assert found["write"].outcome is Outcome.FAIL
        assert "NEXUSLIMSGUI_DATA_BUCKET" in found["write"].remedy
        assert found["read back"].outcome is Outcome.NOT_CHECKED

    def test_nobody_answers(self, proxy: StorageProxy, tmp_path: Path) -> None:
        proxy.refuse()
        found = examined(settings_for(proxy.url, "some-bucket", tmp_path))
        assert found["write"].outcome is Outcome.FAIL
        assert found["bucket"].outcome is Outcome.FAIL
        assert "127.0.0.1" in found["write"].remedy
