"""What only one process of a PC may have, whoever runs it: freed by any death, it leaves nothing behind.

A file in a folder for everybody has an owner, and what he leaves behind nobody else may write; a name in the kernel has
neither.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


class Taken(Exception):
    """Another process of this PC has it."""


def take(claim: str) -> Callable[[], None]:
    """Take something for this process, without waiting; return what gives it back.

    On Linux (in one network namespace) and Windows; elsewhere nobody is kept out.

    Parameters
    ----------
    claim
        Says what it is, in any words.

    Raises
    ------
    Taken
        Another process has it, under this account or another one.
    """
    name = f"nexuslims-logger-{hashlib.sha256(claim.encode(errors='surrogateescape')).hexdigest()}"
    try:
        if sys.platform == "win32":
            from nexuslims_logger.machine_guard_windows import make_mutex

            give_back = make_mutex(name)
            if give_back is None:
                raise Taken
            return give_back
        if sys.platform == "linux":
            # In the abstract namespace (unix(7)): no file, no rights, gone with the process.
            held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                held.bind(f"\0{name}")
            except OSError as error:
                held.close()
                if error.errno == errno.EADDRINUSE:
                    raise Taken from error
                raise
            return held.close
    except OSError as error:
        log.warning("this PC does not say whether another logger runs under another account: %s", error)
    return lambda: None
