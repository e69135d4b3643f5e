"""A unit of work is a transaction: it commits on purpose or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class UnitOfWork:
    """One transaction; leaving it without `commit` rolls it back."""

    def __enter__(self) -> Self:
        """Begin."""
        raise NotImplementedError

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back what was not committed."""
        raise NotImplementedError

    def commit(self) -> None:
        """Make it last."""
        raise NotImplementedError


#: Makes the next unit of work.
Units = Callable[[], UnitOfWork]
