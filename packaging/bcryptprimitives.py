"""Write the one system library of Windows 10 that Wine 8 lacks and today's wheels want.

``bcryptprimitives.dll`` is asked for ``ProcessPrng`` alone: bytes by chance, as ``SystemFunction036`` of advapi32
has always given them. So the library holds no code: one exported name, forwarded there.

Use: ``python packaging/bcryptprimitives.py FILE.dll``
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_LIBRARY = b"bcryptprimitives.dll\0"
_NAME = b"ProcessPrng\0"
_FORWARDED_TO = b"advapi32.SystemFunction036\0"

_SECTION_RVA = 0x1000
_FILE_ALIGNMENT = 0x200
_X64 = 0x8664


def _exports() -> bytes:
    """Return the export directory: its header, three tables of one entry, and the names."""
    functions = _SECTION_RVA + 40
    names, ordinals, library = functions + 4, functions + 8, functions + 10
    name = library + len(_LIBRARY)
    forwarder = name + len(_NAME)
    header = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, library, 1, 1, 1, functions, names, ordinals)
    # An address within the directory itself is what marks a forwarder.
    return header + struct.pack("<IIH", forwarder, name, 0) + _LIBRARY + _NAME + _FORWARDED_TO


def library() -> bytes:
    """Return the file's content (PE32+, one section)."""
    exports = _exports()
    raw = exports.ljust(_FILE_ALIGNMENT, b"\0")
    dos = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64)
    directories = struct.pack("<II", _SECTION_RVA, len(exports)) + bytes(8 * 15)
    executable, large_address_aware, dll = 0x0002, 0x0020, 0x2000
    coff = struct.pack("<HHIIIHH", _X64, 1, 0, 0, 0, 112 + len(directories), executable | large_address_aware | dll)
    # fmt: off
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        0x20B, 0, 0,                                 # PE32+, linker
        0, len(raw), 0, 0, _SECTION_RVA,             # code, data, bss, no entry point, base of code
        0x180000000, 0x1000, _FILE_ALIGNMENT,        # image base, alignments
        6, 0, 0, 0, 6, 0, 0,                         # versions: system, image, subsystem, reserved
        2 * _SECTION_RVA, _FILE_ALIGNMENT, 0, 2, 0,  # sizes of image and headers, checksum, subsystem, flags
        0x100000, 0x1000, 0x100000, 0x1000, 0, 16,   # stack, heap, loader flags, directories
    )
    # fmt: on
    readable_data = 0x40000040
    section = struct.pack(
        "<8sIIIIIIHHI", b".edata", len(exports), _SECTION_RVA, len(raw), _FILE_ALIGNMENT, 0, 0, 0, 0, readable_data
    )
    headers = dos + b"PE\0\0" + coff + optional + directories + section
    return headers.ljust(_FILE_ALIGNMENT, b"\0") + raw


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(library())
