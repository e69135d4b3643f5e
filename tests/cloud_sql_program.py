"""The program as it is, with the stand-in's port in place of Google's.

Use: ``python -m tests.cloud_sql_program PORT ...``
"""

from __future__ import annotations

import sys

from google.cloud.sql.connector import connector

from nexuslims_logger import cli

connector.SERVER_PROXY_PORT = int(sys.argv[1])
sys.exit(cli.main(sys.argv[2:]))
