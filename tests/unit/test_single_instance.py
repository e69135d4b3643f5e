from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.single_instance import AlreadyRunning, SingleInstance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The object is dropped at once, as a careless caller would.
_HOLD = """
import gc, sys
from pathlib import Path
from nexuslims_logger.single_instance import SingleInstance
SingleInstance(Path(sys.argv[1]), tuple(sys.argv[2:])).acquire()
gc.collect()
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of ``tmp_path / "home"``."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, tmp_path / "home", f"the instrument of {tmp_path}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with process:
        yield process
        process.kill()


def test_a_second_process_is_told_which_one_runs(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(AlreadyRunning) as running:
        SingleInstance(tmp_path / "home").acquire()
    assert running.value.pid == other.pid
    assert f"process {other.pid}" in running.value.message
    assert running.value.since is not None
    assert abs(datetime.now(UTC) - running.value.since) < timedelta(minutes=5)
    assert f"{running.value.since.astimezone():%H:%M}" in running.value.message


def test_the_lock_is_free_after_any_death(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    instance = SingleInstance(tmp_path / "home")
    instance.acquire()
    with pytest.raises(AlreadyRunning) as running:
        SingleInstance(tmp_path / "home").acquire()
    assert running.value.pid == os.getpid()
    instance.release()


def test_the_lock_can_be_given_back_and_taken_again(tmp_path: Path) -> None:
    first, second = SingleInstance(tmp_path / "home"), SingleInstance(tmp_path / "home")
    for _ in range(2):
        first.acquire()
        with pytest.raises(AlreadyRunning):
            second.acquire()
        first.release()
        second.acquire()
        second.release()
    second.release()


def test_two_homes_do_not_disturb_each_other(tmp_path: Path) -> None:
    instances = [SingleInstance(tmp_path / name) for name in ("one", "two")]
    for instance in instances:
        instance.acquire()
    for instance in instances:
        instance.release()


@pytest.mark.skipif(sys.platform not in {"linux", "win32"}, reason="nobody is kept out there")
def test_another_accounts_logger_keeps_out_who_wants_the_same(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    claims = (f"a folder of {tmp_path}", f"the instrument of {tmp_path}")
    second = SingleInstance(tmp_path / "other home", claims)
    with pytest.raises(AlreadyRunning) as running:
        second.acquire()
    assert running.value.pid is None
    assert "another account" in running.value.message
    # Nothing was kept of what could be had: neither its home nor the first claim.
    third = SingleInstance(tmp_path / "other home", claims[:1])
    third.acquire()
    third.release()

    other.kill()
    other.wait()
    second.acquire()
    with pytest.raises(AlreadyRunning):
        SingleInstance(tmp_path / "third home", claims[1:]).acquire()
    second.release()


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"pid": "x"}', None])
def test_a_holder_that_cannot_be_read_is_still_a_holder(tmp_path: Path, damage: str | None) -> None:
    instance = SingleInstance(tmp_path)
    instance.acquire()
    if damage is None:
        (tmp_path / "instance.json").unlink()
    else:
        (tmp_path / "instance.json").write_text(damage)
    with pytest.raises(AlreadyRunning) as running:
        SingleInstance(tmp_path).acquire()
    assert (running.value.pid, running.value.since) == (None, None)
    assert "process" not in running.value.message
    instance.release()


def test_a_folder_that_cannot_be_used_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigurationError) as refused:
        SingleInstance(tmp_path / "file" / "home").acquire()
    assert "NEXUSLIMSGUI_HOME" in refused.value.message
    assert str(tmp_path / "file" / "home") in refused.value.message
