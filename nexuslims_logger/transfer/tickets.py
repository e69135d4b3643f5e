"""What the transfer thread has asked the leaves and the database: each answer comes back with its ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexuslims_logger.storage.names import printable

if TYPE_CHECKING:
    from nexuslims_logger.journal.results import Result
    from nexuslims_logger.journal.seen import Owed
    from nexuslims_logger.transfer.send import Control


@dataclass(frozen=True)
class Ticket:
    """Something that is under way; its text says what, for a person.

    Attributes
    ----------
    number
        Of `PassState.number`: it tells in which life of the thread this was asked.
    """

    number: int


@dataclass(frozen=True)
class SendTicket(Ticket):
    """A file under way."""

    owed: Owed
    control: Control
    since: float

    def __str__(self) -> str:
        """As `Ticket`."""
        return f"the transfer of {printable(self.owed.seen.key.path)}"


@dataclass(frozen=True)
class VerifyTicket(Ticket):
    """A part of a final set that is being compared with the store."""

    session: str

    def __str__(self) -> str:
        """As `Ticket`."""
        return "the comparison with the store"


@dataclass(frozen=True)
class ManifestTicket(Ticket):
    """A session's manifest on its way to the store."""

    session: str

    def __str__(self) -> str:
        """As `Ticket`."""
        return "the session's list of files, on its way to the store"


@dataclass(frozen=True)
class ListTicket(Ticket):
    """A session's list of files, as this PC has them now."""

    session: str

    def __str__(self) -> str:
        """As `Ticket`."""
        return "the look at the session's files on this PC"


@dataclass(frozen=True)
class ProbeTicket(Ticket):
    """A question whether the store is back."""

    def __str__(self) -> str:
        """As `Ticket`."""
        return "the question to the store"


@dataclass(frozen=True)
class RecordTicket(Ticket):
    """Results on their way to the database."""

    results: tuple[Result, ...]
