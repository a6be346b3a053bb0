#!/usr/bin/env bash
# Packs the Headlamp plugin, as make ui has built it, into an archive that is unpacked where Headlamp looks for plugins:
#   ui.sh DIRECTORY VERSION [BUILT]
# Whoever has the same files gets the same bytes: the archive tells nothing of who packed them, and when.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
directory=$1 version=$2 built=${3:-$root/ui/headlamp/dist}
archive=$directory/headlamp-mesos-operator-$version.tar.gz

# Headlamp shows the version that package.json says.
if ! grep -q "^  \"version\": \"${version#v}\",\$" "$built/package.json"; then
	echo "The plugin is to be released as $version, which is not the version in ui/headlamp/package.json." >&2
	exit 1
fi

mkdir -p "$directory"
tar --create --directory="$built" --transform='s,^,mesos-operator/,' --format=ustar --sort=name --mtime='1980-01-01 00:00Z' \
	--owner=0 --group=0 --numeric-owner --mode=0644 LICENSE main.js package.json | gzip --best --no-name >"$archive"
