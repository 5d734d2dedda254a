{{/* How pods reach and log in to Kafka and ClickHouse. Passwords are files, which a worker reads again when they rotate. */}}

{{/* With the namespace: KEDA dials from its own. */}}
{{- define "countinghouse.kafkaBrokers" -}}
{{- $port := ternary 9093 9092 .Values.kafka.tls.enabled -}}
{{- .Values.kafka.brokers | join "," | default (printf "%s-kafka-bootstrap.%s.svc:%d" .Values.kafka.cluster .Release.Namespace $port) -}}
{{- end }}

{{/* Secret with the brokers' CA; empty: they are signed by a public one. Strimzi signs its own. */}}
{{- define "countinghouse.kafkaCaSecret" -}}
{{- if .Values.kafka.tls.enabled -}}
{{- .Values.kafka.tls.caSecret | default (ternary "" (printf "%s-cluster-ca-cert" .Values.kafka.cluster) (gt (len .Values.kafka.brokers) 0)) -}}
{{- end -}}
{{- end }}

{{/* Name of the KafkaUser: (dict "root" $ "user" "consumer"). */}}
{{- define "countinghouse.kafkaUser" -}}
{{- printf "%s-%s" (.root.Values.kafka.users.prefix | default (include "countinghouse.fullname" .root)) .user -}}
{{- end }}

{{/* Secret with the user's password. */}}
{{- define "countinghouse.kafkaSecret" -}}
{{- $users := .root.Values.kafka.users -}}
{{- $own := include "countinghouse.kafkaUser" . -}}
{{- if $users.create -}}{{ $own }}{{- else -}}{{ index $users.secrets .user | default $users.secret | default $own }}{{- end -}}
{{- end }}

{{/* Whether the user's name is a key of its Secret; otherwise it is the Secret's own name. */}}
{{- define "countinghouse.kafkaUsernameKey" -}}
{{- $users := .root.Values.kafka.users -}}
{{- if not $users.create -}}{{ $users.usernameKey }}{{- end -}}
{{- end }}

{{- define "countinghouse.kafkaPasswordKey" -}}
{{- $users := .root.Values.kafka.users -}}
{{- ternary "password" $users.passwordKey $users.create -}}
{{- end }}

{{- define "countinghouse.kafkaEnv" -}}
KAFKA_BROKERS: {{ include "countinghouse.kafkaBrokers" .root | quote }}
KAFKA_CLIENT_ID: {{ include "countinghouse.kafkaUser" . | quote }}
KAFKA_SSL: {{ .root.Values.kafka.tls.enabled | quote }}
{{- if include "countinghouse.kafkaCaSecret" .root }}
KAFKA_SSL_CA_FILE: /etc/kafka-ca/{{ .root.Values.kafka.tls.caKey }}
{{- end }}
{{- $mechanism := .root.Values.kafka.auth.mechanism }}
{{- if ne $mechanism "none" }}
KAFKA_SASL_MECHANISM: {{ $mechanism }}
{{- if not (include "countinghouse.kafkaUsernameKey" .) }}
KAFKA_SASL_USERNAME: {{ include "countinghouse.kafkaSecret" . | quote }}
{{- end }}
KAFKA_SASL_PASSWORD_FILE: /etc/kafka-login/{{ include "countinghouse.kafkaPasswordKey" . }}
{{- end }}
{{- with .root.Values.kafka.topics }}
KAFKA_EVENTS_TOPIC: {{ .events.name | quote }}
KAFKA_DLQ_TOPIC: {{ .deadLetters.name | quote }}
KAFKA_LEDGER_TOPIC: {{ .ledger.name | quote }}
{{- end }}
{{- end }}

{{- define "countinghouse.eventsGroup" -}}
{{- .Values.kafka.groups.events | default (include "countinghouse.fullname" .) -}}
{{- end }}

{{- define "countinghouse.ledgerGroup" -}}
{{- .Values.kafka.groups.ledger | default (printf "%s-ledger" (include "countinghouse.fullname" .)) -}}
{{- end }}

