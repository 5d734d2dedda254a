{{/* Labels of every object. Call with (dict "root" $ "component" "consumer"). */}}
{{- define "countinghouse.labels" -}}
{{ include "countinghouse.selector" . }}
app.kubernetes.io/part-of: countinghouse
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of pods: without the chart's version, whose change alone should restart nothing. */}}
{{- define "countinghouse.podLabels" -}}
{{ include "countinghouse.selector" . }}
app.kubernetes.io/part-of: countinghouse
{{- with .root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "countinghouse.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Image of a worker binary: (dict "root" $ "worker" "consumer"). */}}
{{- define "countinghouse.image" -}}
{{- $image := .root.Values.image -}}
{{- $tag := $image.tag | default .root.Chart.AppVersion -}}
{{- printf "%s:%s" (compact (list $image.registry $image.repository .worker) | join "/") $tag -}}
{{- end }}

{{- define "countinghouse.kafkaUser" -}}
{{- printf "%s-%s" .root.Values.kafka.users.prefix .user -}}
{{- end }}

{{- define "countinghouse.kafkaBrokers" -}}
{{- .Values.kafka.brokers | join "," | default (printf "%s-kafka-bootstrap:9093" .Values.kafka.cluster) -}}
{{- end }}

{{- define "countinghouse.kafkaCaSecret" -}}
{{- .Values.kafka.tls.caSecret | default (printf "%s-cluster-ca-cert" .Values.kafka.cluster) -}}
{{- end }}

{{- define "countinghouse.apiKeysSecret" -}}
{{- .Values.ingest.apiKeysSecret | default "ingest-api-keys" -}}
{{- end }}

{{- define "countinghouse.consoleTokenSecret" -}}
{{- .Values.console.tokenSecret | default "console-token" -}}
{{- end }}

{{/*
A Secret with one random value, made at the first installation and kept afterwards: (dict "root" $ "component" … "name" … "key" …).
*/}}
{{- define "countinghouse.generatedSecret" -}}
{{- $existing := lookup "v1" "Secret" .root.Release.Namespace .name | default dict -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
  annotations:
    # Clients keep working after a reinstallation.
    helm.sh/resource-policy: keep
type: Opaque
data:
  {{ .key }}: {{ get ($existing.data | default dict) .key | default (randAlphaNum 40 | b64enc) }}
{{- end }}

{{/* Pod Security `restricted`. 65532 is the conventional user of images without a shell. */}}
{{- define "countinghouse.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "countinghouse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "countinghouse.kafkaEnv" -}}
KAFKA_BROKERS: {{ include "countinghouse.kafkaBrokers" .root | quote }}
KAFKA_CLIENT_ID: {{ .user | quote }}
KAFKA_SSL: {{ .root.Values.kafka.tls.enabled | quote }}
{{- if .root.Values.kafka.tls.enabled }}
KAFKA_SSL_CA_FILE: /etc/kafka-ca/{{ .root.Values.kafka.tls.caKey }}
{{- end }}
KAFKA_SASL_MECHANISM: scram-sha-512
KAFKA_SASL_USERNAME: {{ include "countinghouse.kafkaUser" . | quote }}
{{- with .root.Values.kafka.topics }}
KAFKA_EVENTS_TOPIC: {{ .events.name | quote }}
KAFKA_DLQ_TOPIC: {{ .deadLetters.name | quote }}
KAFKA_LEDGER_TOPIC: {{ .ledger.name | quote }}
{{- end }}
{{- end }}

{{- define "countinghouse.groupEnv" -}}
KAFKA_GROUP_ID: {{ .Values.kafka.groups.events | quote }}
KAFKA_LEDGER_GROUP_ID: {{ .Values.kafka.groups.ledger | quote }}
{{- end }}

{{- define "countinghouse.clickhouseEnv" -}}
CLICKHOUSE_URL: {{ .Values.clickhouse.url | quote }}
CLICKHOUSE_DATABASE: {{ .Values.clickhouse.database | quote }}
CLICKHOUSE_TIMEOUT_MS: {{ .Values.clickhouse.timeoutMs | toJson | quote }}
{{- if .Values.clickhouse.caSecret }}
NODE_EXTRA_CA_CERTS: /etc/clickhouse-ca/{{ .Values.clickhouse.caKey }}
{{- end }}
{{- end }}

{{- define "countinghouse.eventEnv" -}}
{{- with .Values.events }}
EVENT_MAX_AGE_DAYS: {{ .maxAgeDays | toJson | quote }}
EVENT_MAX_FUTURE_MINUTES: {{ .maxFutureMinutes | quote }}
EVENT_MAX_BYTES: {{ .maxBytes | toJson | quote }}
{{- end }}
{{- end }}

{{- define "countinghouse.healthEnv" -}}
LOG_LEVEL: {{ .Values.log.level | quote }}
HEALTH_HOST: "0.0.0.0"
HEALTH_PORT: "9400"
{{- end }}

{{/* Fails with one line when a referenced Secret is missing. Only a connected helm can look; a template run cannot. */}}
{{- define "countinghouse.requireSecret" -}}
{{- $ns := .root.Release.Namespace -}}
{{- if and .root.Values.checks.secrets (lookup "v1" "Namespace" "" $ns) -}}
{{- $secret := lookup "v1" "Secret" $ns .name -}}
{{- if not $secret -}}
{{- fail (printf "\n\nSecret %q is missing in namespace %q (%s). Create it, or correct %s. To install before it exists, set checks.secrets=false.\n" .name $ns .what .value) -}}
{{- end -}}
{{- range $key := .keys -}}
{{- if not (hasKey ($secret.data | default dict) $key) -}}
{{- fail (printf "\n\nSecret %q in namespace %q has no key %q (%s).\n" $.name $ns $key $.what) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
