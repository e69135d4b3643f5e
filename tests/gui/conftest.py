"""A virtual screen for each process of tests, and a stage on it for each test."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from nexuslims_logger.demo.virtual_screen import VirtualScreen
from tests.gui.stage import Stage, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from nexuslims_logger.errors import LoggerError


class OpenStage(Protocol):
    """Opens the window (or leaves it `closed`) with these settings changed."""

    def __call__(
        self, failing: LoggerError | None = None, *, closed: bool = False, real: bool = False, **changes: Any
    ) -> Stage: ...


@pytest.fixture(scope="session")
def virtual_screen() -> Iterator[VirtualScreen]:
    if sys.platform == "win32":
        from tests.windows.screen import ScreenOfLinux

        with ScreenOfLinux() as there:
            yield there
        return
    with VirtualScreen() as screen:
        yield screen


@pytest.fixture
def screen(virtual_screen: VirtualScreen, monkeypatch: pytest.MonkeyPatch) -> VirtualScreen:
    monkeypatch.setenv("DISPLAY", virtual_screen.display)
    # Away from where windows open: a pointer above a button makes it look pressed.
    virtual_screen.do("mousemove", "1270", "1010")
    return virtual_screen


@pytest.fixture
def open_stage(screen: VirtualScreen, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[OpenStage]:
    """Open windows, take them down, and let no failed callback and no unexpected log line pass."""
    stages: list[Stage] = []

    def opened(
        failing: LoggerError | None = None, *, closed: bool = False, real: bool = False, **changes: Any
    ) -> Stage:
        stage = Stage(screen, settings_for(tmp_path, **changes), failing, real=real)
        stages.append(stage)
        if not closed:
            stage.open()
        return stage

    with caplog.at_level(logging.WARNING):
        yield opened
        for stage in stages:
            stage.take_down()
    unexpected = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING and record.getMessage() not in expected(stages)
    ]
    assert unexpected == []


def expected(stages: list[Stage]) -> set[str]:
    """Return the log lines that the tests announced."""
    return {line for stage in stages for line in stage.expected_log}


@pytest.fixture
def stage(open_stage: OpenStage) -> Stage:
    return open_stage()
