"""What every test gets: an environment of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty home and forget every setting, also for the programs that a test starts."""
    for name in os.environ:
        if name.startswith(("NEXUSLIMSGUI_", "XDG_")) or name == "STORAGE_EMULATOR_HOST":
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE", "PROGRAMDATA"):
        monkeypatch.setenv(name, os.fspath(home))
    return home
