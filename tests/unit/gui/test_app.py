from __future__ import annotations

import subprocess
import sys

#: What may be loaded before the first paint comes from here or from the standard library.
OURS = "nexuslims_logger"


def test_nothing_heavy_is_loaded_before_the_first_paint() -> None:
    script = (
        "import sys; import nexuslims_logger.gui.app; "
        "print(*{name.partition('.')[0] for name, module in sys.modules.items()"
        " if 'site-packages' in (getattr(module, '__file__', None) or '')})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)

    # Hooks of the environment itself are loaded before our first line.
    before = subprocess.run(
        [sys.executable, "-c", script.replace("import nexuslims_logger.gui.app; ", "")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert set(done.stdout.split()) - set(before.stdout.split()) <= {OURS}
