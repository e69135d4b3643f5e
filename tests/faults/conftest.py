"""A real database server for the long run."""

from __future__ import annotations

from tests.database_servers import mariadb

__all__ = ["mariadb"]
