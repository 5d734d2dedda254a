# `make` prints the targets. Everything a target needs is fetched once: Bun into .tools/, packages into node_modules/,
# Kafka's jars into .tools/. Node with npm, a JRE 17+ and Maven come from the system (see `make setup`).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BUN_VERSION := $(shell sed -n 's/.*"bun": "\([0-9.]*\)".*/\1/p' package.json)
BUN := $(CURDIR)/.tools/node_modules/.bin/bun
BUN_STAMP := .tools/bun-$(BUN_VERSION).stamp
MODULES_STAMP := .tools/modules.stamp
BIN := node_modules/.bin

WORKERS := $(foreach main,$(wildcard workers/*/main.ts),$(word 2,$(subst /, ,$(main))))
SOURCES := $(shell find workers -name '*.ts' -o -name '*.tsx' -o -name '*.sql' -o -name '*.css' -o -name '*.js' -o -name '*.svg' -o -name 'expected.json' 2>/dev/null) $(wildcard contract/*.yaml) k8s/clickhouse/users.d/countinghouse.xml docs/runbook.md
VERSION := $(shell sed -n 's/.*"version": "\([^"]*\)".*/\1/p' package.json)
COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

##@ Run it here

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^##@ / { printf "%s%s\n", gap, substr($$0, 5); gap = "\n" } \
	  /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(MODULES_STAMP) ## Check and fetch everything that is needed
	@$(BUN) scripts/local/fetch.ts

.PHONY: build
build: $(addprefix dist/,$(WORKERS)) ## Compile the workers into dist/

# The binaries, and what a broker needs beyond the npm packages.
.PHONY: with-broker
with-broker: build
	@$(BUN) scripts/local/fetch.ts

.PHONY: demo
demo: with-broker ## Run everything and prove the counts, about 3 minutes (DEMO_SECONDS, DEMO_RATE)
	@$(BUN) scripts/local/demo/main.ts

.PHONY: up
up: build ## Start the local stack and leave it running
	@$(BUN) scripts/local/stack.ts up

.PHONY: down
down: $(MODULES_STAMP) ## Stop the local stack; its data stays
	@$(BUN) scripts/local/stack.ts down

.PHONY: status
status: $(MODULES_STAMP) ## Show what runs and the ports in use; fails while something is stopped
	@$(BUN) scripts/local/stack.ts status

.PHONY: clean
clean: $(MODULES_STAMP) ## Stop the local stack and remove its data and dist/
	@$(BUN) scripts/local/stack.ts clean
	@rm -rf dist

.PHONY: lake-demo
lake-demo: build ## Export to a local S3 service, kill the export midway, prove store = lake
	@$(BUN) scripts/lake/demo.ts

.tools/system.stamp: scripts/system.sh
	@bash scripts/system.sh
	@mkdir -p .tools && touch $@

.tools/system-node.stamp: scripts/system.sh
	@bash scripts/system.sh node
	@mkdir -p .tools && touch $@

$(BUN_STAMP): package.json | .tools/system-node.stamp
	@test -n "$(BUN_VERSION)" || { echo "package.json names no version of bun in devDependencies" >&2; exit 1; }
	@echo "Bun $(BUN_VERSION): installing into .tools/"
	@npm install --loglevel=error --no-audit --no-fund --fetch-timeout=60000 --fetch-retries=2 --prefix .tools --no-save bun@$(BUN_VERSION) \
	  || { echo "npm could not fetch Bun: check the network and npm's registry setting, then run make again" >&2; exit 1; }
	@$(BUN) --version >/dev/null
	@touch $@

$(MODULES_STAMP): $(BUN_STAMP) package.json bun.lock $(wildcard patches/*) | .tools/system.stamp
	@$(BUN) install --frozen-lockfile
	@touch $@

# Changes only when the commit does, so that a binary never names an older commit than the one it was built from.
dist/.commit: FORCE
	@mkdir -p dist
	@[ "$$(cat $@ 2>/dev/null)" = "$(COMMIT)" ] || echo "$(COMMIT)" >$@

FORCE:

# A binary must take its settings from its environment alone, not from a .env or bunfig.toml beside which it is started.
COMPILE := build --compile --minify --sourcemap=linked --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
  --define 'BUILD_VERSION="$(VERSION)"' --define 'BUILD_COMMIT="$(COMMIT)"'

dist/%: workers/%/main.ts $(SOURCES) bun.lock dist/.commit $(MODULES_STAMP)
	@echo "dist/$*: compiling"
	@$(BUN) $(COMPILE) workers/$*/main.ts --outfile dist/.build/$* >dist/$*.log 2>&1 || { cat dist/$*.log >&2; exit 1; }
	@mv dist/.build/$** dist/
	@rm -f dist/$*.log

.tools/system-test.stamp: scripts/system.sh
	@bash scripts/system.sh test
	@mkdir -p .tools && touch $@

.tools/system-browser.stamp: scripts/system.sh
	@bash scripts/system.sh browser
	@mkdir -p .tools && touch $@

.tools/system-bench.stamp: scripts/system.sh
	@bash scripts/system.sh bench
	@mkdir -p .tools && touch $@

.tools/system-load.stamp: scripts/system.sh
	@bash scripts/system.sh load
	@mkdir -p .tools && touch $@

# Where it cannot be installed, the scenario that needs it is skipped, and says so.
.tools/system-chaos.stamp: scripts/system.sh
	@bash scripts/system.sh chaos && touch $@ || true

##@ Check and document

.PHONY: lint
lint: $(MODULES_STAMP) ## Check format, types, imports and dead code
	@$(BIN)/biome ci .
	@$(BUN) scripts/lint-imports.ts
	@$(BIN)/tsc --noEmit
	@$(BUN) --bun $(BIN)/knip
	@$(BUN) scripts/generate/schemas.ts --check
	@$(BUN) scripts/generate/contract-format.ts --check
	@$(BUN) scripts/generate/config-table.ts --check
	@$(BUN) scripts/generate/metrics-docs.ts --check
	@$(BUN) scripts/generate/observability.ts --check
	@$(BUN) scripts/generate/chart-readme.ts --check
	@$(BUN) scripts/generate/users-sql.ts --check

.PHONY: generate
generate: $(MODULES_STAMP) ## Write the generated documentation
	@$(BUN) scripts/generate/schemas.ts
	@$(BUN) scripts/generate/contract-format.ts
	@$(BUN) scripts/generate/expected-schema.ts
	@$(BUN) scripts/generate/config-table.ts
	@$(BUN) scripts/generate/metrics-docs.ts
	@$(BUN) scripts/generate/observability.ts
	@$(BUN) scripts/generate/chart-readme.ts
	@$(BUN) scripts/generate/users-sql.ts

.PHONY: sbom
sbom: $(MODULES_STAMP) ## Write the bill of materials (CycloneDX) to dist/sbom.cdx.json
	@mkdir -p dist && $(BUN) x --bun @cyclonedx/cdxgen@12.8.4 --type bun --no-recurse --no-install-deps \
	  --required-only --fail-on-error --output dist/sbom.cdx.json .

.PHONY: audit
audit: $(MODULES_STAMP) ## Ask the registry for known weaknesses of the packages
	@$(BUN) audit --production && $(BUN) audit --audit-level=high # in the product none, beside it none that is severe

##@ Test

.PHONY: test
test: $(MODULES_STAMP) .tools/system-test.stamp ## Run the tests against a real broker and engine (paths by ARGS="…")
	@$(BUN) scripts/test.ts $(ARGS)

.PHONY: test-browser
test-browser: $(MODULES_STAMP) .tools/system-browser.stamp ## Test the console's pages in a real browser
	@$(BUN) scripts/test.ts --only browser $(ARGS)

.PHONY: test-all
test-all: test test-alerts test-browser test-lake chart-test terraform-test ## Run all tests that need no cluster

.PHONY: test-lake
test-lake: $(MODULES_STAMP) ## Test the data lake against an S3 service, with DuckDB, polars, pyarrow, pandas and DataFusion
	@$(BUN) scripts/lake/tools.ts
	@$(BUN) scripts/test.ts --only lake $(ARGS)

.PHONY: test-alerts
test-alerts: $(MODULES_STAMP) ## Test rules, dashboards and notifications with a real Prometheus and Alertmanager
	@bash scripts/observability/install.sh
	@$(BUN) scripts/test.ts --only alerting $(ARGS)

.PHONY: terraform-test
terraform-test: $(MODULES_STAMP) ## Check terraform/ (TF_PLUGIN_DIR: provider folder)
	@$(BUN) scripts/terraform/test.ts

##@ Prove

.PHONY: chaos
chaos: with-broker .tools/system-chaos.stamp ## Inject every class of fault and prove the counts, about 45 minutes (ONLY=parts of names, SEED=)
	@$(BUN) scripts/proof/chaos/main.ts $(ARGS)

.PHONY: chaos-ci
chaos-ci: with-broker ## The short selection of `make chaos`
	@$(BUN) scripts/proof/chaos/main.ts --ci

.PHONY: words
words: with-broker ## 300 random runs under kills of every process: no proof may say a false word (RUNS=, ONLY=, SEED=)
	@$(BUN) scripts/proof/words/main.ts $(ARGS)

.PHONY: words-ci
words-ci: with-broker ## The short selection of `make words`
	@$(BUN) scripts/proof/words/main.ts --ci

.PHONY: soak
soak: with-broker ## Compose random faults for MINUTES (default 10), prove the counts again and again (SEED=)
	@$(BUN) scripts/proof/chaos/soak.ts

.PHONY: overload
overload: with-broker ## Send three times what can be stored for MINUTES (default 10), prove the counts, the memory and the recovery
	@$(BUN) scripts/proof/chaos/overload.ts

.PHONY: fuzz
fuzz: with-broker ## Fuzz with 100,000 messages, 100,000 requests and a million cases of the contract (ONLY=contract,kafka,http SEED= CASES=)
	@$(BUN) scripts/proof/fuzz/main.ts $(ARGS)

.PHONY: mutation
mutation: with-broker ## Plant defects and show that verify, audit and the tests catch each, about 10 minutes (ONLY=parts of names)
	@$(BUN) scripts/proof/mutation/main.ts $(ARGS)

.PHONY: mutation-ci
mutation-ci: with-broker ## The short selection of `make mutation`
	@$(BUN) scripts/proof/mutation/main.ts --ci

##@ Measure

.PHONY: bench
bench: with-broker .tools/system-bench.stamp ## Measure side by side with peers, 25 minutes (BENCH_RUNS, BENCH_EVENTS)
	@$(BUN) scripts/bench/main.ts

.PHONY: bench-publish
bench-publish: $(MODULES_STAMP) ## Put the last figures of make bench into README and docs/performance.md
	@$(BUN) scripts/bench/publish.ts

.PHONY: bench-guard
bench-guard: with-broker ## Compare the CPU per event with the stored ratio to the Kafka engine, 90 s
	@$(BUN) scripts/bench/guard.ts

.PHONY: proof-live
proof-live: with-broker ## Measure how far the continuous audit lags at 5,000 events/s, and its CPU, 33 minutes (PROOF_MINUTES, PROOF_RATE)
	@$(BUN) scripts/bench/proof-live.ts

.PHONY: bench-smoke
bench-smoke: with-broker ## Measure freshness, throughput and memory on this machine
	@$(BUN) scripts/bench/smoke.ts

.PHONY: bench-rest
bench-rest: with-broker ## Measure CPU and memory when little happens, and the disk of a million events, 4 minutes (REST_RATE, REST_SECONDS)
	@$(BUN) scripts/bench/rest.ts

.PHONY: bench-producer
bench-producer: with-broker .tools/system-load.stamp ## Measure sending and the ingest API, 5 minutes (BENCH_RUNS, BENCH_SCENARIO=)
	@$(BUN) scripts/bench/producer.ts

.PHONY: bench-engine-cost
bench-engine-cost: $(MODULES_STAMP) ## Measure what storing an event costs the engine, part by part
	@$(BUN) scripts/bench/engine-cost.ts

.PHONY: bench-scale
bench-scale: $(MODULES_STAMP) ## Measure refreshes and queries at 1, 10 and 100 million events (SCALE_STEPS)
	@$(BUN) scripts/bench/scale.ts

.PHONY: scaling-check
scaling-check: with-broker ## Compare the formula for catching up with a real burst on this machine
	@$(BUN) scripts/bench/scaling-check.ts

include scripts/cluster/cluster.mk
