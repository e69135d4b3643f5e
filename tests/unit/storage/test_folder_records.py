from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.storage.contract import Origin
from nexuslims_logger.storage.folder_content import Hashed, Identity
from nexuslims_logger.storage.folder_records import Entry, Records, next_generation, recognise

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 10**9
NOW = 1_763_900_000 * SECOND
LOOKS = Identity(7, NOW - 100 * SECOND, NOW - 90 * SECOND, 42)
OURS = Entry("a" * 32, 7, 17, LOOKS.mtime_ns, Origin("session", "TEM-PC", "FEI-Titan"))


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    records = Records(tmp_path / "objects", tmp_path)
    entries = (replace(OURS, identity=LOOKS), replace(OURS, md5="b" * 32, origin=None))
    (tmp_path / "objects").mkdir()
    assert records.read("é \U0001f52c") == ()
    records.write("é \U0001f52c", entries)
    assert records.read("é \U0001f52c") == entries
    assert records.read("e\u0301 \U0001f52c") == ()


@pytest.mark.parametrize(
    ("looks", "remembered"),
    [
        (LOOKS, True),
        (replace(LOOKS, ctime_ns=NOW - SECOND), False),
        (replace(LOOKS, mtime_ns=NOW - SECOND), False),
        # A share's clock goes before ours: nobody can say how recent that is.
        (replace(LOOKS, ctime_ns=NOW + 3600 * SECOND), False),
        # A camera's clock is wrong: that must not mean reading its files for ever.
        (replace(LOOKS, mtime_ns=NOW + 3600 * SECOND), True),
    ],
)
@pytest.mark.parametrize("md5", [OURS.md5, "b" * 32], ids=["ours", "unknown"])
def test_a_file_that_may_change_unnoticed_is_read_again(looks: Identity, remembered: bool, md5: str) -> None:
    assert recognise(Hashed(looks, md5), (OURS,), NOW).identity == (looks if remembered else None)


def test_of_two_contents_that_are_equal_the_newer_one_is_meant() -> None:
    newer = replace(OURS, generation=18)
    assert recognise(Hashed(LOOKS, OURS.md5), (OURS, newer), NOW).generation == 18


def test_a_time_that_the_disk_rounded_is_still_ours_and_another_one_is_not() -> None:
    rounded = replace(LOOKS, mtime_ns=LOOKS.mtime_ns - SECOND)
    assert recognise(Hashed(rounded, OURS.md5), (OURS,), NOW).mtime_ns == OURS.mtime_ns
    known = replace(OURS, identity=LOOKS)
    assert recognise(Hashed(rounded, OURS.md5), (known,), NOW).mtime_ns == rounded.mtime_ns
    touched = replace(LOOKS, mtime_ns=LOOKS.mtime_ns + 3 * SECOND)
    assert recognise(Hashed(touched, OURS.md5), (OURS,), NOW).mtime_ns == touched.mtime_ns


def test_unknown_content_has_a_generation_of_its_own_and_no_origin() -> None:
    found = recognise(Hashed(LOOKS, "b" * 32), (OURS, replace(OURS, generation=NOW + 5)), NOW)
    assert found == Entry("b" * 32, 7, NOW + 6, LOOKS.mtime_ns, None, LOOKS)


def test_a_generation_is_the_time_unless_that_was_used() -> None:
    assert next_generation((), NOW) == NOW
    assert next_generation((OURS,), NOW) == NOW
    assert next_generation((OURS,), 17) == 18
