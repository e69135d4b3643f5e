"""A large upload to a bucket, the program killed in the middle of it, and started again."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.integration.test_headless import Pc, md5
from tests.storage_emulators import make_bucket, needs_emulators, store_at
from tests.storage_proxy import Fault, Harm, StorageProxy
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = needs_emulators

PART = 8 << 20
PARTS = "^PUT .*upload_id="


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    machine = Pc(tmp_path)
    yield machine
    machine.kill_all()


def test_after_a_kill_an_upload_goes_on_where_it_was(pc: Pc, proxy: StorageProxy, gcp_url: str, tmp_path: Path) -> None:
    bucket = make_bucket(gcp_url)
    pc.environment |= {"NEXUSLIMSGUI_DATA_BUCKET": bucket, "STORAGE_EMULATOR_HOST": proxy.url}
    store = store_at(gcp_url, bucket, tmp_path)
    stall = Fault(Harm.STALL, PARTS, times=1000, skip=2)
    proxy.faults.append(stall)
    program, session = pc.headless()
    big = pc.write("big.ser", random.Random(1).randbytes(2 * PART + 1000))
    until(lambda: stall.times < 1000)
    # The large file hangs; small ones go on.
    pc.write("small.tif", b"small")
    until(lambda: any(found.name.endswith("/small.tif") for found in store.list("")))
    program.kill()
    program.wait(timeout=30)
    with closing(sqlite3.connect(pc.home / "files.db")) as journal:
        ((address,),) = journal.execute("SELECT address FROM upload").fetchall()
    proxy.faults.remove(stall)
    proxy.seen.clear()

    program, continued = pc.headless("--continue")
    until(lambda: any(found.name.endswith("/big.ser") for found in store.list("")))
    assert (pc.finish(program), continued) == (0, session)
    assert proxy.count(PARTS) == 2, "one question how far it was, and the part that was missing"
    stored = {found.name.rpartition("/")[2]: found.md5 for found in store.list("")}
    assert stored["big.ser"] == md5(big)
    assert [row[0] for row in pc.sql("SELECT state FROM file_manifest ORDER BY object_name")] == ["UPLOADED"] * 2
    with closing(sqlite3.connect(pc.home / "files.db")) as journal:
        assert journal.execute("SELECT COUNT(*) FROM upload").fetchone() == (0,)
    logged = (pc.home / "logs" / "nexuslims-logger.log").read_text(encoding="utf-8")
    assert address not in logged
    assert "upload_id" not in logged
