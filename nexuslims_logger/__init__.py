"""Record instrument sessions in MySQL and bring their files safely into a store."""

__version__ = "0.1.0"

#: When this version was made (ISO 8601): a clock that says less is wrong. To be set with the version. A string, because
#: the first paint waits for this module, and `datetime` is slow to load.
BUILT_AT = "2026-11-01T00:00:00+00:00"
