#!/usr/bin/env bash
# Builds Helm 3, Helm 4, helm-unittest and helm-docs, or those of them that are named, into bin/tools/ from the modules that
# hack/helm/go.mod pins: build.sh [helm3|helm4|helm-unittest|helm-docs]... What was built from the same go.sum stays as it is.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/bin/tools
cd "$root/hack/helm"
sum=$(cksum <go.sum | tr ' ' -)
wanted=" ${*:-helm4 helm3 helm-docs helm-unittest} "

# build NAME PACKAGE VERSION_VARIABLE MODULE builds one program unless its stamp says that it is there. The version is set by hand, as a
# program built from a module does not know its own; and so is the version of Kubernetes that Helm 3 takes for its own when it renders
# a chart without a cluster.
build() {
	local name=$1 package=$2 variable=$3 module=$4 stamp=$bin/.helm-$1-$sum version minor
	if [[ $wanted != *" $name "* || (-x $bin/$name && -e $stamp) ]]; then
		return
	fi
	version=$(go list -m -f '{{.Version}}' "$module")
	minor=$(go list -m -f '{{.Version}}' k8s.io/client-go | cut -d. -f2)
	echo "Building $name $version (once; the first time takes some minutes)"
	go build -o "$bin/.$name.$$" -ldflags "-s -w -X $variable=$version \
		-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=$minor \
		-X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/lint/rules.k8sVersionMinor=$minor" "$package"
	mv "$bin/.$name.$$" "$bin/$name"
	rm -f "$bin/.helm-$name-"*
	touch "$stamp"
}

mkdir -p "$bin"
build helm4 helm.sh/helm/v4/cmd/helm helm.sh/helm/v4/internal/version.version helm.sh/helm/v4
build helm3 helm.sh/helm/v3/cmd/helm helm.sh/helm/v3/internal/version.version helm.sh/helm/v3
build helm-docs github.com/norwoodj/helm-docs/cmd/helm-docs main.version github.com/norwoodj/helm-docs
build helm-unittest github.com/helm-unittest/helm-unittest/cmd/helm-unittest main.version github.com/helm-unittest/helm-unittest
