"""A named mutex of Windows, seen by every account that is logged on. Imported there alone."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes
    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from collections.abc import Callable

    _SYNCHRONIZE = 0x00100000
    _ERROR_ACCESS_DENIED = 5
    _ERROR_ALREADY_EXISTS = 183

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.CreateMutexW.argtypes = (wintypes.LPVOID, wintypes.BOOL, wintypes.LPCWSTR)
    _kernel32.CreateMutexW.restype = wintypes.HANDLE
    _kernel32.OpenMutexW.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.LPCWSTR)
    _kernel32.OpenMutexW.restype = wintypes.HANDLE
    _kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel32.CloseHandle.restype = wintypes.BOOL

    def make_mutex(name: str) -> Callable[[], None] | None:
        """Make a mutex of that name; return what closes it, None when another process has made it.

        Raises
        ------
        OSError
            Windows refuses.
        """
        handle = _kernel32.CreateMutexW(None, False, f"Global\\{name}")
        code = ctypes.get_last_error()
        if not handle:
            # Another account's may not be opened: it is there all the same.
            if code == _ERROR_ACCESS_DENIED:
                return None
            raise ctypes.WinError(code)
        if code == _ERROR_ALREADY_EXISTS:
            _kernel32.CloseHandle(handle)
            return None

        def close() -> None:
            _kernel32.CloseHandle(handle)

        return close

    def is_mutex(name: str) -> bool:
        """Whether any process has a mutex of that name."""
        handle = _kernel32.OpenMutexW(_SYNCHRONIZE, False, f"Global\\{name}")
        code = ctypes.get_last_error()
        if handle:
            _kernel32.CloseHandle(handle)
        return bool(handle) or code == _ERROR_ACCESS_DENIED