{{- define "countinghouse.groupEnv" -}}
KAFKA_GROUP_ID: {{ include "countinghouse.eventsGroup" . | quote }}
KAFKA_LEDGER_GROUP_ID: {{ include "countinghouse.ledgerGroup" . | quote }}
{{- end }}

{{/* Of the dict: clickhouseUser, clickhouseWriter (optional). The user's name comes from its Secret unless it is a value. */}}
{{- define "countinghouse.clickhouseEnv" -}}
{{- $clickhouse := .root.Values.clickhouse -}}
CLICKHOUSE_URL: {{ $clickhouse.url | quote }}
CLICKHOUSE_DATABASE: {{ $clickhouse.database | quote }}
CLICKHOUSE_TIMEOUT_MS: {{ $clickhouse.timeoutMs | toJson | quote }}
{{- if $clickhouse.caSecret }}
CLICKHOUSE_CA_FILE: /etc/clickhouse-ca/{{ $clickhouse.caKey }}
{{- end }}
{{- with .clickhouseUser }}
{{- $user := index $clickhouse.users . }}
{{- with $user.username }}
CLICKHOUSE_USER: {{ . | quote }}
{{- end }}
CLICKHOUSE_PASSWORD_FILE: /etc/clickhouse-login/{{ $user.passwordKey | default "password" }}
{{- end }}
{{- with .clickhouseWriter }}
{{- $user := index $clickhouse.users . }}
{{- with $user.username }}
CLICKHOUSE_WRITE_USER: {{ . | quote }}
{{- end }}
CLICKHOUSE_WRITE_PASSWORD_FILE: /etc/clickhouse-write-login/{{ $user.passwordKey | default "password" }}
{{- end }}
{{- end }}

{{/* The names of users that Secrets hold: they are no secrets, but only the cluster knows them. */}}
{{- define "countinghouse.userEnv" -}}
{{- if and .user (ne .root.Values.kafka.auth.mechanism "none") (include "countinghouse.kafkaUsernameKey" .) }}
- name: KAFKA_SASL_USERNAME
  valueFrom:
    secretKeyRef:
      name: {{ include "countinghouse.kafkaSecret" . }}
      key: {{ include "countinghouse.kafkaUsernameKey" . }}
{{- end }}
{{- range $variable, $role := dict "CLICKHOUSE_USER" .clickhouseUser "CLICKHOUSE_WRITE_USER" .clickhouseWriter }}
{{- if $role }}
{{- $user := index $.root.Values.clickhouse.users $role }}
{{- if not $user.username }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $user.secret }}
      key: {{ $user.usernameKey | default "username" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Secrets a pod mounts, one key each, as a JSON list of {name, secret, key}. No pod sees a key it does not need. */}}
{{- define "countinghouse.secretFiles" -}}
{{- $files := .secretFiles | default list -}}
{{- $kafka := .root.Values.kafka -}}
{{- $clickhouse := .root.Values.clickhouse -}}
{{- if .user -}}
{{- with include "countinghouse.kafkaCaSecret" .root -}}
{{- $files = append $files (dict "name" "kafka-ca" "secret" . "key" $kafka.tls.caKey) -}}
{{- end -}}
{{- if ne $kafka.auth.mechanism "none" -}}
{{- $files = append $files (dict "name" "kafka-login" "secret" (include "countinghouse.kafkaSecret" .) "key" (include "countinghouse.kafkaPasswordKey" .)) -}}
{{- end -}}
{{- end -}}
{{- if and .clickhouseUser $clickhouse.caSecret -}}
{{- $files = append $files (dict "name" "clickhouse-ca" "secret" $clickhouse.caSecret "key" $clickhouse.caKey) -}}
{{- end -}}
{{- range $name, $role := dict "clickhouse-login" .clickhouseUser "clickhouse-write-login" .clickhouseWriter -}}
{{- if $role -}}
{{- $user := index $clickhouse.users $role -}}
{{- $files = append $files (dict "name" $name "secret" $user.secret "key" ($user.passwordKey | default "password")) -}}
{{- end -}}
{{- end -}}
{{- toJson $files -}}
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
