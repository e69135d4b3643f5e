"""Let a thread give way to whatever else the PC does: the instrument is not to be disturbed."""

from __future__ import annotations

import logging
import os
import sys

log = logging.getLogger(__name__)

#: The niceness of Linux. Where nothing else is said, it decides on the disk as well: this is the lowest of its
#: eight levels (ioprio_set(2): (nice + 20) / 5).
_NICENESS = 15


def work_in_background() -> None:
    """Lower the calling thread's claim to processor and disk, for as long as it lives; never fails.

    On Linux and Windows; elsewhere nothing is done, because there it would slow down the window as well.
    """
    try:
        if sys.platform == "win32":
            from nexuslims_logger.priority_windows import begin_background_mode

            begin_background_mode()
        elif sys.platform == "linux":
            # On Linux niceness is a thread's own, and 0 the one that calls, whatever POSIX says (setpriority(2)).
            os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    except OSError as error:
        log.info("the priority stays as it is: %s", error)
