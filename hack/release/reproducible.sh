#!/usr/bin/env bash
# Builds the programs twice, from two directories with other paths and of which one is no checkout, the second time with nothing that was compiled
# before, and compares what came out: reproducible.sh VERSION [PLATFORM]...
set -euo pipefail

cd "$(dirname "$0")/../.."
version=$1
shift
work=$(mktemp -d)
# The module cache that a build may have made is read-only.
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

second=$work/somewhere/else
mkdir -p "$second"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
	if [[ -f $file ]]; then
		printf '%s\0' "$file"
	fi
done | tar --create --null --files-from=- | tar --extract --directory="$second"

hack/release/build.sh "$work/first" "$version" "$@"
GOCACHE=$work/cache TMPDIR=$work TZ=Pacific/Auckland "$second/hack/release/build.sh" "$work/second" "$version" "$@"
(cd "$work/first" && sha256sum -- *) >"$work/first.sums"
(cd "$work/second" && sha256sum -- *) >"$work/second.sums"
cat "$work/first.sums"
if ! diff "$work/first.sums" "$work/second.sums"; then
	echo "The two builds differ." >&2
	exit 1
fi
echo "Both builds are the same, byte for byte."
