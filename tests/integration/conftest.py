"""Real databases for everything in here."""

from __future__ import annotations

from tests.cloud_sql_database import cloud, cloud_schema
from tests.database_servers import database, empty_database, mariadb, mysql

__all__ = ["cloud", "cloud_schema", "database", "empty_database", "mariadb", "mysql"]
