#!/usr/bin/env bash
# Builds etcd and kube-apiserver into bin/, from the modules that hack/envtest/go.mod pins, for the tests and the demo. It builds
# kubectl too where none is installed, or where WITH_KUBECTL=1 asks for it. What was built from the same go.sum stays as it is.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/bin
cd "$root/hack/envtest"
sum=$(cksum <go.sum | tr ' ' -)

# build NAME PACKAGE MODULE builds one program unless its stamp says that it is there. The version is set by hand, as a program
# built from a module does not know its own.
build() {
	local name=$1 package=$2 module=$3 stamp=$bin/.envtest-$1-$sum version
	if [[ -x $bin/$name && -e $stamp ]]; then
		return
	fi
	version=$(go list -m -f '{{.Version}}' "$module")
	echo "Building $name $version (once; the first time takes some minutes)"
	local minor=${version#v*.}
	go build -trimpath -o "$bin/.$name.$$" -ldflags "-s -w \
		-X k8s.io/component-base/version.gitVersion=$version \
		-X k8s.io/component-base/version.gitMajor=1 \
		-X k8s.io/component-base/version.gitMinor=${minor%%.*} \
		-X k8s.io/component-base/version.gitTreeState=clean" "$package"
	mv "$bin/.$name.$$" "$bin/$name"
	rm -f "$bin/.envtest-$name-"*
	touch "$stamp"
}

mkdir -p "$bin"
build etcd go.etcd.io/etcd/server/v3 go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes
if [[ ${WITH_KUBECTL:-} == 1 ]] || ! command -v kubectl >/dev/null; then
	build kubectl k8s.io/kubernetes/cmd/kubectl k8s.io/kubernetes
fi
