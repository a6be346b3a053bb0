{{/* The chart's name, or what the values call it. */}}
{{- define "mesos-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* What objects are called. Short enough for the longest suffix that a template adds. */}}
{{- define "mesos-operator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 45 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "mesos-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "mesos-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The Lease that the manager makes of its controller name. */}}
{{- define "mesos-operator.lease" -}}
{{- .Values.controllerName | lower | replace "/" "-" | replace "." "-" }}
{{- end }}

{{- define "mesos-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mesos-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: manager
{{- end }}

{{- define "mesos-operator.labels" -}}
{{- with .Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "mesos-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: mesos-operator
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* The manager's image: another registry takes the place of the first part of its name if that is a host. */}}
{{- define "mesos-operator.image" -}}
{{- $repository := .Values.image.repository }}
{{- with .Values.global.imageRegistry }}
{{- $parts := splitList "/" $repository }}
{{- if and (gt (len $parts) 1) (regexMatch "[.:]|^localhost$" (first $parts)) }}
{{- $parts = rest $parts }}
{{- end }}
{{- $repository = printf "%s/%s" . (join "/" $parts) }}
{{- end }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The resources that the manager uses only in the namespaces that it watches: of tasks, and what it writes about them. */}}
{{- define "mesos-operator.watchedResources" -}}
["mesostasks", "mesostasks/status", "mesostasksets", "mesostasksets/status", "mesoscrontasks", "mesoscrontasks/status", "controllerrevisions", "events"]
{{- end }}

{{/* Of the generated ClusterRole, the part about watched resources or the rest: clusterRules of a list of root context and the word "watched" or "rest". */}}
{{- define "mesos-operator.clusterRules" -}}
{{- $watched := include "mesos-operator.watchedResources" . | fromJsonArray }}
{{- range $rule := include "mesos-operator.roleRules" (list (index . 0) "ClusterRole") | fromYamlArray }}
{{- $resources := list }}
{{- range $rule.resources }}
{{- if eq (has . $watched) (eq (index $ 1) "watched") }}
{{- $resources = append $resources . }}
{{- end }}
{{- end }}
{{- if and (not .resources) (eq (index $ 1) "rest") }}
{{ list . | toYaml }}
{{- else if $resources }}
{{ list (merge (dict "resources" $resources) $rule) | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the generated roles grant: roleRules of a list of root context and kind. */}}
{{- define "mesos-operator.roleRules" -}}
{{- $root := index . 0 }}
{{- $kind := index . 1 }}
{{- range $document := splitList "\n---\n" ($root.Files.Get "files/role.yaml") }}
{{- $role := fromYaml $document }}
{{- if eq $role.kind $kind }}
{{- toYaml $role.rules }}
{{- end }}
{{- end }}
{{- end }}
