"""What the workers tell the window: frozen, complete in themselves, in the order in which they happened.

The presenter turns them into words; no event holds a finished sentence except a `Problem`. All times
are aware and in UTC.
"""

from __future__ import annotations

from nexuslims_logger.events.base import (
    HEALED_BY_A_PASS,
    Event,
    Healed,
    Problem,
    Stopped,
    Trouble,
)
from nexuslims_logger.events.session import (
    ClockInDoubt,
    DiskLow,
    LastActivity,
    NamesRemembered,
    NoteSaved,
    RecordState,
    SessionEnding,
    SessionPaused,
    SessionReady,
    SessionStored,
    StillWorking,
    UnassignedChoice,
    UnassignedFound,
    WhoConfirmed,
    WhoIsWorking,
)
from nexuslims_logger.events.start import (
    InstrumentUnknown,
    InterruptedChoice,
    InterruptedFound,
    NeighbourChoice,
    NeighbourFound,
    SessionStarted,
    Starting,
    StartStep,
)
from nexuslims_logger.events.transfer import (
    KEEPS_GROWING,
    STILL_WRITTEN,
    CatchUp,
    FileRow,
    FilesListed,
    FileState,
    FileUnderWay,
    PassStage,
    TransferProgress,
    WaitingFile,
)

__all__ = [
    "HEALED_BY_A_PASS",
    "KEEPS_GROWING",
    "STILL_WRITTEN",
    "CatchUp",
    "ClockInDoubt",
    "DiskLow",
    "Event",
    "FileRow",
    "FileState",
    "FileUnderWay",
    "FilesListed",
    "Healed",
    "InstrumentUnknown",
    "InterruptedChoice",
    "InterruptedFound",
    "LastActivity",
    "NamesRemembered",
    "NeighbourChoice",
    "NeighbourFound",
    "NoteSaved",
    "PassStage",
    "Problem",
    "RecordState",
    "SessionEnding",
    "SessionPaused",
    "SessionReady",
    "SessionStarted",
    "SessionStored",
    "StartStep",
    "Starting",
    "StillWorking",
    "Stopped",
    "TransferProgress",
    "Trouble",
    "UnassignedChoice",
    "UnassignedFound",
    "WaitingFile",
    "WhoConfirmed",
    "WhoIsWorking",
]
