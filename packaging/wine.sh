#!/usr/bin/env bash
# Run a Windows program under Wine, with the environment that `make windows` has made.
#
#     packaging/wine.sh python ARGUMENTS...     its interpreter, with the wheels and this checkout
#     packaging/wine.sh PROGRAM ARGUMENTS...    any other
#
# WINEPREFIX (default: .windows/prefix) is Windows' own drive and registry; one that is not there is made. Wine's server
# keeps the screen of the first program: start Xvfb before, and stop the server (`wineserver -k`) when DISPLAY changes.
set -uo pipefail
top=$(realpath "$(dirname "$0")/..")
windows=${WINDOWS:-$top/.windows}
export WINEPREFIX=${WINEPREFIX:-$windows/prefix} WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all}
# No browser engine, no .NET, no entries in the menus of this machine.
export WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=d'
wine=$(command -v wine64 || echo /usr/lib/wine/wine64)

if [[ ! -f $WINEPREFIX/system.reg ]]; then
    mkdir -p "$WINEPREFIX"
    "$wine" wineboot -i </dev/null >/dev/null 2>&1
    "$wine" reg add 'HKCU\Software\Wine' /v Version /d win10 /f </dev/null >/dev/null 2>&1
    lacking=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
    [[ -e $lacking ]] || "$top/.venv/bin/python" "$top/packaging/bcryptprimitives.py" "$lacking"
fi
if [[ ${1:-} == python ]]; then
    shift
    set -- "$windows/cpython/python.exe" "$@"
    path="Z:$windows/site;Z:$top"
    export PYTHONPATH="${path//\//\\}"
fi
# With a file or nothing as one of the three streams, Python for Windows does not start.
[[ -p /dev/stdin ]] || exec < <(:)
"$wine" "$@" 2> >(cat >&2) | cat
