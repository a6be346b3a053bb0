#!/usr/bin/env bash
# Runs a command and fails when it changes, adds or removes a file that git does not ignore, and names the files. It compares
# before and after, so that it is of use in a tree with uncommitted work too.
set -euo pipefail

cd "$(dirname "$0")/.."
state() {
	git ls-files --cached --others --exclude-standard | sort -u | while read -r file; do
		if [[ -f $file ]]; then
			cksum "$file"
		fi
	done
}

before=$(state)
"$@"
after=$(state)
if [[ $before != "$after" ]]; then
	echo "These files were not current; commit what '$*' made of them:" >&2
	diff <(echo "$before") <(echo "$after") | awk '/^[<>]/ {print "  " $4}' | sort -u >&2
	exit 1
fi
