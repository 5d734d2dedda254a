{{/* Variables of the ops binary. */}}
{{- define "countinghouse.opsConfig" -}}
LOG_LEVEL: warn
{{- if .user }}
{{ include "countinghouse.kafkaEnv" . }}
{{ include "countinghouse.groupEnv" .root }}
{{- end }}
{{- if .clickhouseUser }}
{{ include "countinghouse.clickhouseEnv" . }}
{{ include "countinghouse.eventEnv" .root }}
{{- end }}
{{- end }}

{{/*
Pod template of a job of the ops binary. Called with the dict of countinghouse.podSettings plus restartPolicy.
The variables are in the pod itself: a Job cannot change afterwards, so neither should what it reads.
*/}}
{{- define "countinghouse.opsPod" -}}
{{- $inline := merge (dict) (.values.env | default dict) (.env | default dict) (fromYaml (include "countinghouse.opsConfig" .)) -}}
metadata:
  labels:
    {{- include "countinghouse.podLabels" . | nindent 4 }}
  {{- with include "countinghouse.podAnnotations" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  {{- include "countinghouse.podSettings" . | nindent 2 }}
  restartPolicy: {{ .restartPolicy }}
  containers:
    - {{- include "countinghouse.container" (merge (dict "inline" $inline) .) | nindent 6 }}
{{- end }}
