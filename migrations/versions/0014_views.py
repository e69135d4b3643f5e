"""Add the views that reports read, with the same columns and meanings on every database.

With the caller's rights (INVOKER): the default breaks when their maker leaves. `instrument_usage` has no
recursion, because one START forgotten years ago would break it on MySQL and silently cut it on MariaDB.

Revision: 0014_views
Follows: 0013_schema_info
"""

from __future__ import annotations

from nexuslims_logger.db.steps import execute

revision = "0014_views"
down_revision = "0013_schema_info"
branch_labels = None
depends_on = None

_VIEWS = ("session_summary", "instrument_usage", "transfer_backlog", "fleet_status")

_SUMMARY = """SELECT s.session_identifier, s.instrument, i.schema_name AS instrument_name,
  s.user AS user, s.project,
  s.timestamp AS started_at, e.timestamp AS ended_at,
  {started_local} AS started_local,
  {seconds} - e.paused_seconds AS used_seconds,
  CASE WHEN e.id_session_log IS NULL THEN 'OPEN'
    WHEN s.record_status = 'WAITING_FOR_END' OR e.record_status = 'WAITING_FOR_END' THEN 'CLOSED'
    ELSE s.record_status END AS status,
  e.end_reason, s.resumed, s.last_activity_at, s.session_note, s.computer_name, s.logger_version,
  s.clock_offset_ms,
  (SELECT COUNT(*) FROM file_manifest f WHERE f.session_identifier = s.session_identifier) AS files,
  (SELECT COALESCE(SUM(f.size_bytes), 0) FROM file_manifest f
    WHERE f.session_identifier = s.session_identifier AND f.state = 'UPLOADED') AS bytes_stored,
  (SELECT COUNT(*) FROM file_manifest f
    WHERE f.session_identifier = s.session_identifier AND f.state = 'PENDING') AS files_waiting,
  (SELECT COUNT(*) FROM file_manifest f
    WHERE f.session_identifier = s.session_identifier AND f.state = 'MISSING') AS files_missing,
  (SELECT COUNT(*) FROM file_manifest f
    WHERE f.session_identifier = s.session_identifier AND f.state = 'SKIPPED') AS files_left_out
FROM session_log s
LEFT JOIN instruments i ON i.instrument_pid = s.instrument
LEFT JOIN session_log e ON e.session_identifier = s.session_identifier AND e.once_event = 'END'
WHERE s.event_type = 'START'"""

# A row per instrument, local day, user and project; what runs over midnight is split, over at most 100 days.
_USAGE = """SELECT u.instrument, u.day_local, u.user AS user, u.project, COUNT(*) AS sessions,
  SUM(u.seconds) AS seconds
FROM (
  SELECT p.instrument, p.user AS user, p.project, {day_of_day0} AS day_local, {seconds_of_day} AS seconds
  FROM (
    SELECT s.instrument, s.user AS user, s.project, {start_local} AS a, {end_local} AS b, {day0} AS day0
    FROM session_log s
    LEFT JOIN session_log e ON e.session_identifier = s.session_identifier AND e.once_event = 'END'
    JOIN (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
      UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) o
    JOIN (SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
      UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9) t
    WHERE s.event_type = 'START'
  ) p
  WHERE p.day0 < p.b OR {same_day}
) u
GROUP BY u.instrument, u.day_local, u.user, u.project"""

_BACKLOG = """SELECT f.instrument, f.session_identifier, s.user AS user, f.object_name, f.state, f.size_bytes,
  f.discovered_at AS waiting_since, {minutes} AS waiting_minutes, f.attempts,
  COALESCE(f.last_error, 'not tried yet') AS why
FROM file_manifest f
LEFT JOIN session_log s ON s.session_identifier = f.session_identifier AND s.once_event = 'START'
WHERE f.state = 'PENDING'"""

