#!/usr/bin/env bash
# Install two emulators of Cloud Storage into an environment of their own (default: .emulators), for the tests: what they
# pin need not agree with what the program needs. Asks for nothing when they are there; take the folder away to make it anew.
#
#     packaging/emulators.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(realpath -m "${1:-.emulators}")
wanted=packaging/emulators.txt
# The script of an environment that was moved names a Python which is not there any more.
if cmp -s "$wanted" "$folder/installed.txt" && "$folder/bin/python" -c 'import gcp_storage_emulator' 2>/dev/null; then
    exit 0
fi

give_up() {
    echo "The emulators of Cloud Storage cannot be had here: $1. Their tests are left out." >&2
    rm -rf "$folder"
    exit 1
}

python=$(packaging/find_python.sh)
echo "Making ${folder##*/} with $python (once, about 35 MB to fetch)"
rm -rf "$folder"
"$python" -m venv "$folder" || give_up "no environment could be made"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$folder/bin/python" -m pip install --quiet --no-deps --requirement "$wanted" 2>"$folder/log" || {
    tail -n 3 "$folder/log" >&2
    give_up "the packages could not be installed"
}
cp "$wanted" "$folder/installed.txt"
