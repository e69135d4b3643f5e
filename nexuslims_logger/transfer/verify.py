"""Compare what was sent with the store itself: a leaf, run by the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.storage.names import version_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nexuslims_logger.journal.results import Result
    from nexuslims_logger.storage.contract import ObjectStore


def find_content(store: ObjectStore, object_name: str, generation: int | None, md5: str | None) -> str | None:
    """Return the name under which the store holds this content now, None when it does not.

    A later session that wrote the same name has moved the earlier content aside, to `version_name`.
    """
    present = store.stat(object_name)
    if present and present.md5 == md5 and present.generation == generation:
        return object_name
    if generation is not None:
        aside = version_name(object_name, generation)
        moved = store.stat(aside)
        if moved and moved.md5 == md5:
            return aside
    return None


@dataclass(frozen=True)
class Compared:
    """What the comparison of some results has found.

    Attributes
    ----------
    lost
        Those that the store does not hold with their MD5.
    moved
        Object name and present name of those that a later session has moved aside.
    """

    lost: tuple[Result, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()


def verify_some(store: ObjectStore, results: Sequence[Result]) -> Compared:
    """Compare the uploaded `results` with what the store holds.

    Raises
    ------
    TryLater, AccessDenied
        The store cannot be asked.
    """
    lost, moved = [], []
    for result in results:
        name = find_content(store, result.object_name, result.generation, result.md5)
        if name is None:
            lost.append(result)
        elif name != result.object_name:
            moved.append((result.object_name, name))
    return Compared(tuple(lost), tuple(moved))
