"""What stands beside an object's bytes, written and read back."""

from __future__ import annotations

import re

import pytest

from nexuslims_logger.storage.contract import Origin
from nexuslims_logger.storage.gcs_metadata import stored_object, to_base64, to_metadata

ORIGIN = Origin("0a1b2c3d-4444-4555-8666-777788889999", "TEM-PC", "FEI-Titan-TEM-635816")
MD5 = "9a0364b9e99bb480dd25e1f0284c8555"


def mtime_of(metadata: dict[str, str | None]) -> int | None:
    return stored_object("a", 0, None, 1, metadata).mtime_ns


def test_the_metadata_of_an_object() -> None:
    assert to_metadata(1_763_900_000_023_456_789, ORIGIN) == {
        "mtime": "2025-11-23T12:13:20.023456789Z",
        "gcsfuse_mtime": "2025-11-23T12:13:20.023456789Z",
        "goog-reserved-file-mtime": "1763900000",
        "session_identifier": ORIGIN.session_identifier,
        "computer_name": "TEM-PC",
        "instrument_pid": "FEI-Titan-TEM-635816",
    }


@pytest.mark.parametrize("mtime_ns", [0, 1, -1, -11_644_473_600 * 10**9, 253_402_300_799_999_999_999, 10**18 + 999])
def test_times_survive_to_the_nanosecond(mtime_ns: int) -> None:
    metadata = to_metadata(mtime_ns, ORIGIN)
    assert mtime_of(metadata) == mtime_ns
    assert mtime_of({"gcsfuse_mtime": metadata["gcsfuse_mtime"]}) == mtime_ns
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", metadata["mtime"] or "")


@pytest.mark.parametrize(
    ("metadata", "mtime_ns"),
    [
        ({}, None),
        ({"mtime": "2025-11-23T12:13:20Z"}, 1_763_900_000 * 10**9),
        ({"mtime": "2025-11-23T13:13:20.5+01:00"}, 1_763_900_000_500_000_000),
        ({"mtime": "2025-11-23T12:13:20.0234567891234Z"}, 1_763_900_000_023_456_789),
        ({"goog-reserved-file-mtime": "1763900000"}, 1_763_900_000 * 10**9),
        ({"mtime": "yesterday", "goog-reserved-file-mtime": "1763900000"}, 1_763_900_000 * 10**9),
        ({"mtime": "9999-99-99T99:99:99Z"}, None),
        ({"mtime": "", "gcsfuse_mtime": None, "goog-reserved-file-mtime": "soon"}, None),
    ],
)
def test_times_of_other_programs_are_read(metadata: dict[str, str | None], mtime_ns: int | None) -> None:
    assert mtime_of(metadata) == mtime_ns


def test_an_object_of_ours_is_known_again() -> None:
    stored = stored_object("a/b", 3, to_base64(MD5), 17, to_metadata(5, ORIGIN) | {"else": "kept"})
    assert (stored.name, stored.size, stored.md5, stored.generation) == ("a/b", 3, MD5, 17)
    assert stored.origin == ORIGIN


@pytest.mark.parametrize("missing", ["session_identifier", "computer_name", "instrument_pid"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_object_of_whom_not_everything_is_known_is_a_stranger_s(missing: str, value: str | None) -> None:
    assert stored_object("a", 0, None, 1, to_metadata(5, ORIGIN) | {missing: value}).origin is None


def test_a_composed_object_has_no_md5() -> None:
    stored = stored_object("a", 0, None, 1, None)
    assert (stored.md5, stored.mtime_ns, stored.origin) == (None, None, None)


def test_taking_the_origin_away_is_said() -> None:
    metadata = to_metadata(5, None)
    assert [key for key, value in metadata.items() if value is None] == [
        "session_identifier",
        "computer_name",
        "instrument_pid",
    ]
