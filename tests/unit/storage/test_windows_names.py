from __future__ import annotations

import pytest

from nexuslims_logger.errors import NameRefused
from nexuslims_logger.storage.windows_names import check_windows_name, long_path


@pytest.mark.parametrize("name", ["Titan/a b.tif", "console.tif", ".hidden/x", "é #%41;=+,'`$.dm3", "COM10"])
def test_ordinary_names_can_be_written_on_windows(name: str) -> None:
    check_windows_name(name)


@pytest.mark.parametrize(
    "part",
    [
        "a:b",
        "what?",
        "*",
        '"',
        "<",
        ">",
        "|",
        "tab\t",
        "dot.",
        "space ",
        "CON",
        "con.tif",
        "Nul .x",
        "COM1",
        "lpt²",
    ],
)
@pytest.mark.parametrize("name", ["{}", "Titan/{}", "{}/a.tif"])
def test_names_that_windows_takes_for_something_else_are_refused(part: str, name: str) -> None:
    with pytest.raises(NameRefused) as refused:
        check_windows_name(name.format(part))
    assert f'"{part}"' in refused.value.message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (r"C:\data\a.tif", r"\\?\C:\data\a.tif"),
        ("C:/data/a.tif", r"\\?\C:\data\a.tif"),
        (r"\\server\share\a.tif", r"\\?\UNC\server\share\a.tif"),
        (r"\\?\C:\data", r"\\?\C:\data"),
        (r"\\.\pipe\x", r"\\.\pipe\x"),
    ],
)
def test_a_long_path_has_its_prefix_once(path: str, expected: str) -> None:
    assert long_path(path) == expected
