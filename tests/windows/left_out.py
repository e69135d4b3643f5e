"""Tests that cannot run on Windows, or not under Wine, one by one, each with the reason."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Where the counts go, as a file.
TOLD_VARIABLE: Final = "NEXUSLIMS_TEST_TOLD"
#: Reason by what a test's identifier begins with (a file, a test, or one of its parameters).
LEFT_OUT: Final[dict[str, str]] = {
    "tests/windows/test_installed.py": "Linux builds, installs and looks on",
    "tests/windows/test_installer.py": "Linux builds, installs and looks on",
    "tests/integration/test_executable.py": "the executable is Linux's; test_installed.py runs Windows' one",
    "tests/unit/storage/test_folder.py::test_content_that_changed_behind_its_size_and_time_is_seen": (
        "Windows has no change time: with size and modification time set back, a change cannot be seen"
    ),
    "tests/unit/test_config.py::test_labels_of_a_list[paths3-labels3]": (
        "Windows has no folder with a space at the end of its name"
    ),
    "tests/unit/storage/test_folder.py::test_files_left_behind_are_removed_after_a_day": (
        "Wine gives the modification time for the creation time, which Windows' file system keeps"
    ),
    "tests/unit/storage/test_folder.py::test_two_computers_that_create_the_same_objects_share_them": (
        "under Wine a file under way looks old (its creation time is its modification time), and the other computer "
        "removes it; the contract's threads create at once instead"
    ),
    "tests/unit/storage/test_folder.py::test_a_part_that_the_disk_cannot_write_down_is_refused": (
        "Wine does not find a name that is too long, where Windows refuses it as invalid"
    ),
    "tests/unit/transfer/test_sync_pass.py::test_a_file_renamed_after_the_end_stays_the_sessions": (
        "Windows has no file with a backslash in its name"
    ),
    "tests/unit/transfer/test_sync_pass.py::test_times_from_broken_clocks_stop_nothing": (
        "Wine gives the modification time for the creation time, which on Windows tells that the file is new"
    ),
    "tests/unit/transfer/test_leave_out.py::test_a_file_whose_name_no_store_takes_can_be_left_out": (
        "Windows has no file with a backslash in its name"
    ),
    "tests/unit/transfer/test_leave_out.py::test_a_file_whose_name_is_bytes_is_left_out_by_the_name_that_is_shown": (
        "Windows has no file whose name is bytes"
    ),
    "tests/unit/transfer/test_looking.py::test_a_file_renamed_between_a_look_and_a_scan_is_not_missing": (
        "Windows opens a file by the letter case that it had, and so stores it under that name"
    ),
    "tests/unit/transfer/test_sending.py::test_names_that_cannot_be_stored_are_told_and_stop_nobody": (
        "Windows has no file whose name is bytes"
    ),
    "tests/unit/transfer/test_session_manifest.py::test_odd_names_are_escaped_as_md5sum_does": (
        "Windows has no file with a line break in its name"
    ),
    "tests/gui/test_window.py::test_the_folder_of_a_file_is_opened": (
        "Linux's file manager is stood in for; Windows opens the folder by itself"
    ),
    "tests/contract/test_object_store.py::test_odd_names_are_kept_letter_by_letter[folder-#1/50%41?x=1&y=2;*|<>\"'`$(a):~.tif]": (  # noqa: E501
        "Windows has no such names; the store refuses them"
    ),
    "tests/contract/test_object_store.py::test_odd_names_are_kept_letter_by_letter[folder-line\\nbreak\\ttab.tif]": (
        "Windows has no such names; the store refuses them"
    ),
    "tests/contract/test_object_store.py::test_odd_names_are_kept_letter_by_letter[folder-..a/b../...]": (
        "Windows has no such names; the store refuses them"
    ),
    "tests/integration/test_headless.py::test_sigterm_leaves_the_session_open_and_sync_leaves_it_alone": (
        "no process can send SIGTERM to another on Windows, where it kills; the window's and SIGBREAK's tests stand in"
    ),
    "tests/integration/test_two_computers.py::test_taken_over_by_the_next_who_comes": (
        "no process can send SIGTERM to another on Windows, where it kills"
    ),
    "tests/integration/test_cloud_sql_program.py::test_a_frozen_server_holds_nobody_up": (
        "the server is Linux's, and no process of Windows, which could freeze it"
    ),
    "tests/integration/test_cloud_sql.py::test_two_hundred_idle_loggers_hold_none": (
        "Wine needs half a second for the certificates of each connection, and so minutes for two hundred"
    ),
    "tests/integration/test_wheel.py": "the wheel is made and installed on Linux; it holds the same files",
    "tests/integration/test_rclone.py": "rclone is Linux's; what it reads in the bucket is the same",
    "tests/unit/admin/doctor/test_places.py::test_a_folder_without_rights": (
        "Windows has rights of another kind, and Wine has none"
    ),
    "tests/unit/gui/test_palette.py::test_the_setting_chooses_the_colours": (
        "the desktop of Linux; test_desktop.py sets the one of Windows"
    ),
    "tests/unit/test_priority.py::test_a_refusal_changes_nothing": "Linux's priorities; test_desktop.py asks Windows",
    "tests/gui/test_demo.py": "the demo's virtual screen is Linux's",
    "tests/gui/test_error_window.py": "works Linux's screen by its own programs; test_installed.py shows the window",
    "tests/unit/demo/test_virtual_screen.py": "the demo's virtual screen is Linux's",
    "tests/unit/transfer/test_disk.py::test_a_deep_tree_needs_no_deep_stack": (
        "Wine needs minutes for a path of thousands of folders"
    ),
}


def mark(items: Iterable[pytest.Item]) -> None:
    """Skip the tests that are left out."""
    for item in items:
        if reason := reason_for(item.nodeid):
            item.add_marker(pytest.mark.skip(reason=f"Windows: {reason}"))


def reason_for(nodeid: str) -> str | None:
    """Return why the test is left out, None when it runs."""
    for beginning, reason in LEFT_OUT.items():
        if nodeid == beginning or nodeid.startswith((f"{beginning}::", f"{beginning}[")):
            return reason
    return None


def tell(terminalreporter: pytest.TerminalReporter) -> None:
    """Leave the counts, and every test that was skipped with its reason, where `tests.windows` wants them."""
    stats = terminalreporter.stats
    left_out = {}
    for report in stats.get("skipped", ()):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        left_out[report.nodeid] = reason.removeprefix("Skipped: ").removeprefix("Windows: ")
    counted = {
        "passed": len(stats.get("passed", ())),
        "failed": len(stats.get("failed", ())) + len(stats.get("error", ())),
        "left_out": left_out,
    }
    if place := os.environ.get(TOLD_VARIABLE):
        Path(place).write_text(json.dumps(counted), encoding="utf-8")
