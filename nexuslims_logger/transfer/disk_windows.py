"""What is different about files on Windows. Imported there alone, but for the plain functions."""

from __future__ import annotations

import os
import sys

from nexuslims_logger.storage.windows_names import long_path

__all__ = ["is_junction", "long_path", "open_shared"]

_IO_REPARSE_TAG_MOUNT_POINT = 0xA0000003  # `stat` has it on Windows alone


def is_junction(found: os.stat_result) -> bool:
    """Tell whether a folder is a junction: a link, though Python calls it a folder."""
    tag: int = getattr(found, "st_reparse_tag", 0)
    return tag == _IO_REPARSE_TAG_MOUNT_POINT


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _GENERIC_READ = 0x80000000
    _FILE_SHARE_READ_WRITE_DELETE = 0x1 | 0x2 | 0x4
    _OPEN_EXISTING = 3
    # Read once, from the beginning to the end: the cache needs to keep nothing for us.
    _FILE_FLAG_SEQUENTIAL_SCAN = 0x08000000
    _INVALID_HANDLE = wintypes.HANDLE(-1).value

    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.CreateFileW.restype = wintypes.HANDLE
    _kernel32.CreateFileW.argtypes = (
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.HANDLE,
    )

    def open_shared(path: str) -> int:
        """Open a file for reading, and let others go on writing, renaming and deleting it.

        Python's own `open` keeps others from renaming and deleting.

        Raises
        ------
        OSError
            With `winerror` set.
        """
        handle = _kernel32.CreateFileW(
            path,
            _GENERIC_READ,
            _FILE_SHARE_READ_WRITE_DELETE,
            None,
            _OPEN_EXISTING,
            _FILE_FLAG_SEQUENTIAL_SCAN,
            None,
        )
        if handle is None or handle == _INVALID_HANDLE:
            error = ctypes.get_last_error()
            raise OSError(None, ctypes.FormatError(error), path, error)
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)

else:

    def open_shared(path: str) -> int:
        """Open a file for reading; elsewhere others may always write, rename and delete it."""
        # Without O_NONBLOCK, opening a pipe would wait for a writer.
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
