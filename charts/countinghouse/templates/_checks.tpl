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
