{{/* Variables of the ops binary. */}}
{{- define "countinghouse.opsConfig" -}}
LOG_LEVEL: warn
{{- if .user }}
{{ include "countinghouse.kafkaEnv" . }}
{{ include "countinghouse.groupEnv" .root }}
{{- end }}
{{ include "countinghouse.clickhouseEnv" .root }}
{{ include "countinghouse.eventEnv" .root }}
{{- end }}

{{/*
Pod template of a job of the ops binary. Called with the dict of countinghouse.env plus:
  args (list), values (its part of values.yaml), restartPolicy, env (further variables, dict).
The variables are in the pod itself: a Job cannot change afterwards, so neither should what it reads.
*/}}
{{- define "countinghouse.opsPod" -}}
{{- $config := merge (dict) (.env | default dict) (fromYaml (include "countinghouse.opsConfig" .)) -}}
metadata:
  labels:
    {{- include "countinghouse.podLabels" . | nindent 4 }}
spec:
  {{- include "countinghouse.podDefaults" . | nindent 2 }}
  restartPolicy: {{ .restartPolicy }}
  containers:
    - name: {{ .component }}
      image: {{ include "countinghouse.image" . }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
      env:
        {{- include "countinghouse.env" . | nindent 8 }}
        {{- range $name, $value := $config }}
        - name: {{ $name }}
          value: {{ $value | toString | quote }}
        {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        {{- include "countinghouse.containerSecurity" . | nindent 8 }}
      volumeMounts:
        {{- include "countinghouse.mounts" . | nindent 8 }}
  volumes:
    {{- include "countinghouse.volumes" . | nindent 4 }}
{{- end }}
