{{/*
Names carry the release, so that releases and other teams' objects do not meet. At most 40 characters, because a CronJob's
name has 52 and the longest suffix 12; what is longer ends in a hash of the whole.
*/}}
{{- define "countinghouse.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) -}}
{{- if gt (len $full) 40 -}}
{{- $full = printf "%s-%s" ($full | trunc 33 | trimSuffix "-") ($full | sha256sum | trunc 6) -}}
{{- end -}}
{{- $full | trimSuffix "-" -}}
{{- end }}

{{/* Name of an object of a component: (dict "root" $ "component" "consumer"). */}}
{{- define "countinghouse.name" -}}
{{- printf "%s-%s" (include "countinghouse.fullname" .root) .component -}}
{{- end }}

{{/* Labels of every object. Call with (dict "root" $ "component" "consumer"). */}}
{{- define "countinghouse.labels" -}}
{{ include "countinghouse.selector" . }}
app.kubernetes.io/part-of: countinghouse
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of pods: without the chart's version, whose change alone should restart nothing. */}}
{{- define "countinghouse.podLabels" -}}
{{ include "countinghouse.selector" . }}
app.kubernetes.io/part-of: countinghouse
{{- with merge (dict) ((.values | default dict).podLabels | default dict) .root.Values.podLabels .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What selectors look for cannot change on an installed object, so no value reaches it: the name is the chart's own. */}}
{{- define "countinghouse.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Image of a worker binary: (dict "root" $ "worker" "consumer"). A digest wins over the tag. */}}
{{- define "countinghouse.image" -}}
{{- $image := .root.Values.image -}}
{{- $registry := (.root.Values.global | default dict).imageRegistry | default $image.registry -}}
{{- $name := compact (list $registry $image.repository .worker) | join "/" -}}
{{- with index $image.digests .worker -}}
{{- printf "%s@%s" $name . -}}
{{- else -}}
{{- printf "%s:%s" $name ($image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{/* The account a component's pods run as: (dict "root" $ "component" … "values" …). */}}
{{- define "countinghouse.serviceAccountName" -}}
{{- $global := .root.Values.serviceAccount -}}
{{- $own := ((.values | default dict).serviceAccount | default dict).name -}}
{{- if $global.create -}}
{{- $own | default (include "countinghouse.name" .) -}}
{{- else -}}
{{- $own | default $global.name | default "default" -}}
{{- end -}}
{{- end }}

{{- define "countinghouse.serviceAccount" -}}
{{- if .root.Values.serviceAccount.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "countinghouse.serviceAccountName" . }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
  {{- with merge (dict) (((.values | default dict).serviceAccount | default dict).annotations | default dict) .root.Values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
---
{{- end }}
{{- end }}

{{- define "countinghouse.apiKeysSecret" -}}
{{- .Values.ingest.apiKeysSecret | default (include "countinghouse.name" (dict "root" . "component" "ingest-api-keys")) -}}
{{- end }}

{{- define "countinghouse.consoleTokenSecret" -}}
{{- .Values.console.tokenSecret | default (include "countinghouse.name" (dict "root" . "component" "console-token")) -}}
{{- end }}
