from __future__ import annotations

import json
import os
import socket
import time
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.bootstrap_aside import Aside
from nexuslims_logger.doorbell import Doorbell, Inside, ring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Doorbell]:
    bell = Doorbell(tmp_path)
    yield bell
    bell.close()


def _hear(bell: Doorbell, caller: Aside[bool]) -> bool:
    """Ask the bell, as the window does, until the caller has gone."""
    heard = False
    deadline = time.monotonic() + 30
    while not caller.done:
        assert time.monotonic() < deadline
        heard = bell.rang() or heard
        time.sleep(0.001)
    return heard


def test_who_rings_is_heard_and_answered(bell: Doorbell, tmp_path: Path) -> None:
    assert not bell.rang()

    caller = Aside(lambda: ring(tmp_path))

    assert _hear(bell, caller)
    assert caller.result()
    assert not bell.rang()


def test_who_does_not_know_the_token_is_sent_away(bell: Doorbell, tmp_path: Path) -> None:
    file = tmp_path / "doorbell.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"token": "0" * 32}))

    caller = Aside(lambda: ring(tmp_path))

    assert not _hear(bell, caller)
    assert not caller.result()


def test_who_wants_the_catch_up_does_not_ring_at_the_window(bell: Doorbell, tmp_path: Path) -> None:
    assert not ring(tmp_path, Inside.CATCH_UP)
    assert not bell.rang()


def test_a_caller_who_says_nothing_does_not_hold_the_window(bell: Doorbell, tmp_path: Path) -> None:
    port = json.loads((tmp_path / "doorbell.json").read_text())["port"]
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        begun = time.monotonic()
        assert not bell.rang()
        assert time.monotonic() - begun < 1
        caller = Aside(lambda: ring(tmp_path))
        assert _hear(bell, caller)


def test_nobody_answers_where_there_is_no_window(tmp_path: Path) -> None:
    assert not ring(tmp_path)
    Doorbell(tmp_path).close()
    assert not ring(tmp_path)
    (tmp_path / "doorbell.json").write_text("no json")
    assert not ring(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="rights are of another kind there")
def test_a_windows_token_is_for_the_same_account_a_catch_ups_for_everybody(bell: Doorbell, tmp_path: Path) -> None:
    assert (tmp_path / "doorbell.json").stat().st_mode & 0o777 == 0o600
    catch_up = Doorbell(tmp_path, Inside.CATCH_UP)
    assert (tmp_path / "doorbell.json").stat().st_mode & 0o444 == 0o444
    catch_up.close()
