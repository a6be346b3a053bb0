# Everything that is done with this project, by name. `make help` lists it.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -ec -o pipefail
.DEFAULT_GOAL := help

BIN := $(CURDIR)/bin
# UI is the Headlamp plugin.
UI := ui/headlamp
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# IMG is the image that docker-build makes and deploy uses.
IMG ?= mesos-operator:$(VERSION)
CONTAINER_TOOL ?= docker
# NAMESPACE is where `make run` keeps its lease and finds its secrets.
NAMESPACE ?= default
# PKG limits test, test-fast and lint to some packages.
PKG ?= ./...
LDFLAGS := -s -w -X main.version=$(VERSION)

CONTROLLER_GEN := $(BIN)/tools/controller-gen
KUSTOMIZE := $(BIN)/tools/kustomize
KUBE_STATE_METRICS := $(BIN)/tools/kube-state-metrics
LOGCHECK := $(BIN)/tools/logcheck
CRD_REF_DOCS := $(BIN)/tools/crd-ref-docs
GOLANGCI_LINT := $(BIN)/tools/golangci-lint
# kubectl as the demo and install use it: the one that is installed, else the one that `make envtest` put into bin/.
KUBECTL ?= $(shell command -v kubectl || echo $(BIN)/kubectl)

##@ General

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Try it

.PHONY: demo
demo: envtest build ## Show the whole thing: API server, simulated Mesos, manager, samples. DEMO_EXIT=1 checks each step and ends.
	@go build -ldflags '$(LDFLAGS)' -o $(BIN)/demo ./hack/demo
	@DEMO_EXIT=$(DEMO_EXIT) KUBEBUILDER_ASSETS=$(BIN) KUBECTL=$(KUBECTL) exec $(BIN)/demo

.PHONY: run
run: ## Run the manager here against the cluster of the current kubeconfig. ARGS adds flags.
	go run ./cmd/manager --leader-elect=false --operator-namespace=$(NAMESPACE) --log-format=text $(ARGS)

##@ Development

.PHONY: generate
generate: $(CONTROLLER_GEN) ## Generate the deep copies of the API types.
	$(CONTROLLER_GEN) object paths=./api/...

.PHONY: manifests
manifests: $(CONTROLLER_GEN) ## Generate CRDs, the manager's ClusterRole, dashboards, Argo CD's ConfigMap and the plugin's types, and copy what the chart has of them.
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:dir=config/crd/bases
	go run ./hack/amounts config/crd/bases
	go run ./hack/uitypes config/crd/bases $(UI)/src/api.gen.ts
	$(CONTROLLER_GEN) rbac:roleName=manager-role paths=./controllers/... output:rbac:dir=config/rbac
	go run ./hack/dashboards config/grafana/dashboards
	hack/helm/generate.sh
	go run ./hack/argocd

.PHONY: helm-docs
helm-docs: ## Generate the chart's README from its values.
	hack/helm/build.sh helm-docs
	$(BIN)/tools/helm-docs --chart-search-root=charts/mesos-operator --sort-values-order=file --skip-version-footer --log-level=warning

.PHONY: api-docs
api-docs: $(CRD_REF_DOCS) ## Generate docs/api.md from the API types.
	$(CRD_REF_DOCS) --source-path=api/v1alpha1 --config=hack/apidoc.yaml --renderer=markdown --output-path=docs/api.md --log-level=ERROR

.PHONY: metrics-docs
metrics-docs: ## Generate the table of docs/metrics.md from the metrics themselves.
	go run ./hack/metricsdoc docs/metrics.md

.PHONY: licences
licences: ## List the licences of all that the programs are built from and the Headlamp plugin contains, and gather their texts.
	go run ./hack/licences docs/licences.md THIRD_PARTY_LICENSES

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the code and its imports.
	$(GOLANGCI_LINT) fmt

.PHONY: vet
vet: ## Run go vet.
	go vet $(PKG)

.PHONY: rooms
rooms: ## Show which package of the project imports which; the linter holds them to it (.golangci.yml, room-...).
	@go list -f '{{.ImportPath}} ->{{range .Imports}} {{.}}{{end}}' ./cmd/... ./controllers/... ./mesosbridge/... ./api/... | awk -v module="$$(go list -m)/" '{ \
		sub(module, ""); line = sprintf("%-28s", $$1); \
		for (i = 3; i <= NF; i++) if (index($$i, module) == 1) line = line " " substr($$i, length(module) + 1); \
		print line }'

.PHONY: lint
lint: $(GOLANGCI_LINT) $(LOGCHECK) ## Run the linters over the code.
	$(GOLANGCI_LINT) run $(PKG)
	$(LOGCHECK) -check-contextual -check-value $(PKG)

