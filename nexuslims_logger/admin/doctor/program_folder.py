"""The program's own folder: the disk that it stands on, the journal in it, and who is writing there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nexuslims_logger.admin.doctor.findings import Check, Finding, Group, fail, good, warn
from nexuslims_logger.admin.doctor.folders import check_space, check_writable, nearest
from nexuslims_logger.errors import JournalDamaged
from nexuslims_logger.journal.facts import FactsJournal
from nexuslims_logger.journal.sqlite import read_journal_file
from nexuslims_logger.single_instance import holder_of

if TYPE_CHECKING:
    from nexuslims_logger.config import Settings

_LOCAL = "Set NEXUSLIMSGUI_HOME to a folder on a disk of this PC that does not travel with the account."
_NETWORK_KINDS = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "lustre", "glusterfs", "ncpfs")
_WINDOWS_REMOTE_DRIVE = 4  # DRIVE_REMOTE of GetDriveTypeW


def program_folder_group(settings: Settings) -> Group:
    """Return the checks of ``NEXUSLIMSGUI_HOME``."""
    home = settings.home
    return Group(
        "program folder",
        (
            Check("folder", lambda: check_writable(home, setting="NEXUSLIMSGUI_HOME", made="is made"), _LOCAL),
            Check("place", lambda: check_place(home), _LOCAL, needed=False),
            Check("space", lambda: check_space(home), _LOCAL, needed=False),
            Check("journal", lambda: check_journal(home), _LOCAL, needed=False),
            Check("running", lambda: check_running(home), _LOCAL, needed=False),
        ),
    )


def check_place(folder: Path) -> Finding:
    """Look whether the folder is on this PC: the journal must be safe without a network."""
    kind = _network_kind(nearest(folder))
    if kind is not None:
        return fail(f"{folder} is on a network ({kind})", _LOCAL)
    roaming = os.environ.get("APPDATA")
    if roaming and folder.is_relative_to(roaming):
        return fail(f"{folder} is in a roaming profile", _LOCAL)
    return good("on this PC")


def _network_kind(folder: Path) -> str | None:
    """Return what kind of network the folder is on; None where it is none, or where that cannot be seen."""
    if sys.platform == "win32":
        import ctypes

        remote = ctypes.windll.kernel32.GetDriveTypeW(f"{folder.anchor}") == _WINDOWS_REMOTE_DRIVE
        return "a share" if remote or str(folder).startswith("\\\\") else None
    best: tuple[int, str] = (0, "")
    with contextlib.suppress(OSError):
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        for line in mounts.splitlines():
            # proc_pid_mountinfo(5): the mount point is the fifth word; the kind follows a lone hyphen.
            point = line.split(" ")[4].replace(r"\040", " ")
            kind = line.partition(" - ")[2].split(" ")[0]
            if folder.resolve().is_relative_to(point):
                best = max(best, (len(point), kind), key=lambda one: one[0])
    return best[1] if best[1].startswith(_NETWORK_KINDS) else None


def check_journal(home: Path) -> Finding:
    """Read the journal as it lies there, and count what waits in it."""
    path = home / "facts.db"
    if not path.exists():
        return good("there is none yet; the first session makes it")
    try:
        file = read_journal_file(path)
        try:
            journal = FactsJournal(file)
            left_open, owed = len(journal.open_sessions()), len(journal.unfinished())
        finally:
            file.close()
    except (JournalDamaged, sqlite3.Error) as error:
        return fail(
            f"{path} cannot be read ({error})",
            "Check the rights of the folder, and the disk. The next start puts a damaged file aside, and saves what"
            " can be read.",
        )
    said = f"{left_open} session(s) open, {owed} ended and waiting to be completed"
    if owed:
        return warn(said, "Run 'nexuslims-logger sync', or start the program; this is done in the background then.")
    return good(said)


def check_running(home: Path) -> Finding:
    """Look whether a logger runs on this PC; both is fine."""
    holder = holder_of(home)
    return good("no logger runs at present" if holder is None else f"a logger runs: {holder.message}")
