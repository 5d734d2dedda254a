# Targets of the Kubernetes cluster; included by the Makefile. Settings are variables of the environment or of make:
# docs/kubernetes.md lists them.

HELM_VERSION := v3.22.0
HELM4_VERSION := v4.3.1
KUBECONFORM_VERSION := v0.8.0
CLUSTER := $(BUN) scripts/cluster/main.ts

.PHONY: images cluster-up cluster-down cluster-status cluster-verify cluster-ops cluster-sql cluster-open cluster-logs cluster-scale cluster-chaos chart-test lab-test

images: $(MODULES_STAMP) ## Build the container images (PLATFORMS, IMAGE_REGISTRY)
	@$(CLUSTER) images

cluster-up: $(MODULES_STAMP) ## Bring up the pipeline on kind with Kafka, ClickHouse and monitoring
	@$(CLUSTER) up

cluster-down: $(MODULES_STAMP) ## Delete the kind cluster and its data
	@$(CLUSTER) down

cluster-status: $(MODULES_STAMP) ## Show what runs in the cluster
	@$(CLUSTER) status

cluster-verify: $(MODULES_STAMP) ## Prove in the cluster that nothing is lost or counted twice
	@$(CLUSTER) verify

cluster-ops: $(MODULES_STAMP) ## Run a command of ops in the cluster (CMD="dlq list", "rewind …", "doctor")
	@$(CLUSTER) ops

cluster-sql: $(MODULES_STAMP) ## Ask ClickHouse in the cluster (Q="SELECT …", or a shell)
	@$(CLUSTER) sql

cluster-open: $(MODULES_STAMP) ## Forward ports to Grafana, Prometheus, Alertmanager, ClickHouse, APIs
	@$(CLUSTER) open

cluster-logs: $(MODULES_STAMP) ## Follow the workers' logs (WORKER=consumer)
	@$(CLUSTER) logs

cluster-scale: $(MODULES_STAMP) ## Scale the consumer (N=3)
	@$(CLUSTER) scale

cluster-chaos: $(MODULES_STAMP) ## Delete consumer, broker and ClickHouse under load, then verify
	@$(CLUSTER) chaos

.tools/bin/helm:
	@bash scripts/cluster/tool.sh helm $(HELM_VERSION) helm.sh/helm/v3/cmd/helm

# The chart must render the same under both.
.tools/bin/helm4:
	@bash scripts/cluster/tool.sh helm4 $(HELM4_VERSION) helm.sh/helm/v4/cmd/helm

.tools/bin/kubeconform:
	@bash scripts/cluster/tool.sh kubeconform $(KUBECONFORM_VERSION) github.com/yannh/kubeconform/cmd/kubeconform

chart-test: $(MODULES_STAMP) | .tools/bin/helm .tools/bin/helm4 .tools/bin/kubeconform ## Check chart and manifests without a cluster
	@$(BUN) scripts/cluster/chart-test.ts

lab-test: build ## Run the whole cluster and its scenarios in the offline laboratory (LAB=…)
	@$(BUN) scripts/cluster/lab/test.ts
