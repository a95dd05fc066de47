#!/bin/sh
# Makes sure that what the program and its tests need from the system is there:
#   ensure.sh postgres   PostgreSQL 15 or newer, server binaries
#   ensure.sh cc         a C compiler, for the race detector
#   ensure.sh chromium   a browser, for the browser tests
#   ensure.sh node       Node.js with npm, for tests by real clients and for bundling the pages
# Does nothing where it is there already. Where it cannot install, it says how to and goes on,
# so that the program itself can tell what else would do.
set -u

have_postgres() {
	[ -n "${CANDLEWRIGHT_PG_BIN:-}" ] && [ -x "$CANDLEWRIGHT_PG_BIN/postgres" ] && return 0
	for dir in "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
		/opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
		/Applications/Postgres.app/Contents/Versions/*/bin; do
		[ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] || continue
		major=$("$dir/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
		[ "${major:-0}" -ge 15 ] && return 0
	done
	return 1
}

have_cc() { command -v "${CC:-cc}" >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1; }

have_chromium() { command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1; }

have_node() {
	command -v npm >/dev/null 2>&1 || return 1
	major=$(node --version 2>/dev/null | sed 's/v\([0-9]*\).*/\1/')
	[ "${major:-0}" -ge 20 ]
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		sudo "$@"
	else
		return 1
	fi
}

# install APT-PACKAGES BREW-PACKAGES DNF-PACKAGES
install() {
	if command -v apt-get >/dev/null 2>&1; then
		# shellcheck disable=SC2086 # the packages are words
		as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $1 >/dev/null
	elif command -v brew >/dev/null 2>&1; then
		# shellcheck disable=SC2086
		brew install --quiet $2
	elif command -v dnf >/dev/null 2>&1; then
		# shellcheck disable=SC2086
		as_root dnf install -y -q $3
	else
		return 1
	fi
}

for what in "$@"; do
	case $what in
	postgres)
		have_postgres && continue
		echo "PostgreSQL 15 or newer is not installed; installing it" >&2
		install postgresql postgresql@17 postgresql-server && have_postgres && continue
		echo "PostgreSQL could not be installed from here. As root: apt-get install postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora), brew install postgresql@17 (macOS)." >&2
		;;
	cc)
		have_cc && continue
		echo "no C compiler; installing one for the race detector" >&2
		install "gcc libc6-dev" gcc gcc && have_cc && continue
		echo "A C compiler could not be installed from here; tests run without the race detector." >&2
		;;
	chromium)
		have_chromium && continue
		echo "no browser; installing Chromium for the browser tests" >&2
		install chromium "--cask chromium" chromium && have_chromium && continue
		echo "Chromium could not be installed from here; the browser tests are skipped." >&2
		;;
	node)
		have_node && continue
		echo "no Node.js 20 or newer with npm; installing it" >&2
		install "nodejs npm" node "nodejs npm" && have_node && continue
		echo "Node.js could not be installed from here; the tests by real clients are skipped." >&2
		;;
	*)
		echo "ensure.sh: unknown: $what" >&2
		exit 2
		;;
	esac
done
exit 0
