"""Real databases for everything in here."""

from __future__ import annotations

from tests.database_servers import database, empty_database, mariadb, mysql

__all__ = ["database", "empty_database", "mariadb", "mysql"]
