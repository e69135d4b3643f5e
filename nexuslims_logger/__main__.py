"""``python -m nexuslims_logger``, and what the installed commands call."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the program; an interrupt while it is still being loaded is answered as quietly as a later one."""
    try:
        from nexuslims_logger.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 1


if __name__ == "__main__":
    sys.exit(main())