.PHONY: lint-fix
lint-fix: $(GOLANGCI_LINT) ## Run the linters and apply the fixes they offer.
	$(GOLANGCI_LINT) run --fix $(PKG)

.PHONY: lint-api
lint-api: $(GOLANGCI_LINT) ## Check the API types against the Kubernetes API conventions.
	$(GOLANGCI_LINT) run --config .golangci-kal.yml ./api/...

.PHONY: manifests-check
manifests-check: $(KUSTOMIZE) ## Render every kustomization.
	for dir in crd rbac manager admission default standalone samples prometheus grafana kube-state-metrics; do $(KUSTOMIZE) build config/$$dir >/dev/null; done

.PHONY: pins
pins: ## Check that all go.mod files require the same version of a module.
	go run ./hack/pins

.PHONY: verify
verify: ## Check that generated files are current and that nothing is there to complain about.
	hack/unchanged.sh $(MAKE) --no-print-directory generate manifests helm-docs metrics-docs api-docs licences fmt
	$(MAKE) --no-print-directory pins vet lint lint-api manifests-check

##@ Tests

# What takes longest is begun first, so that it is not what all wait for at the end.
ifeq ($(PKG),./...)
LONGEST = ./controllers/system ./charts
endif

# Whatever KUBEBUILDER_ASSETS named, envtest has linked into bin/. Garbage is collected more rarely: there is much of it, and enough memory.
.PHONY: test
test: envtest build helm-check $(KUSTOMIZE) $(KUBE_STATE_METRICS) ## Run all tests, in random order; with the race detector but for faults, bounded and most storms.
	KUBEBUILDER_ASSETS=$(BIN) GOGC=400 go test -race -shuffle=on -skip '^(TestFault|TestBounded)' -timeout 60m $(LONGEST) $(PKG)
	$(MAKE) --no-print-directory --jobs 2 --output-sync faults bounded
	$(MAKE) --no-print-directory storms

.PHONY: faults
faults: envtest ## Meet each of the 75 faults of the matrix.
	KUBEBUILDER_ASSETS=$(BIN) GOGC=400 go test -shuffle=on -run '^TestFault' -timeout 30m ./controllers/system ./mesosbridge ./cmd/manager

.PHONY: bounded
bounded: envtest ## Look at memory, goroutines and queues over a week of churn, and over 100,000 updates that say nothing new.
	KUBEBUILDER_ASSETS=$(BIN) go test -run '^TestBounded' -timeout 30m ./controllers/system

.PHONY: storms
storms: envtest ## Let the operator die at each of its steps, and live through the storms of SEEDS seeds (2000).
	KUBEBUILDER_ASSETS=$(BIN) GOGC=400 go test ./controllers/system -run '^(TestCrash|TestStorm)$$' -storms $(or $(SEEDS),2000) -timeout 30m

.PHONY: soak
soak: envtest ## Live through SEEDS storms (20000) that nobody has seen before, from FIRST on (the time). One that does harm is told as JSON for controllers/system/testdata/storms.
	KUBEBUILDER_ASSETS=$(BIN) GOGC=400 go test ./controllers/system -run '^TestStorm$$' -storms $(or $(SEEDS),20000) -first-seed $(or $(FIRST),$(shell date +%s)) -timeout 0

.PHONY: test-fast
test-fast: ## Run the tests that need neither API server nor race detector.
	go test -shuffle=on ./controllers/lifecycle/... ./controllers/placement/... ./mesosbridge/... ./internal/simulator/...

FUZZTIME ?= 30s

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME (30s), one after the other. FUZZ is a pattern that limits them by name.
	hack/fuzz.sh $(FUZZTIME) '$(FUZZ)'

.PHONY: mutants
mutants: envtest ## Remove each protection of the product in turn, and show which test notices. ONLY is a pattern that limits them by name, LIMIT how long each may take.
	KUBEBUILDER_ASSETS=$(BIN) go run ./hack/mutants -only '$(ONLY)' -limit $(or $(LIMIT),2m)

.PHONY: alerts-check
alerts-check: ## Check the alerts and run their unit tests, with promtool of Debian's package prometheus.
	promtool check rules config/prometheus/alerts.yaml
	promtool test rules config/prometheus/alerts_test.yaml

.PHONY: helm-check
helm-check: ## Lint the chart with Helm 3 and Helm 4 and run its template tests.
	hack/helm/build.sh
	for helm in helm3 helm4; do $(BIN)/tools/$$helm lint --strict charts/mesos-operator; done
	$(BIN)/tools/helm-unittest charts/mesos-operator

