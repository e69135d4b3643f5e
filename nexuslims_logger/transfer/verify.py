"""Compare what was sent with the store itself: a leaf, run by the pool."""

from __future__ import annotations

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


def verify_some(store: ObjectStore, results: Sequence[Result]) -> tuple[Result, ...]:
    """Return those of the uploaded `results` that the store does not hold with their MD5.

    Raises
    ------
    TryLater, AccessDenied
        The store cannot be asked.
    """
    return tuple(
        result for result in results if find_content(store, result.object_name, result.generation, result.md5) is None
    )
