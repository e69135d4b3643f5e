from __future__ import annotations

import os
import sys
import threading

import pytest

from nexuslims_logger.priority import work_in_background


@pytest.mark.skipif(sys.platform != "linux", reason="niceness belongs to a thread on Linux alone")
def test_a_thread_gives_way_and_the_others_do_not() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    found = []

    def work() -> None:
        work_in_background()
        work_in_background()
        found.append(os.getpriority(os.PRIO_PROCESS, 0))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert found == [max(before, 15)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_a_refusal_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refuse)
    work_in_background()
