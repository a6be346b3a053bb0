#!/usr/bin/env bash
# Builds the programs of a release into a directory, as everybody who has the same source and the same Go builds them, byte for byte:
#   build.sh DIRECTORY VERSION [PLATFORM]...
# A platform is one such as linux/arm64; without any it is all that a release has. The manager is built for Linux only. PROGRAMS, in the environment, limits
# it to some programs.
set -euo pipefail

cd "$(dirname "$0")/../.."
directory=$1 version=$2
shift 2
platforms=("${@:-}")
if [[ -z ${platforms[0]} ]]; then
	platforms=(linux/amd64 linux/arm64 linux/ppc64le linux/s390x darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)
fi

mkdir -p "$directory"
for platform in "${platforms[@]}"; do
	os=${platform%/*} arch=${platform#*/}
	programs=(kubectl-mesos)
	if [[ $os == linux ]]; then
		programs+=(manager)
	fi
	for program in "${programs[@]}"; do
		if [[ -n ${PROGRAMS:-} && " $PROGRAMS " != *" $program "* ]]; then
			continue
		fi
		suffix=
		if [[ $os == windows ]]; then
			suffix=.exe
		fi
		# The paths, the machine's C compiler and the state of the checkout stay out of what is built; GOFLAGS of one's own too.
		GOFLAGS='' CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.version=$version" \
			-o "$directory/$program-$os-$arch$suffix" "./cmd/$program"
	done
done
