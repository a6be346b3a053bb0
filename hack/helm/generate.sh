#!/usr/bin/env bash
# Copies into the chart what is generated or kept under config/: CRDs, roles and admission policies. The chart's templates put names and
# labels on them, so that they are written once.
set -euo pipefail

cd "$(dirname "$0")/../.."
files=charts/mesos-operator/files
rm -rf "$files"
mkdir -p "$files/crds" "$files/admission"
cp config/crd/bases/*.yaml "$files/crds/"
cp config/admission/*_policy.yaml "$files/admission/"
cp config/rbac/role.yaml config/rbac/user_roles.yaml "$files/"
