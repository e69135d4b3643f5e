"""The background mode of a Windows thread. Imported there alone."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _THREAD_MODE_BACKGROUND_BEGIN = 0x00010000

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.GetCurrentThread.restype = wintypes.HANDLE
    _kernel32.SetThreadPriority.argtypes = (wintypes.HANDLE, ctypes.c_int)
    _kernel32.SetThreadPriority.restype = wintypes.BOOL

    def begin_background_mode() -> None:
        """Lower the calling thread's priority for processor, disk and memory.

        Raises
        ------
        OSError
            Windows refuses; the thread may be in that mode already.
        """
        if not _kernel32.SetThreadPriority(_kernel32.GetCurrentThread(), _THREAD_MODE_BACKGROUND_BEGIN):
            raise ctypes.WinError(ctypes.get_last_error())
