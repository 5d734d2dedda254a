{{/*
Environment, mounts and volumes shared by all pods. Called with a dict:
  root, component (Deployment or Job name), worker (binary), user (Kafka user; without it no Kafka),
  clickhouseUser (optional), extraEnv (list, optional).
Secrets come one key at a time, so that no pod sees a Secret it does not need.
*/}}
{{- define "countinghouse.env" -}}
{{- if .user }}
- name: KAFKA_SASL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "countinghouse.kafkaUser" . }}
      key: password
{{- end }}
{{- with .clickhouseUser }}
{{- $secret := (index $.root.Values.clickhouse.users .).secret }}
- name: CLICKHOUSE_USER
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: username
- name: CLICKHOUSE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $secret }}
      key: password
{{- end }}
{{- with .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "countinghouse.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- if and .user .root.Values.kafka.tls.enabled }}
- name: kafka-ca
  mountPath: /etc/kafka-ca
  readOnly: true
{{- end }}
{{- if and .clickhouseUser .root.Values.clickhouse.caSecret }}
- name: clickhouse-ca
  mountPath: /etc/clickhouse-ca
  readOnly: true
{{- end }}
{{- end }}

{{- define "countinghouse.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if and .user .root.Values.kafka.tls.enabled }}
- name: kafka-ca
  secret:
    secretName: {{ include "countinghouse.kafkaCaSecret" .root }}
    items:
      - key: {{ .root.Values.kafka.tls.caKey }}
        path: {{ .root.Values.kafka.tls.caKey }}
{{- end }}
{{- if and .clickhouseUser .root.Values.clickhouse.caSecret }}
- name: clickhouse-ca
  secret:
    secretName: {{ .root.Values.clickhouse.caSecret }}
    items:
      - key: {{ .root.Values.clickhouse.caKey }}
        path: {{ .root.Values.clickhouse.caKey }}
{{- end }}
{{- end }}

{{/* Settings of a pod that do not depend on what runs in it. */}}
{{- define "countinghouse.podDefaults" -}}
serviceAccountName: {{ .component }}
automountServiceAccountToken: false
# Variables of Services, such as CLICKHOUSE_PORT, must not mix with the workers' own.
enableServiceLinks: false
securityContext:
  {{- include "countinghouse.podSecurity" . | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Everything of one long-running worker: ConfigMap, ServiceAccount, Deployment, PodDisruptionBudget. Further keys of the dict:
  config (rendered YAML of variables), values (its part of values.yaml), replicas (nil leaves them to an autoscaler),
  strategy (rendered YAML), args, port and portName (optional).
*/}}
{{- define "countinghouse.worker" -}}
{{- $config := merge (dict) (.values.env | default dict) (fromYaml .config) -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .component }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .component }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
data:
  {{- range $name, $value := $config }}
  {{ $name }}: {{ $value | toString | quote }}
  {{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .component }}
  labels:
    {{- include "countinghouse.labels" . | nindent 4 }}
spec:
  {{- if not (kindIs "invalid" .replicas) }}
  replicas: {{ .replicas }}
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
        {{- with .values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "countinghouse.podDefaults" . | nindent 6 }}
      # Above the drain time: a worker that is killed while draining loses nothing, but others must do its work again.
      terminationGracePeriodSeconds: {{ add .root.Values.drain.seconds .root.Values.drain.reserveSeconds }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "countinghouse.selector" . | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
      {{- with .values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "countinghouse.image" . }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          {{- with .args }}
          args:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          envFrom:
            - configMapRef:
                name: {{ .component }}
          env:
            {{- include "countinghouse.env" . | nindent 12 }}
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
          resources:
            {{- toYaml .values.resources | nindent 12 }}
          securityContext:
            {{- include "countinghouse.containerSecurity" . | nindent 12 }}
          volumeMounts:
            {{- include "countinghouse.mounts" . | nindent 12 }}
      volumes:
        {{- include "countinghouse.volumes" . | nindent 8 }}
{{- if .root.Values.podDisruptionBudget.enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .component }}
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
{{- end }}
