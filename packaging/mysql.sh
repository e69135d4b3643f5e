#!/usr/bin/env bash
# Unpack a real MySQL server into a folder of its own (default: .mysql), for the tests. Nothing outside it is touched,
# nothing is installed, nobody needs to be an administrator. May be repeated; take the folder away to get a newer one.
#
#     packaging/mysql.sh [FOLDER]
#
# Afterwards FOLDER/mysqld and FOLDER/mysql run it. The packages (about 70 MB) are Debian unstable's, from the mirror
# that apt is set up with; their own C library comes along, because this machine's may be older.
set -euo pipefail

folder=$(realpath -m "${1:-.mysql}")
making=$folder.making

give_up() {
    echo "MySQL cannot be had here: $1. The database tests run without it." >&2
    rm -rf "$making"
    exit 1
}

if [[ -x $folder/mysqld ]] && "$folder/mysqld" --version >/dev/null 2>&1; then
    exit 0
fi
for tool in apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || give_up "there is no $tool on this system"
done
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ -r $keyring ]] || give_up "Debian's keyring is missing"
# Security mirrors have no unstable.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep -v security | sort -u | head -n 1 || true)
[[ -n $mirror ]] || give_up "apt knows no mirror"

echo "Unpacking MySQL into ${folder##*/} (once, about 70 MB to fetch)"
rm -rf "$making"
apt=$making/apt
mkdir -p "$apt"/state/lists/partial "$apt"/cache/archives/partial "$making"/tree
touch "$apt/status"
echo "deb [signed-by=$keyring] $mirror sid main" >"$apt/sources.list"
options=(
    -qq
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
    -o APT::Install-Recommends=false -o APT::Sandbox::User="$(id -un)"
    -o Debug::NoLocking=1 -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
)
apt-get "${options[@]}" update >"$making/log" 2>&1 || give_up "the list of packages could not be fetched"
apt-get "${options[@]}" install -y --download-only mysql-server-core mysql-client-core >>"$making/log" 2>&1 ||
    give_up "the packages could not be fetched"
for package in "$apt"/cache/archives/*.deb; do
    case ${package##*/} in
    perl* | libperl* | libgdbm* | libdb5*) continue ;; # for scripts that no test runs
    esac
    dpkg-deb -x "$package" "$making/tree" || give_up "${package##*/} could not be unpacked"
done

libraries=$(cd "$making/tree" && dirname usr/lib/*/libc.so.6)
loader=$(cd "$making/tree" && echo "$libraries"/ld-linux*.so*)
[[ -f $making/tree/$loader ]] || give_up "the packages are not laid out as expected"
# The folder may be moved: each program finds the rest beside itself.
cat >"$making/mysqld" <<RUN
#!/usr/bin/env bash
tree=\$(dirname "\$(realpath "\$0")")/tree
exec "\$tree/$loader" --argv0 "\$tree/usr/sbin/mysqld" --library-path "\$tree/$libraries" "\$tree/usr/sbin/mysqld" "\$@" \\
    --basedir="\$tree/usr" --lc-messages-dir="\$tree/usr/share/mysql" \\
    --character-sets-dir="\$tree/usr/share/mysql/charsets" --plugin-dir="\$tree/usr/lib/mysql/plugin" \\
    --secure-file-priv=NULL
RUN
cat >"$making/mysql" <<RUN
#!/usr/bin/env bash
tree=\$(dirname "\$(realpath "\$0")")/tree
exec "\$tree/$loader" --argv0 "\$tree/usr/bin/mysql" --library-path "\$tree/$libraries" "\$tree/usr/bin/mysql" "\$@"
RUN
chmod +x "$making/mysqld" "$making/mysql"
"$making/mysqld" --version >>"$making/log" 2>&1 || give_up "the server does not start on this machine"
rm -rf "$apt" "$making/log" "$folder"
mv "$making" "$folder"
"$folder/mysqld" --version
