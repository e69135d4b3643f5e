"""Record instrument sessions in MySQL and bring their files safely into a store."""

from datetime import UTC, datetime

__version__ = "0.1.0"

#: When this version was made, UTC: a clock that says less is wrong. To be set with the version.
BUILT_AT = datetime(2026, 11, 1, tzinfo=UTC)
