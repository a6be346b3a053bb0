#!/usr/bin/env bash
# Fuzzes one target after the other: fuzz.sh TIME [PATTERN], where TIME is go test's -fuzztime and PATTERN a regular expression that limits the targets
# by name. What fails is left under testdata/fuzz of its package, where every later go test runs it.
set -euo pipefail
cd "$(dirname "$0")/.."

time=$1 pattern=${2:-.}

# Coverage that varies from run to run makes Go minimise what it found for a minute each time; ten tries are enough.
grep -rHo --include='*_test.go' --exclude-dir=node_modules --exclude-dir=bin '^func Fuzz[A-Za-z0-9_]*' . | sort -u | while IFS=: read -r file target; do
	target=${target#func }
	if [[ $target =~ $pattern ]]; then
		echo "== ${file%/*} $target"
		go test "${file%/*}" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel "${FUZZ_WORKERS:-$(nproc)}" </dev/null
	fi
done
