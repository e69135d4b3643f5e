"""The stores that keep the contract, each with what a test needs to look at it from the outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.storage.folder import FolderStore
from tests.contract.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nexuslims_logger.storage.contract import ObjectStore


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


@pytest.fixture(params=["folder", "memory"])
def under_test(request: pytest.FixtureRequest, tmp_path: Path) -> StoreUnderTest:
    if request.param == "memory":
        memory = MemoryStore()
        return StoreUnderTest(memory, memory.content, memory.overwrite)
    folder = tmp_path / "bucket"
    return StoreUnderTest(
        FolderStore(folder, PcClock()),
        lambda name: (folder / name).read_bytes(),
        lambda name, data: (folder / name).write_bytes(data),
    )


@pytest.fixture
def store(under_test: StoreUnderTest) -> ObjectStore:
    return under_test.store
