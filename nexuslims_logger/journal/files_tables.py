"""The tables of ``files.db``: `journal.files` has what was seen, `journal.results` and `journal.uploads` the rest."""

from __future__ import annotations

VERSION = 2

#: A file, or its last version, is gone: of the latter the result goes on saying what is in the store, and the reason.
LOST = "(state = 'MISSING' AND root <> x'' OR state = 'UPLOADED' AND reason IS NOT NULL)"

# What is there already stays: a later version of this file only adds.
TABLES = """
CREATE TABLE IF NOT EXISTS folder (root BLOB PRIMARY KEY, volume TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS first_scan (
  session TEXT NOT NULL, root BLOB NOT NULL, PRIMARY KEY (session, root)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unreadable (
  root BLOB NOT NULL, folder BLOB NOT NULL, PRIMARY KEY (root, folder)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS final_set (session TEXT PRIMARY KEY, verified INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
  root BLOB NOT NULL, folder BLOB NOT NULL, name BLOB NOT NULL, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, settled INTEGER NOT NULL, owner TEXT,
  PRIMARY KEY (root, folder, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_owner ON seen (owner) WHERE owner IS NOT NULL;
CREATE TABLE IF NOT EXISTS result (
  session TEXT NOT NULL, root BLOB NOT NULL, folder BLOB NOT NULL, name BLOB NOT NULL, state TEXT NOT NULL,
  size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, object TEXT NOT NULL, md5 TEXT,
  generation INTEGER, reason TEXT, decided_by TEXT, discovered_at TEXT NOT NULL, uploaded_at TEXT,
  recorded INTEGER NOT NULL, PRIMARY KEY (session, root, folder, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS result_object ON result (session, object);
CREATE INDEX IF NOT EXISTS result_unrecorded ON result (session) WHERE recorded = 0;
CREATE TABLE IF NOT EXISTS upload (
  session TEXT NOT NULL, root BLOB NOT NULL, folder BLOB NOT NULL, name BLOB NOT NULL, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, md5 TEXT NOT NULL, object TEXT NOT NULL, generation INTEGER NOT NULL,
  address TEXT NOT NULL, PRIMARY KEY (session, root, folder, name)
) WITHOUT ROWID
"""