.PHONY: helm-test
helm-test: envtest build helm-check $(KUSTOMIZE) $(KUBE_STATE_METRICS) ## Install, upgrade and uninstall the chart in a real API server, and prove its roles.
	KUBEBUILDER_ASSETS=$(BIN) go test -race -shuffle=on -timeout 10m -v ./charts/...

# FIGURES are the files that the last runs of bench left, which bench-docs publishes.
FIGURES ?= $(wildcard $(BIN)/bench-*.json)

.PHONY: bench
bench: envtest build $(BIN)/bench ## Measure against bare programs, as docs/performance.md describes. N is how many tasks (1000,10000), BENCH adds flags.
	KUBEBUILDER_ASSETS=$(BIN) $(BIN)/bench --n $(or $(N),1000,10000) --out $(BIN)/bench-$(or $(N),default).json $(BENCH)

.PHONY: bench-extra
bench-extra: envtest build $(BIN)/bench ## Measure what takes longer: a slow API server, sets, a failover over ten minutes. N is how many tasks (1000), BENCH adds flags.
	KUBEBUILDER_ASSETS=$(BIN) $(BIN)/bench --n $(or $(N),1000) --pairs 1 --failover 10m --delays 5ms,25ms,100ms --sets 1,10,100 --out $(BIN)/bench-extra.json $(BENCH)

.PHONY: bench-small
bench-small: envtest build $(BIN)/bench ## Measure with a hundred tasks: it fails if a count is not what it must be.
	KUBEBUILDER_ASSETS=$(BIN) $(BIN)/bench --n 100 --pairs 1 --goals abcdfhis --sets 2 --idle 2s --cuts 2 --apart 1s --out $(BIN)/small.json $(BENCH)

