"""Where the executable starts."""

from __future__ import annotations

import sys

from nexuslims_logger.cli import main

sys.exit(main())
