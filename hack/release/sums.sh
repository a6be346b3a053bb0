#!/usr/bin/env bash
# Writes SHA256SUMS into a directory with all files of a release: their sums, by the names that they are published under, which are those without their
# directories. Signatures, which are made of the sums, are left out: sums.sh DIRECTORY
set -euo pipefail

cd "$1"
mapfile -t files < <(find . -type f ! -name SHA256SUMS ! -name SHA256SUMS.new ! -name '*.sigstore.json' | LC_ALL=C sort)
twice=$(printf '%s\n' "${files[@]##*/}" | LC_ALL=C sort | uniq --repeated)
if [[ -n $twice ]]; then
  echo "several files would be published as: $twice" >&2
  exit 1
fi
for file in "${files[@]}"; do
  sum=$(sha256sum <"$file")
  echo "${sum%% *}  ${file##*/}"
done >SHA256SUMS.new
mv SHA256SUMS.new SHA256SUMS
