"""The instrument: writes, replaces, renames and deletes files as it likes, whatever the logger does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.scheduler import NANOSECONDS

if TYPE_CHECKING:
    from tests.simulation.scheduler import Scheduler
    from tests.simulation.watched import WatchedDisk

FOLDERS = ("", "2026-03-02", "2026-03-02/größe µ", "day 2/deep/er")
NAMES = (
    "scan1.tif",
    "scan2.tif",
    "scan3.tif",
    "scan#4 100%?.dm3",
    "é.tif",  # one character
    "e\u0301.tif",  # the same word in two
    "🔬.tif",
    "a" * 251 + ".tif",
    "Scan1.tif",
    "no extension",
)
#: Never to be sent.
IGNORED = ("~$scan1.tif", "scan2.tif.tmp")


class Microscope:
    """Works by seed until it is switched off.

    Parameters
    ----------
    busy
        How many seconds pass between two of its acts, on average.
    """

    def __init__(self, scheduler: Scheduler, disk: WatchedDisk, name: str, busy: float) -> None:
        self._scheduler = scheduler
        self.random = scheduler.random
        self._disk = disk
        self.name = name
        self._busy = busy
        self.on = True

    def before_start(self) -> None:
        """Leave a few files of yesterday, which belong to no session."""
        for _ in range(self.random.randrange(6)):
            root, path = self.place()
            yesterday_ns = self._disk.now_ns() - self.random.randrange(1, 86_400) * NANOSECONDS
            self._disk.put_old(root, path, self.content(), yesterday_ns)

    def run(self) -> None:
        """Act until switched off; long acts go on beside."""
        acts = (
            (self._write_at_once, 6),
            (self._write_in_pieces, 4),
            (self._rewrite, 4),
            (self._replace, 3),
            (self._copy_with_old_time, 1),
            (self._rename, 2),
            (self._delete, 1),
            (self._lock, 1),
            (self._write_ignored, 1),
        )
        choices = [act for act, weight in acts for _ in range(weight)]
        while self.on:
            pause = self.random.expovariate(1 / self._busy)
            # Some acts come in quick succession, some to the very moment at which others are busy.
            self._wait(self.random.choice((0.0, 0.001, pause, pause, pause)))
            if self.on:
                act = self.random.choice(choices)
                self._scheduler.spawn(f"{self.name} act", act)

    def _wait(self, seconds: float) -> None:
        self._scheduler.wait(seconds)

    def place(self) -> tuple[str, str]:
        """Return a watch folder and a path in it, where there may be a file or not."""
        root = self.random.choice(list(self._disk.trees))
        folder, name = self.random.choice(FOLDERS), self.random.choice(NAMES)
        return root, f"{folder}/{name}" if folder else name

    def _existing(self) -> tuple[str, str] | None:
        places = [(root, path) for root, tree in self._disk.trees.items() for path in tree]
        return self.random.choice(places) if places else None

    def content(self) -> bytes:
        """Return the content of a new file, or what comes next in one."""
        # Few sizes, so that contents of one size replace each other; now and then the very same content.
        size = self.random.choice((0, 1, 8, 8, 20))
        return self.random.randbytes(size) if self.random.random() < 0.9 else b"same" * 2

    def _note(self, act: str, path: str) -> None:
        self._scheduler.step(f"microscope {act}", path)

    def _write_at_once(self) -> None:
        root, path = self.place()
        self._note("writes", path)
        self._disk.write(root, path, self.content())

    def _write_in_pieces(self) -> None:
        root, path = self.place()
        self._note("begins", path)
        self._disk.write(root, path, b"")
        for _ in range(self.random.randrange(1, 5)):
            self._wait(self.random.choice((0.01, 1.0, 4.0, 14.0)))
            self._note("continues", path)
            if path in self._disk.trees[root]:
                self._disk.append(root, path, self.content())

    def _rewrite(self) -> None:
        place = self._existing()
        if place:
            self._note("truncates", place[1])
            if place[1] in self._disk.trees[place[0]]:
                self._disk.write(*place, b"")
            self._wait(self.random.choice((0.0, 0.05)))
            self._note("rewrites", place[1])
            self._disk.write(*place, self.content())

    def _replace(self) -> None:
        place = self._existing()
        if place:
            self._note("replaces", place[1])
            self._disk.replace(*place, self.content())

    def _copy_with_old_time(self) -> None:
        root, path = self.place()
        self._note("copies", path)
        old_ns = self._disk.now_ns() - self.random.randrange(1, 86_400) * NANOSECONDS
        self._disk.replace(root, path, self.content(), old_ns)

    def _rename(self) -> None:
        place = self._existing()
        if place:
            root, to = place[0], self.place()[1]
            self._note("renames", f"{place[1]} to {to}")
            if place[1] in self._disk.trees[root] and to != place[1]:
                self._disk.rename(root, place[1], to)

    def _delete(self) -> None:
        place = self._existing()
        if place:
            self._note("deletes", place[1])
            self._disk.delete(*place)

    def _lock(self) -> None:
        place = self._existing()
        if place:
            self._note("locks", place[1])
            inode = self._disk.lock(*place)
            self._wait(self.random.choice((1.0, 30.0)))
            self._note("unlocks", place[1])
            if inode is not None:
                inode.locked = False

    def _write_ignored(self) -> None:
        root = self.random.choice(list(self._disk.trees))
        name = self.random.choice(IGNORED)
        self._note("writes", name)
        self._disk.write(root, name, self.content())