.PHONY: bench-docs
bench-docs: $(BIN)/bench $(BIN)/plot ## Write the figures of the last runs of bench into docs/performance.md and its plot. FIGURES names their files.
	mkdir -p docs/performance
	cp $(FIGURES) docs/performance/
	$(BIN)/bench document docs/performance.md docs/performance/*.json
	$(BIN)/plot docs/performance/plot.svg docs/performance/*.json

.PHONY: $(BIN)/bench
$(BIN)/bench:
	go build -o $@ ./hack/bench

$(BIN)/plot: $(wildcard hack/bench/plot/*)
	cd hack/bench/plot && go build -o $@ .

.PHONY: bench-go
bench-go: ## Run the Go benchmarks of the pure packages.
	go test -run '^$$' -bench . -benchmem ./controllers/placement/...

.PHONY: envtest
envtest: ## Link, download or build etcd, kube-apiserver and kubectl into bin/. KUBEBUILDER_ASSETS and ENVTEST_SOURCE say which.
	hack/envtest/get.sh

##@ Build

# It is no part of test, so that those who change Go alone need no Node.js; .ci/run calls both.
.PHONY: ui
ui: $(UI)/node_modules/.package-lock.json ## Check, test and build the Headlamp plugin into ui/headlamp/dist. It needs Node.js 18 or later, and npm.
	cd $(UI) && npm run --silent tsc && npm run --silent lint && npm run --silent test && npm run --silent build && node bundled.mjs --check

.PHONY: ui-licences
ui-licences: $(UI)/node_modules/.package-lock.json ## Ask what the Headlamp plugin contains of others, for make licences.
	cd $(UI) && node bundled.mjs

# npm ci writes this file at its end.
$(UI)/node_modules/.package-lock.json: $(UI)/package-lock.json
	@command -v npm >/dev/null || { echo "make ui needs npm: Debian's package npm, or nodejs.org" >&2; exit 1; }
	cd $(UI) && npm ci

.PHONY: build
build: ## Build the programs into bin/.
	go build -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/...

.PHONY: docker-build
docker-build: ## Build the manager's image. IMG names it, CONTAINER_TOOL builds it.
	$(CONTAINER_TOOL) build --build-arg VERSION=$(VERSION) -t $(IMG) .

# PLATFORMS are those of the image, PROGRAM_PLATFORMS those of the programs of a release; empty: all that hack/release/build.sh has.
PLATFORMS ?= linux/amd64,linux/arm64,linux/ppc64le,linux/s390x
PROGRAM_PLATFORMS ?=

.PHONY: docker-buildx
docker-buildx: ## Build the image for all PLATFORMS, with SBOM and provenance, and push it. IMG names it.
	$(CONTAINER_TOOL) buildx build --platform=$(PLATFORMS) --build-arg VERSION=$(VERSION) \
		--build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) --output=type=image,push=true,rewrite-timestamp=true \
		--sbom=true --provenance=mode=max -t $(IMG) .

.PHONY: release-programs
release-programs: ## Build the programs of a release into dist/, with their checksums. PROGRAM_PLATFORMS limits them.
	hack/release/build.sh $(CURDIR)/dist/programs $(VERSION) $(PROGRAM_PLATFORMS)
	$(SUMS)

# The sums of all that is there to be downloaded, in whichever order it is built.
SUMS = hack/release/sums.sh $(CURDIR)/dist && cat dist/SHA256SUMS

.PHONY: ui-release
ui-release: ui ## Pack the Headlamp plugin into dist/ui, with its sum in dist/SHA256SUMS. VERSION is that of ui/headlamp/package.json behind a v.
	rm -rf dist/ui
	hack/release/ui.sh $(CURDIR)/dist/ui $(VERSION)
	$(SUMS)

# DIST is where plugin-release writes to, PLUGIN_URL where its archives will be fetched from, PLUGIN_PLATFORMS those of config/krew/mesos.yaml that it is for; empty: all.
DIST ?= $(CURDIR)/dist
PLUGIN_URL ?= https://github.com/mesos-operator/mesos-operator/releases/download/$(VERSION)
PLUGIN_PLATFORMS ?=

.PHONY: plugin-release
plugin-release: ## Build the archives of the kubectl plugin, and the manifest by which krew installs them, into dist/plugin. VERSION is such as v0.1.0.
	go run ./hack/krew -version '$(VERSION)' -url '$(PLUGIN_URL)' -out '$(DIST)/plugin' $(PLUGIN_PLATFORMS)

.PHONY: release-sums
release-sums: ## Write the sums of all that is in dist/ into dist/SHA256SUMS, by the names that it is published under: the last step before it is signed.
	hack/release/sums.sh '$(DIST)'

.PHONY: reproducible
reproducible: ## Build the programs twice, from two directories, and compare. PROGRAM_PLATFORMS are those of this machine unless it says others.
	hack/release/reproducible.sh $(VERSION) $(or $(PROGRAM_PLATFORMS),$(shell go env GOOS)/$(shell go env GOARCH))

.PHONY: install-yaml
install-yaml: $(KUSTOMIZE) ## Write all that deploy applies into dist/install.yaml, and the CRDs alone into dist/crds.yaml. IMG names the image.
	mkdir -p dist
	hack/render.sh $(KUSTOMIZE) $(IMG) >dist/install.yaml
	$(KUSTOMIZE) build config/crd >dist/crds.yaml

.PHONY: clean
clean: ## Remove bin/, dist/ and what the plugin is built from and into.
	rm -rf $(BIN) dist $(UI)/dist $(UI)/node_modules

##@ Cluster of the current kubeconfig

.PHONY: install
install: $(KUSTOMIZE) ## Install the CRDs.
	$(KUSTOMIZE) build config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Remove the CRDs and with them every MesosTask: a running manager kills the tasks first.
	$(KUSTOMIZE) build config/crd | $(KUBECTL) delete --ignore-not-found -f -

.PHONY: deploy
deploy: $(KUSTOMIZE) ## Deploy CRDs, roles and manager. IMG names the image.
	hack/render.sh $(KUSTOMIZE) $(IMG) | $(KUBECTL) apply --server-side -f -

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Remove what deploy made, except the CRDs and the objects of their kinds.
	hack/render.sh $(KUSTOMIZE) $(IMG) without-crds | $(KUBECTL) delete --ignore-not-found -f -

# The tools are built once and again when their pins change.

$(CONTROLLER_GEN): hack/tools/go.sum
	cd hack/tools && go build -o $@ sigs.k8s.io/controller-tools/cmd/controller-gen

$(KUSTOMIZE): hack/tools/go.sum
	cd hack/tools && go build -o $@ sigs.k8s.io/kustomize/kustomize/v5

$(KUBE_STATE_METRICS): hack/kube-state-metrics/go.sum
	cd hack/kube-state-metrics && go build -o $@ k8s.io/kube-state-metrics/v2

$(LOGCHECK): hack/tools/go.sum
	cd hack/tools && go build -o $@ sigs.k8s.io/logtools/logcheck

$(CRD_REF_DOCS): hack/tools/go.sum
	cd hack/tools && go build -o $@ github.com/elastic/crd-ref-docs

# golangci-lint with the Kubernetes API linter built in: one program for lint, lint-api and fmt.
$(GOLANGCI_LINT): hack/tools/lint/go.sum
	cd hack/tools/lint && go build -o $@ sigs.k8s.io/kube-api-linter/cmd/golangci-lint-kube-api-linter
