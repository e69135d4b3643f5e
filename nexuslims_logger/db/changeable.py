"""All columns that a logger's UPDATE ever names, and so all that its database user may change."""

from __future__ import annotations

EVENT_UPDATES = (
    "timestamp",
    "record_status",
    "session_note",
    "end_reason",
    "resumed",
    "paused_seconds",
    "last_activity_at",
    "waits_for",
)
MANIFEST_UPDATES = (
    "md5",
    "size_bytes",
    "modified_at",
    "state",
    "generation",
    "attempts",
    "last_error",
    "reason",
    "decided_by",
    "uploaded_at",
)
LOGGER_UPDATES = (
    "instrument",
    "logger_version",
    "state",
    "session_identifier",
    "files_waiting",
    "bytes_waiting",
    "oldest_waiting_at",
    "last_good_pass_at",
    "last_error",
    "clock_offset_ms",
    "disk_free_bytes",
    "last_seen_at",
)
