"""The watch folders of a simulated PC: what the microscope changes, and what the logger sees of it.

A file is an inode: a handle keeps seeing the one that it opened, whatever becomes of the name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.errors import FileUnreadable, FileVanished, FolderMissing
from nexuslims_logger.ports import FileEntry, FileStat, FolderListing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.program import Program
    from tests.simulation.sim_clock import SimClock


@dataclass
class Inode:
    """Content and times of a file, under whatever name."""

    content: bytes
    mtime_ns: int
    ctime_ns: int
    #: Held by another program, which lets nobody read.
    locked: bool = False

    def stat(self) -> FileStat:
        return FileStat(len(self.content), self.mtime_ns, self.ctime_ns)


@dataclass(frozen=True)
class Change:
    """One line of the microscope's own log: from `at_ns` on, this path has this content.

    Attributes
    ----------
    at_ns
        By the PC's clock, as the times of files are.
    md5
        None: there is no such file any more.
    true_ns
        Virtual time, which no PC knows.
    """

    at_ns: int
    root: str
    path: str
    md5: str | None
    mtime_ns: int
    true_ns: int


class WatchedDisk:
    """Folders and files of one PC, and the log of all that was done to them."""

    def __init__(self, clock: SimClock, roots: tuple[str, ...]) -> None:
        self._clock = clock
        self.trees: dict[str, dict[str, Inode]] = {root: {} for root in roots}
        #: Roots that are gone ("missing"), or look like an empty folder of another volume ("empty").
        self.away: dict[str, str] = {}
        self.log: list[Change] = []
        #: MD5 and modification time of what stood there before anything happened.
        self.old: set[tuple[str, int]] = set()
        #: The last line of the log for each path.
        self.latest: dict[tuple[str, str], Change] = {}

    def now_ns(self) -> int:
        """Return what a file written now gets as its time."""
        return self._clock.now_ns()

    def put_old(self, root: str, path: str, content: bytes, at_ns: int) -> None:
        """Let a file have stood there since `at_ns`, unchanged; not in the log."""
        self.old.add((hashlib.md5(content, usedforsecurity=False).hexdigest(), at_ns))
        self.trees[root][path] = Inode(content, at_ns, at_ns)

    def write(self, root: str, path: str, content: bytes) -> None:
        """Make the file, or put new content into it (same inode)."""
        now_ns = self._clock.now_ns()
        inode = self.trees[root].setdefault(path, Inode(b"", now_ns, now_ns))
        inode.content = content
        inode.mtime_ns = inode.ctime_ns = now_ns
        self._record(root, path)

    def append(self, root: str, path: str, more: bytes) -> None:
        """Let the file grow."""
        self.write(root, path, self.trees[root][path].content + more)

    def replace(self, root: str, path: str, content: bytes, mtime_ns: int | None = None) -> None:
        """Put another inode in its place, perhaps with an older modification time (a copy keeps it)."""
        self._unlink(root, path)
        now_ns = self._clock.now_ns()
        self.trees[root][path] = Inode(content, now_ns if mtime_ns is None else mtime_ns, now_ns)
        self._record(root, path)

    def rename(self, root: str, path: str, to: str) -> None:
        """Give the file another name; what stood there is gone."""
        self._unlink(root, to)
        inode = self.trees[root].pop(path)
        inode.ctime_ns = self._clock.now_ns()
        self.trees[root][to] = inode
        self._record(root, path)
        self._record(root, to)

    def delete(self, root: str, path: str) -> None:
        """Delete the file."""
        self._unlink(root, path)
        self._record(root, path)

    def lock(self, root: str, path: str) -> Inode | None:
        """Let nobody read the file until its `Inode.locked` is taken back; None when there is none."""
        inode = self.trees[root].get(path)
        if inode is not None:
            inode.locked = True
        return inode

    def _unlink(self, root: str, path: str) -> None:
        inode = self.trees[root].pop(path, None)
        if inode is not None:
            inode.ctime_ns = self._clock.now_ns()

    def _record(self, root: str, path: str) -> None:
        """Write down how the path stands now."""
        now_ns, true_ns = self._clock.now_ns(), self._clock.true_ns()
        inode = self.trees[root].get(path)
        if inode is None:
            change = Change(now_ns, root, path, None, now_ns, true_ns)
        else:
            md5 = hashlib.md5(inode.content, usedforsecurity=False).hexdigest()
            change = Change(now_ns, root, path, md5, inode.mtime_ns, true_ns)
        self.log.append(change)
        self.latest[root, path] = change

    def visible(self, root: str) -> dict[str, Inode]:
        """Return the files that one who looks at `root` now finds, by path.

        Raises
        ------
        FolderMissing
            The folder is gone.
        """
        state = self.away.get(root)
        if state == "missing":
            raise FolderMissing("The watch folder is gone", f"{root} is not there.")
        return {} if state == "empty" else self.trees[root]


class SimOpenFile:
    """A handle: it sees its inode, and reads a piece at a time."""

    def __init__(self, program: Program, path: str, inode: Inode) -> None:
        self._program = program
        self._path = path
        self._inode = inode
        self._position = 0
        self._closed = False

    def stat(self) -> FileStat:
        self._step("handle.stat")
        return self._inode.stat()

    def read(self, size: int) -> bytes:
        self._step("handle.read")
        rest = len(self._inode.content) - self._position
        if rest > 1 and self._program.scheduler.random.random() < 0.5:
            size = min(size, 1 + rest // 2)
        piece = self._inode.content[self._position : self._position + size]
        self._position += len(piece)
        return piece

    def seek(self, position: int) -> None:
        self._step("handle.seek")
        self._position = position

    def close(self) -> None:
        self._closed = True

    def _step(self, call: str) -> None:
        if self._closed:
            raise ValueError(f"{self._path} is closed")
        self._program.step(call, self._path)


class SimFileSystem:
    """The logger's view of a `WatchedDisk`."""

    def __init__(self, program: Program, disk: WatchedDisk) -> None:
        self._program = program
        self._disk = disk

    def volume(self, root: str) -> str:
        self._program.step("fs.volume", root)
        self._disk.visible(root)
        return "system disk" if root in self._disk.away else f"volume of {root}"

    def free_bytes(self, root: str) -> int:
        self._program.step("fs.free", root)
        self._disk.visible(root)
        return 10**9

    def walk(self, root: str) -> Iterator[FolderListing]:
        self._program.step("fs.walk", root)
        self._disk.visible(root)
        return self._walk(root)

    def _walk(self, root: str) -> Iterator[FolderListing]:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            self._program.step("fs.list", root, folder or ".")
            # A slow share: others go on meanwhile.
            self._program.pause(self._program.scheduler.random.choice((0.0, 0.0, 0.0, 0.3)))
            if folder and self._program.faults.strikes("disk.folder unreadable"):
                problem = FileUnreadable("A folder cannot be read", f"{folder}: permission denied.")
                self._program.scheduler.note("!!! folder unreadable", root, folder)
                yield FolderListing(folder, problem=problem)
                continue
            try:
                tree = self._disk.visible(root)
            except FolderMissing:
                if not folder:
                    raise
                continue  # a folder that vanishes while it is walked is left out
            listing = _listing(folder, tree)
            waiting += [f"{folder}/{name}" if folder else name for name in reversed(listing.below)]
            if listing.files or listing.below or not folder:
                yield listing

    def list(self, root: str, folder: str) -> FolderListing:
        self._program.step("fs.list", root, folder or ".")
        try:
            listing = _listing(folder, self._disk.visible(root))
        except FolderMissing as error:
            raise FileVanished("A folder is gone", f"{folder} is no longer there.") from error
        if folder and self._program.faults.strikes("disk.folder unreadable"):
            raise FileUnreadable("A folder cannot be read", f"{folder}: permission denied.")
        if folder and not listing.files and not listing.below:
            raise FileVanished("A folder is gone", f"{folder} is no longer there.")
        return listing

    def stat(self, root: str, path: str) -> FileStat:
        self._program.step("fs.stat", path)
        return self._find(root, path).stat()

    def open(self, root: str, path: str) -> SimOpenFile:
        self._program.step("fs.open", path)
        inode = self._find(root, path)
        if inode.locked or self._program.faults.strikes("disk.unreadable"):
            self._program.scheduler.note("!!! unreadable", path)
            raise FileUnreadable("A file cannot be read", f"{path} is in use by another program.")
        return SimOpenFile(self._program, path, inode)

    def _find(self, root: str, path: str) -> Inode:
        state = self._disk.away.get(root)
        inode = None if state else self._disk.trees[root].get(path)
        if inode is None:
            raise FileVanished("A file is gone", f"{path} is no longer there.")
        return inode


def _listing(folder: str, tree: dict[str, Inode]) -> FolderListing:
    prefix = f"{folder}/" if folder else ""
    files: list[FileEntry] = []
    below: set[str] = set()
    for path, inode in tree.items():
        if path.startswith(prefix):
            name, slash, _ = path[len(prefix) :].partition("/")
            if slash:
                below.add(name)
            else:
                files.append(FileEntry(name, inode.stat()))
    return FolderListing(folder, tuple(files), tuple(sorted(below)))
