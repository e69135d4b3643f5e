"""What other programs do to files and drives on Windows, while the logger works.

A test that needs any of this is skipped elsewhere, with its whole module.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.windows.host import run_there
from tests.windows.screen import DRIVE_C_VARIABLE, path_there

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if os.name != "nt":
    pytest.skip("Windows alone: make test-windows", allow_module_level=True)

#: Types are checked on Linux, whose library has none of these.
_WINDLL: Any = getattr(ctypes, "WinDLL", None)
_LAST_ERROR: Any = getattr(ctypes, "get_last_error", None)

DENY_ALL: Final = 0
SHARE_ALL: Final = 7
_READ_WRITE: Final = 0xC0000000
_OPEN_EXISTING: Final = 3
_SUSPEND_RESUME: Final = 0x0800


def kernel32() -> Any:
    """Return Windows' library, with the types that a handle wants."""
    library = _WINDLL("kernel32", use_last_error=True)
    library.CreateFileW.restype = library.OpenProcess.restype = ctypes.c_void_p
    library.CloseHandle.argtypes = (ctypes.c_void_p,)
    return library


@contextlib.contextmanager
def held(path: Path, share: int) -> Iterator[None]:
    """Hold a file open as another program does, reading and writing."""
    library = kernel32()
    handle = library.CreateFileW(str(path), _READ_WRITE, share, None, _OPEN_EXISTING, 0, None)
    assert handle != ctypes.c_void_p(-1).value, _LAST_ERROR()
    try:
        yield
    finally:
        library.CloseHandle(handle)


class Drive:
    """A folder that has a drive letter, as a mapped share has one: under Wine, a link of Linux's."""

    def __init__(self, letter: str, folder: Path) -> None:
        self._link = f"{os.environ[DRIVE_C_VARIABLE]}/../dosdevices/{letter.lower()}"
        self._folder = folder
        self._there = False

    def connect(self) -> None:
        """Map it."""
        assert run_there(["ln", "-s", path_there(self._folder), self._link]).returncode == 0
        self._there = True

    def disconnect(self) -> None:
        """Take it away, if it is there."""
        if self._there:
            assert run_there(["unlink", self._link]).returncode == 0
            self._there = False


@contextlib.contextmanager
def drive(letter: str, folder: Path) -> Iterator[Drive]:
    """Map a folder, and take the letter away in the end."""
    mapped = Drive(letter, folder)
    mapped.connect()
    try:
        yield mapped
    finally:
        mapped.disconnect()


@contextlib.contextmanager
def asleep(pid: int) -> Iterator[None]:
    """Let a process stand still, with all its threads, as it does while its PC sleeps."""
    library, native = kernel32(), _WINDLL("ntdll")
    process = ctypes.c_void_p(library.OpenProcess(_SUSPEND_RESUME, False, pid))
    assert process.value, _LAST_ERROR()
    assert native.NtSuspendProcess(process) == 0
    try:
        yield
    finally:
        assert native.NtResumeProcess(process) == 0
        library.CloseHandle(process)
