{{/*
What every pod has, whatever runs in it: Deployments, jobs, cron jobs and helm test. Called with a dict:
  root, component (its name), worker (binary), user (Kafka user; without it no Kafka), values (its part of values.yaml),
  clickhouseUser, clickhouseWriter (roles of clickhouse.users, optional), secretFiles (list, optional), env (variables by name),
  args, spread (whether pods of the component keep apart).
A setting of the component wins over the one for all pods; lists of variables and volumes are joined.
*/}}
{{- define "countinghouse.podSettings" -}}
serviceAccountName: {{ include "countinghouse.serviceAccountName" (merge (dict "component" (.account | default .component)) .) }}
automountServiceAccountToken: {{ .needsToken | default false }}
# Variables of Services, such as CLICKHOUSE_PORT, must not mix with the workers' own.
enableServiceLinks: false
{{- with .root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat .root.Values.imagePullSecrets ((.root.Values.global | default dict).imagePullSecrets | default list) }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "string" . }}{{ . }}{{ else }}{{ .name }}{{ end }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName | default .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with index $.values $key | default (index $.root.Values $key) }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- $selector := dict "matchLabels" (fromYaml (include "countinghouse.selector" .)) }}
{{- with .values.topologySpreadConstraints | default .root.Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{- toYaml (merge (dict) . (dict "labelSelector" $selector)) | nindent 4 }}
  {{- end }}
{{- else }}
{{- if .spread }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      {{- toYaml $selector | nindent 6 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: {{ .values.tmpSize | default .root.Values.tmpSize }}
  {{- range fromJsonArray (include "countinghouse.secretFiles" .) }}
  - name: {{ .name }}
    secret:
      secretName: {{ .secret }}
      items:
        - {key: {{ .key | quote }}, path: {{ .key | quote }}}
  {{- end }}
  {{- with concat .root.Values.extraVolumes (.values.extraVolumes | default list) }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* The one container, without ports and probes. The dict's `inline` is a dict of variables to write into it. */}}
{{- define "countinghouse.container" -}}
name: {{ .component }}
image: {{ include "countinghouse.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
{{- with .args }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $user := include "countinghouse.userEnv" . }}
{{- $extra := concat (.extraEnv | default list) .root.Values.extraEnv (.values.extraEnv | default list) }}
{{- if or $user $extra .inline }}
env:
  {{- with $user }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- range $name, $value := .inline }}
  - name: {{ $name }}
    value: {{ $value | toString | quote }}
  {{- end }}
  {{- with $extra }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
resources:
  {{- toYaml .values.resources | nindent 2 }}
{{- with .root.Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- range fromJsonArray (include "countinghouse.secretFiles" .) }}
  - name: {{ .name }}
    mountPath: /etc/{{ .name }}
    readOnly: true
  {{- end }}
  {{- with concat .root.Values.extraVolumeMounts (.values.extraVolumeMounts | default list) }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "countinghouse.podAnnotations" -}}
{{- with merge (dict) (.values.podAnnotations | default dict) .root.Values.podAnnotations }}
{{- toYaml . }}
{{- end }}
{{- end }}
