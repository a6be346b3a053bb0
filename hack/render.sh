#!/usr/bin/env bash
# Renders config/default with another image: render.sh KUSTOMIZE IMAGE [without-crds]. The tree stays as it is.
set -euo pipefail

kustomize=$1 image=$2
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$root/bin"
overlay=$(mktemp -d "$root/bin/.render-XXXXXX")
trap 'rm -rf "$overlay"' EXIT

{
	echo "resources: [../../config/default]"
	# A colon behind the last slash begins the tag; one before it belongs to the registry's port.
	if [[ $image == *@* ]]; then
		echo "images: [{name: controller, newName: '${image%%@*}', digest: '${image#*@}'}]"
	elif [[ ${image##*/} == *:* ]]; then
		echo "images: [{name: controller, newName: '${image%:*}', newTag: '${image##*:}'}]"
	else
		echo "images: [{name: controller, newName: '$image', newTag: latest}]"
	fi
	if [[ ${3:-} == without-crds ]]; then
		cat <<'PATCH'
patches:
- target: {kind: CustomResourceDefinition}
  patch: |
    $patch: delete
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: any}
PATCH
	fi
} >"$overlay/kustomization.yaml"
"$kustomize" build "$overlay"
