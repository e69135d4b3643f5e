#!/usr/bin/env bash
# Build the program for Windows under Wine, and its installer, into dist/windows.
#
#     packaging/installer.sh [COMPRESSION]     lzma (what is given away) or zlib (quick, for tests)
set -euo pipefail
cd "$(dirname "$0")/.."

compression=${1:-lzma}
version=$(.venv/bin/python -c 'import nexuslims_logger; print(nexuslims_logger.__version__)')
command -v makensis >/dev/null || {
    echo "There is no makensis to make the installer with: apt-get install nsis" >&2
    exit 1
}
packaging/wine.sh python -m PyInstaller --noconfirm --log-level WARN --distpath dist/windows \
    --workpath build/windows packaging/nexuslims_logger.spec
makensis -V2 -DVERSION="$version" -DCOMPRESSION="$compression" -DSOURCE="$PWD/dist/windows/nexuslims-logger" \
    -DICON="$PWD/build/windows/nexuslims_logger/icon.ico" -DLICENSE="$PWD/LICENSE" \
    -DOUT="$PWD/dist/windows/NexusLIMS-Logger-$version-Setup.exe" packaging/installer.nsi
ls -sh dist/windows/*.exe
