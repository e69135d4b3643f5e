"""Which object names Cloud Storage takes."""

from __future__ import annotations

import pytest

from nexuslims_logger.errors import NameRefused
from nexuslims_logger.storage.gcs_names import check_gcs_name


@pytest.mark.parametrize(
    "name",
    [
        "line\nbreak.tif",
        "carriage\rreturn.tif",
        ".well-known/acme-challenge/token",
        ".",
        "..",
        "a/../b",
        "é" * 513,
        "surrogate\udce9",
        "",
        ".nexuslims/x",
    ],
)
def test_what_it_does_not_take_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(NameRefused) as refused:
        check_gcs_name(name)
    assert refused.value.message.encode("utf-8")


@pytest.mark.parametrize(
    "name",
    ["a", "é" * 512, "tab\t.tif", "%2e%2e/%2F", "#[*?].tif", ".well-known/x", "Titan/.well-known/acme-challenge/x"],
)
def test_what_it_takes_is_taken(name: str) -> None:
    check_gcs_name(name)
