"""``python -m nexuslims_logger``."""

from __future__ import annotations

import sys

from nexuslims_logger.cli import main

sys.exit(main())
