#!/bin/sh
# Says how many tests were skipped and why, from the events of go test -json. Where the folder
# ../shared lies beside the checkout nothing may be skipped for want of it, so any skip is an error.
set -u
skipped=$(grep '"Action":"skip"' "$1" | grep -c '"Test":')
echo "skipped tests: $skipped"
[ "$skipped" -gt 0 ] || exit 0
grep '"Action":"output"' "$1" | grep -E '_test\.go:[0-9]+: ' | grep -iE 'skip|absent|not here|without' |
	sed 's/.*"Test":"\([^"]*\)".*"Output":"\(.*\)".*/  \1: \2/' | sort -u | head -50
if [ -d ../shared ]; then
	echo "../shared is here, so no test may be skipped" >&2
	exit 1
fi
