"""Which files of a watch folder are looked at at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property


@dataclass(frozen=True)
class Selection:
    """The settings ``FILETYPES_SYNC`` and ``IGNORE``.

    Attributes
    ----------
    extensions
        Lower case, with the dot; empty means all.
    ignore
        Glob patterns, compared without case with the file's name and with every folder's above it.
    """

    extensions: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @cached_property
    def _ignored(self) -> re.Pattern[str]:
        return re.compile("|".join(translate(pattern) for pattern in self.ignore) or r"(?!)", re.IGNORECASE)

    def file(self, name: str) -> bool:
        """Whether a file of this name is wanted."""
        if self.extensions and not name.lower().endswith(self.extensions):
            return False
        return self._ignored.match(name) is None

    def folder(self, path: str) -> bool:
        """Whether the files of this folder (relative path, "" for the watch folder) are wanted."""
        return not path or all(self._ignored.match(part) is None for part in path.split("/"))
