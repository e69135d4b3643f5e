from __future__ import annotations

import pytest

from nexuslims_logger.errors import NameRefused
from nexuslims_logger.storage.names import check_name, object_name, printable, second_name, version_name


@pytest.mark.parametrize(
    "name",
    [
        "a.tif",
        "Titan/2026-11-23/grid 7/micrographe é.tif",
        "e\u0301.tif",
        "\U0001f52c/#1 %41 ?.tif",
        "a" * 255,
        "/".join(["d" * 127] * 8),
        ".hidden",
        "...",
        "Titan/.nexuslims/a.tif",
        ".nexuslims.tif",
        "line\nbreak",
        "trailing ",
    ],
)
def test_ordinary_and_odd_names_are_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("..", "part"),
        ("a/../b", "part"),
        ("./a", "part"),
        ("a//b", "part"),
        ("a/", "part"),
        ("a\\b", "backslash"),
        ("a\0b", "NUL"),
        ("a\udcff.tif", "UTF-8"),
        ("a" * 1025, "1024"),
        ("é" * 513, "1024"),
        (".nexuslims", "own folder"),
        (".nexuslims/objects/a", "own folder"),
        (".NexusLIMS/tmp", "own folder"),
    ],
)
def test_a_name_that_no_store_takes_is_refused_with_its_reason(name: str, reason: str) -> None:
    with pytest.raises(NameRefused) as refused:
        check_name(name)
    assert reason in refused.value.message
    assert printable(name) in refused.value.message
    refused.value.message.encode("utf-8")


@pytest.mark.parametrize(
    ("filestore_path", "label", "relative_path", "expected"),
    [
        ("./Titan", "", "2026-11-23/a.tif", "Titan/2026-11-23/a.tif"),
        ("Titan/", "", "a.tif", "Titan/a.tif"),
        ("./Titan/TEM", "camera", "b/a.tif", "Titan/TEM/camera/b/a.tif"),
        (".\\Titan\\TEM", "", "a.tif", "Titan/TEM/a.tif"),
        ("./", "", "a.tif", "a.tif"),
        (".", "camera", "a.tif", "camera/a.tif"),
        ("", "", "a.tif", "a.tif"),
        (".//Titan//", "", "a.tif", "Titan/a.tif"),
        (".Titan", "", "a.tif", ".Titan/a.tif"),
    ],
)
def test_an_object_is_named_after_instrument_label_and_path(
    filestore_path: str, label: str, relative_path: str, expected: str
) -> None:
    assert object_name(filestore_path, label, relative_path) == expected


@pytest.mark.parametrize(
    ("filestore_path", "label", "relative_path"),
    [
        ("/Titan", "", "a.tif"),
        ("/", "", "a.tif"),
        ("\\\\server\\share", "", "a.tif"),
        ("../Titan", "", "a.tif"),
        ("./Titan/..", "", "a.tif"),
        ("./Titan", "..", "a.tif"),
        ("./Titan", "", "../a.tif"),
        ("./Titan", "", "/a.tif"),
        ("./Titan", "", "back\\slash.tif"),
        ("./.nexuslims", "", "a.tif"),
        ("./Titan", "", "\udce9t\udce9.tif"),
    ],
)
def test_an_object_never_leaves_the_store(filestore_path: str, label: str, relative_path: str) -> None:
    with pytest.raises(NameRefused) as refused:
        object_name(filestore_path, label, relative_path)
    assert printable(relative_path).lstrip("/") in refused.value.message


def test_a_version_stands_below_the_name_it_had() -> None:
    assert version_name("Titan/a.tif", 17) == ".versions/Titan/a.tif/17"


def test_a_version_of_a_very_long_name_stands_below_its_digest() -> None:
    longest = "/".join(["d" * 127] * 8)
    version = version_name(longest, 17)
    check_name(version)
    assert version.startswith(".versions/")
    assert version.endswith("/17")
    assert version != version_name(longest[:-1], 17)


def test_a_second_name_says_whose_it_is() -> None:
    assert second_name("Titan/a b.tif", "TEM-PC", None) == "Titan/a b (TEM-PC).tif"
    assert second_name("a.tif", "TEM-PC", "0a1b2c3d-4444-4555-8666-777788889999") == "a (TEM-PC, 0a1b2c3d).tif"
    assert second_name("notes", "TEM-PC", None) == "notes (TEM-PC)"
    assert second_name("Titan/.hidden", "TEM-PC", None) == "Titan/.hidden (TEM-PC)"
    assert second_name("a.tif", "lab/pc\\1", None) == "a (lab_pc_1).tif"


@pytest.mark.parametrize("last", ["x" * 251 + ".tif", "é" * 125 + ".tif", "\U0001f52c" * 62 + ".tif", "a." + "b" * 250])
@pytest.mark.parametrize("computer", ["TEM-PC", "é" * 200])
def test_a_second_name_is_cut_at_a_character(last: str, computer: str) -> None:
    name = second_name(f"Titan/{last}", computer, "0a1b2c3d-4444-4555-8666-777788889999")
    check_name(name)
    part = name.removeprefix("Titan/")
    assert len(part.encode("utf-8")) <= 255
    assert part.startswith(last[:20])
    assert "0a1b2c3d)" in part


def test_a_second_name_of_a_very_long_name_is_still_a_name() -> None:
    longest = "/".join(["d" * 127] * 8)
    check_name(second_name(longest, "TEM-PC", None))


def test_second_names_differ_where_the_names_differ_behind_the_cut() -> None:
    first, other = "x" * 250 + "1.tif", "x" * 250 + "2.tif"
    assert second_name(first, "TEM-PC", None) != second_name(other, "TEM-PC", None)
