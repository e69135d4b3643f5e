"""The program's entrance: ``nexuslims-logger``, and ``python -m nexuslims_logger``.

Whoever opens the window sees it before anything heavy is loaded.
"""

from __future__ import annotations

import sys

#: What may stand on the command line and still mean: open the window.
_WINDOW_FLAGS = frozenset({"-s", "-v", "-vv"})


def main() -> int:
    """Run the program with the process's arguments, and return its exit code.

    An interrupt while it is still being loaded is answered as quietly as a later one.
    """
    try:
        return _run()
    except KeyboardInterrupt:
        return 1


def _run() -> int:
    if not _WINDOW_FLAGS.issuperset(sys.argv[1:]):
        from nexuslims_logger import cli

        return cli.main()
    from nexuslims_logger.gui.first_paint import paint

    painted = paint()
    if painted:
        from nexuslims_logger.bootstrap_aside import Aside

        painted.wait_for(Aside(_load))
        if painted.closed:
            return 0
    from nexuslims_logger import cli

    return cli.main(painted=painted)


def _load() -> None:
    """Load what the window needs, while it is to be seen already."""
    import nexuslims_logger.cli
    import nexuslims_logger.gui.app  # noqa: F401 - loaded for `cli`


if __name__ == "__main__":
    sys.exit(main())
