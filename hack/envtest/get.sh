#!/usr/bin/env bash
# Puts etcd, kube-apiserver and, where none is installed or WITH_KUBECTL=1 asks for it, kubectl into bin/, for the tests and the demo, in
# the first of three ways that is open, and says which and why:
#
#   1. links to the programs in the directory that KUBEBUILDER_ASSETS names;
#   2. downloads them with setup-envtest, of the minor release of Kubernetes that go.mod pins, by the checksums of its index;
#   3. builds them from the modules that go.mod pins, which takes minutes the first time.
#
# ENVTEST_SOURCE=download or =build takes that way and no other. A download is given up where nothing comes for ENVTEST_PATIENCE seconds
# (15). ENVTEST_INDEX is the URL of another index than setup-envtest's own. What was downloaded or built for the same go.sum stays as it is.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/bin
tool=$bin/tools/setup-envtest
origin=${ENVTEST_SOURCE:-auto}
patience=${ENVTEST_PATIENCE:-15}
assets=${KUBEBUILDER_ASSETS:-}
scratch=
child=
# reason is why it is not one of the ways before.
reason=

fail() {
	echo "$*" >&2
	exit 1
}

if [[ $origin != auto && $origin != download && $origin != build ]]; then
	fail "ENVTEST_SOURCE is $origin: it can be auto, download or build."
fi
if [[ ! $patience =~ ^[0-9]+$ ]]; then
	fail "ENVTEST_PATIENCE is $patience: it is a number of seconds."
fi
# Who names bin/ itself means what this script puts there.
if [[ $origin != auto || $assets -ef $bin ]]; then
	assets=
fi
if [[ -n $assets ]]; then
	assets=$(cd "$assets" 2>/dev/null && pwd) || fail "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which is no directory: unset it, or name one that has etcd and kube-apiserver."
fi
mkdir -p "$bin/tools"
cd "$root/hack/envtest"
sum=$(cksum <go.sum | tr ' ' -)

# pinned MODULE is the version of a module that go.mod requires; a module can be a tool there too.
pinned() { awk -v module="$1" '$1 == module && $2 ~ /^v/ {print $2; exit}' go.mod; }

# have NAME says whether a program is there, in a way that is asked for. What is linked has no stamp.
have() {
	local stamp=$bin/.envtest-$1-$sum
	if [[ -n $assets && $bin/$1 -ef $assets/$1 ]]; then
		return 0
	fi
	[[ -x $bin/$1 ]] && { [[ $origin != download && -e $stamp ]] || [[ $origin != build && -e $stamp-downloaded ]]; }
}

# missing names the programs that are still to be had.
missing() {
	local names=() name
	for name in etcd kube-apiserver; do
		have "$name" || names+=("$name")
	done
	if [[ ${WITH_KUBECTL:-} == 1 ]] || ! command -v kubectl >/dev/null; then
		have kubectl || names+=(kubectl)
	fi
	echo "${names[*]-}"
}

