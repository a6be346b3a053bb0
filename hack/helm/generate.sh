#!/usr/bin/env bash
# Copies into the chart what is generated or kept under config/: CRDs, roles, admission policies, alerts and dashboards. The chart's templates put
# names and labels on them, so that they are written once. The PrometheusRule of config/prometheus is made of the same alerts.
set -euo pipefail

cd "$(dirname "$0")/../.."
files=charts/mesos-operator/files
rm -rf "$files"
mkdir -p "$files/crds" "$files/admission" "$files/dashboards"
cp config/crd/bases/*.yaml "$files/crds/"
cp config/admission/*_policy.yaml "$files/admission/"
cp config/rbac/role.yaml config/rbac/user_roles.yaml "$files/"
cp config/prometheus/alerts.yaml "$files/"
cp config/grafana/dashboards/*.json "$files/dashboards/"

cat >config/prometheus/rule.yaml <<'END'
# Made of alerts.yaml by make manifests.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: alerts
  namespace: system
  labels:
    app.kubernetes.io/name: mesos-operator
    app.kubernetes.io/part-of: mesos-operator
    app.kubernetes.io/component: manager
spec:
END
sed -e '/^#/d' -e 's/^/  /' config/prometheus/alerts.yaml >>config/prometheus/rule.yaml
