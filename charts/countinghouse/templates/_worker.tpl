{{/*
Everything of one long-running worker: ServiceAccount, ConfigMap, Deployment, PodDisruptionBudget, and what is switched on of
HorizontalPodAutoscaler, Service, Ingress and HTTPRoute. Further keys of the dict besides those of countinghouse.podSettings:
  config (rendered YAML of variables), strategy (rendered YAML), port (of its HTTP API, optional),
  scaled (an autoscaler sets the number of pods).
*/}}
{{- define "countinghouse.worker" -}}
{{- $name := include "countinghouse.name" . -}}
{{- $own := fromYaml .config -}}
{{- /* Groups, topics and logins are the chart's: rights and policies follow from its values, not from the variable. */ -}}
{{- range $variable, $_ := .values.env | default dict -}}
{{- if and (hasKey $own $variable) (ne $variable "LOG_LEVEL") -}}
{{- fail (printf "\n\n%s.env.%s: the chart sets this variable itself; find the value that it comes from in values.yaml.\n" $.component $variable) -}}
{{- end -}}
{{- end -}}
{{- $config := merge (dict) (.values.env | default dict) $own -}}
{{- $hpa := (.values.autoscaling | default dict) -}}
{{- $scaled := or .scaled (and $hpa.enabled .port) -}}
{{- $replicas := .replicas | default .values.replicas -}}
{{ include "countinghouse.serviceAccount" . }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
data:
  {{- range $variable, $value := $config }}
  {{ $variable }}: {{ $value | toString | quote }}
  {{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
spec:
  {{- if not (or $scaled (kindIs "invalid" $replicas)) }}
  replicas: {{ $replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      {{- include "countinghouse.selector" . | nindent 6 }}
  strategy:
    {{- .strategy | nindent 4 }}
  template:
    metadata:
      labels:
        {{- include "countinghouse.podLabels" . | nindent 8 }}
      annotations:
        checksum/config: {{ $config | toJson | sha256sum }}
        {{- with include "countinghouse.podAnnotations" . }}
        {{- . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "countinghouse.podSettings" (merge (dict "spread" true) .) | nindent 6 }}
      # Above the drain time: a worker that is killed while draining loses nothing, but others must do its work again.
      terminationGracePeriodSeconds: {{ add .root.Values.drain.seconds .root.Values.drain.reserveSeconds }}
      containers:
        - {{- include "countinghouse.container" . | nindent 10 }}
          envFrom:
            - configMapRef:
                name: {{ $name }}
          ports:
            - name: health
              containerPort: 9400
            {{- with .port }}
            - name: http
              containerPort: {{ . }}
            {{- end }}
          startupProbe:
            httpGet: {path: /livez, port: health}
            periodSeconds: 1
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /livez, port: health}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: {path: /readyz, port: health}
            periodSeconds: 3
            timeoutSeconds: 3
            failureThreshold: 3
{{- if .root.Values.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .root.Values.podDisruptionBudget.maxUnavailable }}
  # Pods that are not ready do no work; keeping them would only block a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "countinghouse.selector" . | nindent 6 }}
{{- end }}
{{- if and $hpa.enabled .port }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ $name }}}
  minReplicas: {{ $hpa.minReplicas }}
  maxReplicas: {{ $hpa.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ $hpa.targetCPUUtilizationPercentage }}}
{{- end }}
{{- if .port }}
{{ include "countinghouse.exposure" . }}
{{- end }}
{{- end }}

{{/* How others reach a worker's HTTP API: a Service, and on demand an Ingress or an HTTPRoute. */}}
{{- define "countinghouse.exposure" -}}
{{- $name := include "countinghouse.name" . -}}
{{- $service := .values.service -}}
{{- $ingress := .values.ingress -}}
{{- $route := .values.httpRoute }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
  {{- with $service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $service.type }}
  {{- with $service.loadBalancerClass }}
  loadBalancerClass: {{ . }}
  {{- end }}
  {{- with $service.loadBalancerSourceRanges }}
  loadBalancerSourceRanges:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  selector:
    {{- include "countinghouse.selector" . | nindent 4 }}
  ports:
    - name: http
      port: {{ $service.port }}
      targetPort: http
      {{- if and $service.nodePort (ne $service.type "ClusterIP") }}
      nodePort: {{ $service.nodePort }}
      {{- end }}
{{- if $ingress.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ $name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
  {{- with $ingress.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with $ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with $ingress.tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range $ingress.hosts }}
    - host: {{ .host | quote }}
      http:
        paths:
          {{- range .paths | default (list (dict "path" "/" "pathType" "Prefix")) }}
          - path: {{ .path }}
            pathType: {{ .pathType | default "Prefix" }}
            backend:
              service: {name: {{ $name }}, port: {name: http}}
          {{- end }}
    {{- end }}
{{- end }}
{{- if $route.enabled }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ $name }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
  {{- with $route.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  parentRefs:
    {{- toYaml $route.parentRefs | nindent 4 }}
  {{- with $route.hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        {{- toYaml $route.matches | nindent 8 }}
      backendRefs:
        - name: {{ $name }}
          port: {{ $service.port }}
{{- end }}
{{- end }}