# list A B C is "A, B and C".
list() {
	local text=$1
	shift
	while (($# > 1)); do
		text+=", $1"
		shift
	done
	echo "$text${1:+ and $1}"
}

# place NAME FILE [SUFFIX] makes a file the program in bin/ and stamps it.
place() {
	mv -f "$2" "$bin/$1" && rm -f "$bin/.envtest-$1-"* && touch "$bin/.envtest-$1-$sum${3:-}"
}

# link takes the programs from KUBEBUILDER_ASSETS.
link() {
	local found=() name
	for name in etcd kube-apiserver kubectl; do
		if [[ -f $assets/$name && -x $assets/$name ]]; then
			found+=("$name")
		elif [[ $name != kubectl ]]; then
			fail "KUBEBUILDER_ASSETS is $assets, where no executable $name is: unset it, or name a directory that has etcd and kube-apiserver."
		fi
	done
	for name in "${found[@]}"; do
		# A link in the other direction would lose the program.
		if [[ ! $assets/$name -ef $bin/$name ]]; then
			rm -f "$bin/.envtest-$name-"*
			ln -sf "$assets/$name" "$bin/$name"
		fi
	done
	echo "Taking $(list "${found[@]}") from $assets, as KUBEBUILDER_ASSETS says."
}

# patiently COMMAND... runs a command, its output in files, and ends it where nothing in the directory for what is downloaded changes for
# too long: neither setup-envtest nor go gives up on a host that is silent.
patiently() {
	local before= now since=$SECONDS status=0
	"$@" >"$scratch/output" 2>"$scratch/errors" &
	child=$!
	while kill -0 "$child" 2>/dev/null; do
		now=$(ls -lR "$scratch")
		if [[ $now != "$before" ]]; then
			before=$now since=$SECONDS
		elif ((SECONDS - since > patience)); then
			kill "$child" 2>/dev/null || true
			wait "$child" 2>/dev/null || true
			child=
			echo "nothing came for $patience s" >"$scratch/errors"
			return 1
		fi
		sleep 0.2
	done
	wait "$child" || status=$?
	child=
	return "$status"
}

# attempt WHAT COMMAND... does so, and if it fails takes the command's last word for the reason. go says with # what it asks for.
attempt() {
	local what=$1
	shift
	if ! patiently "$@"; then
		reason="$what: $(grep -v '^#' "$scratch/errors" | tail -n 1 | sed 's/ (exit code [0-9]*)$//')"
		return 1
	fi
}

# setup_envtest runs setup-envtest with its files where attempt sees them grow.
setup_envtest() {
	TMPDIR=$scratch exec "$tool" "$@" --bin-dir "$scratch" --use-env=false --installed-only=false ${ENVTEST_INDEX:+--index "$ENVTEST_INDEX"}
}

# download NAME... gets programs with setup-envtest. It returns 1, with the reason, where they are not to be had.
download() {
	local release version directory name because="KUBEBUILDER_ASSETS names none"
	if [[ $origin == download ]]; then
		because="ENVTEST_SOURCE says"
	fi
	if [[ ! $tool -nt ../setup-envtest/go.sum ]]; then
		attempt "fetching setup-envtest" go -C ../setup-envtest mod download -x || return 1
		# All is there now: that it takes its time means that it compiles.
		if ! GOPROXY=off go -C ../setup-envtest build -o "$tool" sigs.k8s.io/controller-runtime/tools/setup-envtest; then
			reason="building setup-envtest failed"
			return 1
		fi
	fi
	release=$(pinned k8s.io/kubernetes)
	release=${release#v}
	release=${release%.*}
	attempt "asking the index of setup-envtest" setup_envtest list "$release.x" || return 1
	version=$(awk '$1 == "(available)" {print $2; exit}' "$scratch/output")
	if [[ -z $version ]]; then
		reason="the index of setup-envtest has no Kubernetes $release for this platform"
		return 1
	fi
	echo "Downloading $(list "$@") of Kubernetes $version, as $because."
	attempt "downloading Kubernetes $version" setup_envtest use "${version#v}" -p path || return 1
	directory=$(cat "$scratch/output")
	chmod -R u+w "$directory"
	for name in "$@"; do
		if [[ -x $directory/$name ]]; then
			place "$name" "$directory/$name" -downloaded || fail "Putting $name into bin/ failed."
		else
			reason="the archive of Kubernetes $version has no $name"
			return 1
		fi
	done
}

# clean_up ends what still runs, and removes what was downloaded; setup-envtest writes directories that cannot be written.
clean_up() {
	if [[ -n $child ]]; then
		kill "$child" 2>/dev/null || true
	fi
	chmod -R u+w "$scratch"
	rm -rf "$scratch"
}

# build NAME builds a program. The version is set by hand, as a program built from a module does not know its own.
build() {
	local name=$1 package=k8s.io/kubernetes/cmd/$1 module=k8s.io/kubernetes version minor
	if [[ $name == etcd ]]; then
		package=go.etcd.io/etcd/server/v3 module=go.etcd.io/etcd/server/v3
	fi
	version=$(pinned "$module")
	minor=${version#v*.}
	echo "Building $name $version"
	go build -o "$bin/.$name.$$" -ldflags "-s -w \
		-X k8s.io/component-base/version.gitVersion=$version \
		-X k8s.io/component-base/version.gitMajor=1 \
		-X k8s.io/component-base/version.gitMinor=${minor%%.*} \
		-X k8s.io/component-base/version.gitTreeState=clean" "$package"
	place "$name" "$bin/.$name.$$"
}

if [[ -n $assets ]]; then
	link
fi
read -ra wanted <<<"$(missing)"
if [[ $origin == build ]]; then
	reason="ENVTEST_SOURCE says"
elif ((${#wanted[@]} > 0)); then
	scratch=$(mktemp -d "$bin/.download.XXXXXX")
	trap clean_up EXIT
	if ! download "${wanted[@]}"; then
		if [[ $origin == download ]]; then
			fail "ENVTEST_SOURCE is download, but there is none: $reason."
		fi
		reason="there is no download: $reason"
	fi
	read -ra wanted <<<"$(missing)"
fi
if ((${#wanted[@]} > 0)); then
	echo "Building $(list "${wanted[@]}") from pinned modules, which takes minutes the first time, as $reason."
	for name in "${wanted[@]}"; do
		build "$name"
	done
fi
