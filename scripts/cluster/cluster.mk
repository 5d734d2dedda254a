# Targets of the Kubernetes cluster; included by the Makefile. Settings are variables of the environment or of make:
# docs/kubernetes.md lists them.

HELM_VERSION := v3.22.0
HELM4_VERSION := v4.3.1
KUBECONFORM_VERSION := v0.8.0
ACTIONLINT_VERSION := v1.7.12
# As the ScaledObject's schema.
KEDA_VERSION := v2.21.0
CLUSTER := $(BUN) scripts/cluster/main.ts

##@ On Kubernetes

.PHONY: images release workflows-test cluster-up cluster-down cluster-status cluster-verify cluster-ops cluster-sql cluster-open cluster-logs cluster-scale cluster-chaos chart-test lab-test

# What the workers are compiled from is enough here: neither the embedded engine nor Java is needed. Where everything has been
# installed already, it stays.
CLUSTER_STAMP := .tools/cluster-modules.stamp
$(CLUSTER_STAMP): $(BUN_STAMP) package.json bun.lock $(wildcard patches/*)
	@[ -e $(MODULES_STAMP) ] || $(BUN) install --frozen-lockfile --production
	@touch $@

images: $(CLUSTER_STAMP) ## Build the container images (PLATFORMS, IMAGE_REGISTRY)
	@$(CLUSTER) images

# What a release consists of besides the images: binaries by platform, the chart, the bill of materials, checksums.
release: $(CLUSTER_STAMP) sbom | .tools/bin/helm ## Pack binaries, chart and bill of materials into dist/release (PLATFORMS)
	@rm -rf dist/release && mkdir -p dist/release
	@for arch in $$($(CLUSTER) binaries | grep -xE 'amd64|arm64'); do \
	  tar -czf "dist/release/countinghouse-$(VERSION)-linux-$$arch.tar.gz" -C "dist/images/$$arch" producer consumer ops console || exit 1; \
	done
	@.tools/bin/helm package charts/countinghouse --version $(VERSION) --app-version $(VERSION) --destination dist/release >/dev/null
	@cp dist/sbom.cdx.json "dist/release/countinghouse-$(VERSION).cdx.json"
	@cd dist/release && sha256sum * >SHA256SUMS && cat SHA256SUMS

cluster-up: $(CLUSTER_STAMP) ## Bring up the pipeline on kind with Kafka, ClickHouse and monitoring
	@$(CLUSTER) up

cluster-down: $(CLUSTER_STAMP) ## Delete the kind cluster and its data
	@$(CLUSTER) down

cluster-status: $(CLUSTER_STAMP) ## Show what runs in the cluster
	@$(CLUSTER) status

cluster-verify: $(CLUSTER_STAMP) ## Prove in the cluster that nothing is lost or counted twice
	@$(CLUSTER) verify

cluster-ops: $(CLUSTER_STAMP) ## Run a command of ops in the cluster (CMD="dlq list", "rewind …", "doctor")
	@$(CLUSTER) ops

cluster-sql: $(CLUSTER_STAMP) ## Ask ClickHouse in the cluster (Q="SELECT …", or a shell)
	@$(CLUSTER) sql

cluster-open: $(CLUSTER_STAMP) ## Forward ports to Grafana, Prometheus, Alertmanager, ClickHouse, APIs
	@$(CLUSTER) open

cluster-logs: $(CLUSTER_STAMP) ## Follow the workers' logs (WORKER=consumer)
	@$(CLUSTER) logs

cluster-scale: $(CLUSTER_STAMP) ## Scale the consumer (N=3)
	@$(CLUSTER) scale

cluster-chaos: $(CLUSTER_STAMP) ## Delete consumer, broker and ClickHouse under load, then verify
	@$(CLUSTER) chaos

.tools/bin/helm:
	@bash scripts/cluster/tool.sh helm $(HELM_VERSION) helm.sh/helm/v3/cmd/helm

# The chart must render the same under both.
.tools/bin/helm4:
	@bash scripts/cluster/tool.sh helm4 $(HELM4_VERSION) helm.sh/helm/v4/cmd/helm

.tools/bin/kubeconform:
	@bash scripts/cluster/tool.sh kubeconform $(KUBECONFORM_VERSION) github.com/yannh/kubeconform/cmd/kubeconform

.tools/bin/actionlint:
	@bash scripts/cluster/tool.sh actionlint $(ACTIONLINT_VERSION) github.com/rhysd/actionlint/cmd/actionlint

workflows-test: .tools/bin/actionlint ## Check the CI workflows with actionlint
	@.tools/bin/actionlint -color .github/workflows/*.yml
# For scripts/e2e/keda.e2e.test.ts, which is skipped without it.
.tools/bin/keda-kafka: scripts/cluster/keda/build.sh scripts/cluster/keda/main.go
	@bash scripts/cluster/keda/build.sh $(KEDA_VERSION)

chart-test: $(MODULES_STAMP) | .tools/bin/helm .tools/bin/helm4 .tools/bin/kubeconform ## Check chart and manifests without a cluster
	@$(BUN) scripts/cluster/chart-test.ts

lab-test: build | .tools/bin/helm4 ## Run the whole cluster and its scenarios in the offline laboratory (LAB=…)
	@$(BUN) scripts/cluster/lab/test.ts
