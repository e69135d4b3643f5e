#!/usr/bin/env bash
# Install the Debian packages that the window, its tests and the tests' servers need; ask for nothing when all are there.
# With `windows`: those that run and pack the program for Windows, too.
set -euo pipefail

packages=(
    python3-tk python3-venv            # the window, the environment
    xvfb xauth openbox                 # a virtual screen with a window manager
    xdotool wmctrl x11-utils           # real clicks and keys
    imagemagick fonts-dejavu-core      # screenshots; without a font Tk fails
    mariadb-server-core mariadb-client-core sqlite3
    rclone                             # looks into a bucket, independently of this program
)
if [[ ${1:-} == windows ]]; then
    packages+=(wine wine64 nsis)
fi

if ! command -v dpkg-query >/dev/null; then
    echo "No Debian here: please install the counterparts of ${packages[*]}." >&2
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == *" installed" ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

if ((EUID == 0)); then
    as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
else
    echo "Missing, and only an administrator can install them; tests that need them will fail:" >&2
    echo "    sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 0
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
