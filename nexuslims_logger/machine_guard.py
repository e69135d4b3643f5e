"""What only one process of a PC may have, whoever runs it: freed by any death, it leaves nothing behind.

A file in a folder for everybody has an owner, and what he leaves behind nobody else may write; a name in the kernel has
neither.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePath

log = logging.getLogger(__name__)


#: So many at once are seen below one folder; who comes later is not kept from watching all of it.
_BELOW = 16


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
    name = _name_of(claim)
    try:
        if sys.platform == "win32":
            from nexuslims_logger.machine_guard_windows import make_mutex

            give_back = make_mutex(name)
            if give_back is None:
                raise Taken
            return give_back
        if sys.platform == "linux":
            # In the abstract namespace (unix(7)): no file, no rights, gone with the process.
            held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
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


def is_taken(claim: str) -> bool:
    """Whether any process has it, this one included; nobody who takes it meanwhile is disturbed."""
    name = _name_of(claim)
    if sys.platform == "win32":
        from nexuslims_logger.machine_guard_windows import is_mutex

        return is_mutex(name)
    if sys.platform == "linux":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking, contextlib.suppress(OSError):
            asking.connect(f"\0{name}")
            return True
    return False


def take_trees(claim: str, folders: frozenset[PurePath]) -> Callable[[], None]:
    """Take folders with all that is below them, which nobody else may have a part of; return what gives them back.

    Parameters
    ----------
    claim
        Says what for, in any words.
    folders
        Absolute, as the system compares names; one may stand below another.

    Raises
    ------
    Taken
        Another process has one of them, a folder above, or one below.
    """
    above = {parent for folder in folders for parent in folder.parents} - folders
    with contextlib.ExitStack() as kept:
        # First said, then asked: of two at the same moment, at least one sees the other.
        for folder in folders:
            kept.callback(take(f"{claim} {folder}"))
        for folder in above:
            for number in range(_BELOW):
                with contextlib.suppress(Taken):
                    kept.callback(take(f"{claim} below {folder} {number}"))
                    break
        below = (f"{claim} below {folder} {number}" for folder in folders for number in range(_BELOW))
        if any(map(is_taken, below)) or any(is_taken(f"{claim} {folder}") for folder in above):
            raise Taken
        return kept.pop_all().close


def _name_of(claim: str) -> str:
    return f"nexuslims-logger-{hashlib.sha256(claim.encode(errors='surrogateescape')).hexdigest()}"
