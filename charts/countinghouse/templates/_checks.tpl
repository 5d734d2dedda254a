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

{{/*
Fails with one message that names every kind of resource the cluster does not serve. Whoever renders for a cluster knows its
kinds (helm install, Argo CD); a plain `helm template` knows groups and versions only, and nothing can be said.
*/}}
{{- define "countinghouse.requireApis" -}}
{{- $m := .Values.monitoring -}}
{{- $routes := or (and .Values.ingest.enabled .Values.ingest.httpRoute.enabled) (and .Values.console.enabled .Values.console.httpRoute.enabled) -}}
{{- $apis := list
  (dict "if" .Values.kafka.users.create "api" "kafka.strimzi.io/v1/KafkaUser" "next" "install Strimzi 1.0 or later, or set kafka.users.create=false and make the users")
  (dict "if" .Values.kafka.topics.create "api" "kafka.strimzi.io/v1/KafkaTopic" "next" "install Strimzi 1.0 or later, or set kafka.topics.create=false")
  (dict "if" $m.podMonitor.enabled "api" "monitoring.coreos.com/v1/PodMonitor" "next" "install the prometheus-operator, or set monitoring.podMonitor.enabled=false")
  (dict "if" $m.rules.enabled "api" "monitoring.coreos.com/v1/PrometheusRule" "next" "install the prometheus-operator, or set monitoring.rules.enabled=false")
  (dict "if" (include "countinghouse.notifies" .) "api" "monitoring.coreos.com/v1alpha1/AlertmanagerConfig" "next" "install the prometheus-operator, or set monitoring.notifications.enabled=false")
  (dict "if" .Values.consumer.autoscaling.enabled "api" "keda.sh/v1alpha1/ScaledObject" "next" "install KEDA, or set consumer.autoscaling.enabled=false")
  (dict "if" $routes "api" "gateway.networking.k8s.io/v1/HTTPRoute" "next" "install the Gateway API, or use ingress.enabled") -}}
{{- if and .Values.checks.apis (.Capabilities.APIVersions.Has "apps/v1/Deployment") -}}
{{- $missing := list -}}
{{- range $apis -}}
{{- if and .if (not ($.Capabilities.APIVersions.Has .api)) -}}
{{- $missing = append $missing (printf "  %s: %s" .api .next) -}}
{{- end -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "\n\nThis cluster does not serve what the values ask for:\n%s\n" (join "\n" $missing)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A quantity of memory in MiB, as a number; what has no unit is bytes. */}}
{{- define "countinghouse.mebibytes" -}}
{{- $text := toString . -}}
{{- $unit := regexFind "[A-Za-z]+$" $text -}}
{{- $bytes := get (dict "" 1 "k" 1000 "Ki" 1024 "M" 1000000 "Mi" 1048576 "G" 1000000000 "Gi" 1073741824) $unit | default 1 -}}
{{- divf (mulf (trimSuffix $unit $text | float64) $bytes) 1048576 -}}
{{- end }}

{{/*
Values that fit the schema one by one, but not each other or their purpose. All that is wrong is named in one message. Addresses
are judged here and not by the schema, which would show a regular expression where an example is of use.
*/}}
{{- define "countinghouse.requireSense" -}}
{{- $wrong := list -}}
{{- range .Values.kafka.brokers -}}
{{- if not (regexMatch "^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9._-]+):[0-9]{1,5}$" .) -}}
{{- $wrong = append $wrong (printf "kafka.brokers: %q is not host:port, as b-1.example.com:9096 or [2001:db8::1]:9093" .) -}}
{{- end -}}
{{- end -}}
{{- /* Without the value itself: it may hold a password, which ConfigMaps would show. */ -}}
{{- if not (regexMatch "^https?://[^\\s/@]+/?$" .Values.clickhouse.url) -}}
{{- $wrong = append $wrong "clickhouse.url is an address without login and path, as https://clickhouse.example.com:8443; logins are in the Secrets of clickhouse.users" -}}
{{- end -}}
{{- with .Values.kafka.topics -}}
{{- if gt (int .minInsyncReplicas) (int .replicas) -}}
{{- $wrong = append $wrong (printf "kafka.topics.minInsyncReplicas (%d) is more than kafka.topics.replicas (%d): every write would be refused" (int .minInsyncReplicas) (int .replicas)) -}}
{{- end -}}
{{- if lt (list .events.name .deadLetters.name .ledger.name | uniq | len) 3 -}}
{{- $wrong = append $wrong (printf "kafka.topics: events (%s), deadLetters (%s) and ledger (%s) need three names" .events.name .deadLetters.name .ledger.name) -}}
{{- end -}}
{{- end -}}
{{- with (.Values.consumer.resources.limits | default dict).memory -}}
{{- $limit := include "countinghouse.mebibytes" . | float64 -}}
{{- if gt (mulf $.Values.consumer.memoryMb 1.25) $limit -}}
{{- $wrong = append $wrong (printf "consumer.memoryMb (%d) needs consumer.resources.limits.memory of a quarter more, %dMi; it is %v" (int $.Values.consumer.memoryMb) (mulf $.Values.consumer.memoryMb 1.25 | ceil | int) .) -}}
{{- end -}}
{{- end -}}
{{- range $component := list "consumer" "ingest" "console" -}}
{{- with (index $.Values $component).autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- $wrong = append $wrong (printf "%s.autoscaling.minReplicas (%d) is more than maxReplicas (%d)" $component (int .minReplicas) (int .maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n\nThese values do not work:\n  %s\n" (join "\n  " $wrong)) -}}
{{- end -}}
{{- end }}

{{/* What is legal and still most often a mistake; NOTES.txt prints it. */}}
{{- define "countinghouse.warnings" -}}
{{- $kafka := .Values.kafka -}}
{{- if $kafka.brokers -}}
{{- range $part := list "users" "topics" -}}
{{- if (index $kafka $part).create }}

Warning: kafka.brokers is set and kafka.{{ $part }}.create is true: Strimzi's operator makes {{ $part }} only in the cluster
{{ $kafka.cluster }} of this namespace. For any other Kafka set kafka.{{ $part }}.create=false.
{{- end }}
{{- end -}}
{{- end }}
{{- if and .Values.monitoring.rules.enabled .Values.monitoring.notifications.enabled (not (include "countinghouse.notifies" .)) }}

Warning: nobody is told of alerts: set console.enabled, or a receiver in monitoring.notifications.
{{- end }}
{{- if not .Values.networkPolicy.enabled }}

Warning: networkPolicy.enabled=false leaves every pod open to every other.
{{- end }}
{{- if not $kafka.tls.enabled }}

Warning: kafka.tls.enabled=false sends passwords and events in the clear.
{{- end }}
{{- end }}
