"""Print, on Windows, what Windows itself reads in a program: ``python resources.py PROGRAM.exe``.

Version, words, sizes of the icon, and whether it opens a console, as JSON.
"""

from __future__ import annotations

import ctypes
import json
import struct
import sys
from ctypes import wintypes
from pathlib import Path

assert sys.platform == "win32"

_AS_DATA = 2
_ICON_GROUP = 14
_LARGE = 256  # whose size in a byte is 0
_CONSOLE = 3
_FOUND = ctypes.WINFUNCTYPE(wintypes.BOOL, *(ctypes.c_void_p,) * 4)


def version_information(path: str) -> tuple[list[int], list[str]]:
    """Return the version's first three numbers, and the words beside them."""
    library = ctypes.WinDLL("version")
    block = ctypes.create_string_buffer(library.GetFileVersionInfoSizeW(path, None))
    assert library.GetFileVersionInfoW(path, 0, len(block), block)
    place, size = ctypes.c_void_p(), wintypes.UINT()

    def found(name: str) -> int:
        assert library.VerQueryValueW(block, name, ctypes.byref(place), ctypes.byref(size)), name
        assert place.value
        return place.value

    high, low = struct.unpack_from("<2I", ctypes.string_at(found("\\"), 16), 8)
    words = ("ProductName", "ProductVersion", "LegalCopyright")
    return [high >> 16, high & 0xFFFF, low >> 16], [
        ctypes.wstring_at(found(f"\\StringFileInfo\\040904B0\\{word}")) for word in words
    ]


def icon_sizes(path: str) -> list[int]:
    """Return the sizes of all its icons, pixels."""
    library = ctypes.WinDLL("kernel32")
    for name in ("LoadLibraryExW", "FindResourceW", "LoadResource", "LockResource"):
        getattr(library, name).restype = ctypes.c_void_p
    library.FindResourceW.argtypes = (ctypes.c_void_p,) * 3
    library.LoadResource.argtypes = library.SizeofResource.argtypes = (ctypes.c_void_p,) * 2
    library.LockResource.argtypes = (ctypes.c_void_p,)
    library.EnumResourceNamesW.argtypes = (ctypes.c_void_p, ctypes.c_void_p, _FOUND, ctypes.c_void_p)
    sizes: list[int] = []

    def take(module: int, kind: int, name: int, _: int) -> bool:
        resource = library.FindResourceW(module, name, kind)
        place = library.LockResource(library.LoadResource(module, resource))
        group = ctypes.string_at(place, library.SizeofResource(module, resource))
        sizes.extend(entry[0] or _LARGE for entry in struct.iter_unpack("<14B", group[6:]))
        return True

    library.EnumResourceNamesW(library.LoadLibraryExW(path, None, _AS_DATA), _ICON_GROUP, _FOUND(take), None)
    return sorted(sizes)


def opens_a_console(path: str) -> bool:
    """Return what the file's header says (PE, "Subsystem")."""
    head = Path(path).read_bytes()[:4096]
    (signature,) = struct.unpack_from("<I", head, 60)
    (subsystem,) = struct.unpack_from("<H", head, signature + 24 + 68)
    return bool(subsystem == _CONSOLE)


if __name__ == "__main__":
    numbers, words = version_information(sys.argv[1])
    icon, console = icon_sizes(sys.argv[1]), opens_a_console(sys.argv[1])
    sys.stdout.write(json.dumps({"version": numbers, "words": words, "icon": icon, "console": console}))
