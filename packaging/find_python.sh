#!/usr/bin/env bash
# Print the first Python that can run the program: 3.11 or newer, with Tk and venv.
set -euo pipefail
for candidate in "${PYTHON:-}" python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
    [[ -n $candidate ]] || continue
    path=$(command -v "$candidate") || continue
    if "$path" -c 'import sys, tkinter, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "$path"
        exit 0
    fi
done
echo "No Python 3.11 or newer with tkinter and venv was found." >&2
echo "On Debian: apt-get install python3 python3-tk python3-venv. Or name one: make PYTHON=/path/to/python3" >&2
exit 1