_FLEET = """SELECT l.computer_name, l.instrument, l.logger_version, l.state, l.session_identifier,
  l.files_waiting, l.bytes_waiting, l.oldest_waiting_at, l.last_error, l.clock_offset_ms, l.disk_free_bytes,
  l.last_seen_at,
  {minutes} AS silent_minutes
FROM loggers l"""


def upgrade() -> None:
    execute(
        servers=[
            f"CREATE OR REPLACE SQL SECURITY INVOKER VIEW {name} AS {body}" for name, body in _on_servers().items()
        ],
        sqlite=[f"CREATE VIEW {name} AS {body}" for name, body in _on_sqlite().items()],
    )


def downgrade() -> None:
    drops = [f"DROP VIEW IF EXISTS {name}" for name in reversed(_VIEWS)]
    execute(servers=drops, sqlite=drops)


def _on_servers() -> dict[str, str]:
    def local(time: str) -> str:
        return f"DATE_ADD({time}, INTERVAL COALESCE(s.utc_offset_min, 0) MINUTE)"

    started, now = local("s.timestamp"), "UTC_TIMESTAMP(6)"
    bodies = (
        _SUMMARY.format(started_local=started, seconds="TIMESTAMPDIFF(SECOND, s.timestamp, e.timestamp)"),
        _USAGE.format(
            start_local=started,
            end_local=local("COALESCE(e.timestamp, s.last_activity_at, s.timestamp)"),
            day0=f"DATE_ADD(CAST(DATE({started}) AS DATETIME(6)), INTERVAL (t.d * 10 + o.d) DAY)",
            day_of_day0="DATE(p.day0)",
            seconds_of_day="TIMESTAMPDIFF(SECOND, GREATEST(p.a, p.day0), LEAST(p.b, DATE_ADD(p.day0, INTERVAL 1 DAY)))",
            same_day="DATE(p.a) = DATE(p.day0)",
        ),
        _BACKLOG.format(minutes=f"TIMESTAMPDIFF(MINUTE, f.discovered_at, {now})"),
        _FLEET.format(minutes=f"TIMESTAMPDIFF(MINUTE, l.last_seen_at, {now})"),
    )
    return dict(zip(_VIEWS, bodies, strict=True))


def _on_sqlite() -> dict[str, str]:
    # Times are text with six digits. SQLite's own functions round to milliseconds: whole seconds are given to
    # them, and the digits are carried past.
    def local(time: str) -> str:
        shift = "COALESCE(s.utc_offset_min, 0) || ' minutes'"
        return f"strftime('%Y-%m-%d %H:%M:%S', substr({time}, 1, 19), {shift}) || substr({time}, 20)"

    def micros(time: str) -> str:
        return f"(strftime('%s', substr({time}, 1, 19)) * 1000000 + substr({time}, 21, 6))"

    def between(first: str, last: str, seconds: int = 1) -> str:
        return f"(({micros(last)} - {micros(first)}) / {seconds * 1000000})"

    def midnight(day: str, days: str) -> str:
        return f"(date(substr({day}, 1, 10), {days}) || ' 00:00:00.000000')"

    next_midnight = midnight("p.day0", "'1 day'")
    started, now = local("s.timestamp"), "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"
    bodies = (
        _SUMMARY.format(started_local=started, seconds=between("s.timestamp", "e.timestamp")),
        _USAGE.format(
            start_local=started,
            end_local=local("COALESCE(e.timestamp, s.last_activity_at, s.timestamp)"),
            day0=midnight(f"({started})", "(t.d * 10 + o.d) || ' days'"),
            day_of_day0="substr(p.day0, 1, 10)",
            seconds_of_day=between("max(p.a, p.day0)", f"min(p.b, {next_midnight})"),
            same_day="substr(p.a, 1, 10) = substr(p.day0, 1, 10)",
        ),
        _BACKLOG.format(minutes=between("f.discovered_at", now, 60)),
        _FLEET.format(minutes=between("l.last_seen_at", now, 60)),
    )
    return dict(zip(_VIEWS, bodies, strict=True))
