"""Warns in time of a disk that fills up: the instrument cannot write there any more, or the journal cannot."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FolderMissing
from nexuslims_logger.events import DiskLow
from nexuslims_logger.transfer.scan import roots_of

if TYPE_CHECKING:
    from nexuslims_logger.transfer.ports import TransferPorts
    from nexuslims_logger.transfer.state import PassState

log = logging.getLogger(__name__)

#: Below the first it is told, above the second it is taken back: no flicker in between.
LOW_BYTES, ENOUGH_BYTES = 2_000_000_000, 3_000_000_000


def watch_room(ports: TransferPorts, state: PassState) -> None:
    """Tell once when a disk of this PC is nearly full, and when it is not any more."""
    own = [ports.rules.own_folder] if ports.rules.own_folder else []
    watched = roots_of(state.sessions)
    folders = dict.fromkeys((*own, *watched))
    left: list[int] = []
    for folder in folders:
        with suppress(FolderMissing):  # that is told elsewhere
            free_bytes = ports.file_system.free_bytes(folder)
            if folder in watched:
                left.append(free_bytes)
            if folder not in state.full_disks and free_bytes < LOW_BYTES:
                state.full_disks.add(folder)
                log.warning("the disk with %s is nearly full: %d bytes are left", folder, free_bytes)
                ports.window.put(DiskLow(folder, free_bytes))
            elif folder in state.full_disks and free_bytes > ENOUGH_BYTES:
                state.full_disks.discard(folder)
                ports.window.put(DiskLow(folder, None))
    for folder in state.full_disks - folders.keys():  # nobody writes there for us any more
        state.full_disks.discard(folder)
        ports.window.put(DiskLow(folder, None))
    state.disk_free_bytes = min(left, default=None)
