# Targets for people and for .ci/run. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The linter's results name files by their absolute paths: a cache shared with another clone shows that
# clone's findings here, so each clone keeps its own.
export GOLANGCI_LINT_CACHE := $(CURDIR)/out/lint-cache

# Packages that also run in a browser, and packages with goroutines worth the race detector.
PURE := $$(go list ./... | grep -E '^github.com/veilschema/veil/(he|keys|merkle|compare|provisioner/plan)(/|$$)')
CONCURRENT := $$(go list ./... | grep -E '^github.com/veilschema/veil/(he|compare|api|internal/(postgres|introspect|store|eventlog|jobs|service|sessionlog|exchange|pins|telemetry|daemon|auditlog|witness|bundle))(/|$$)')

FUZZ_SECONDS ?= 100
FUZZ_LONG_SECONDS ?= 3600
CAMPAIGN ?= ChangesNothing|UndoneExactly|IsSettled|WritersLose
BENCH ?= .
BENCH_PAIRS ?=
PKG ?= ./...
BENCH_COUNT ?= 6

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/veil
	go build -trimpath -o bin/veil ./cmd/veil

.PHONY: demo
demo: postgres build ## check an example tenant against an example template
	./bin/veil demo

.PHONY: test
test: postgres out/bin/testsummary ## run all tests (or those of PKG), ending with their counts
	@export VEIL_PG_BINS="$${VEIL_PG_BINS-$$(.ci/postgres-versions)}"; \
	go test -json -timeout 20m $(PKG) | out/bin/testsummary out/test-summary.txt

.PHONY: race
race: postgres ## run the tests of concurrent packages under the race detector
	go test -race -short -timeout 20m $(CONCURRENT)

.PHONY: lint
lint: out/bin/golangci-lint ## check style and policy (.golangci.yml)
	out/bin/golangci-lint run ./...

.PHONY: fmt
fmt: out/bin/golangci-lint ## format the code
	out/bin/golangci-lint fmt ./...

.PHONY: wasm
wasm: ## build the pure packages for the browser
	GOOS=js GOARCH=wasm go build $(PURE)

.PHONY: fuzz
fuzz: ## fuzz every decoder for a short time
	.ci/fuzz $(FUZZ_SECONDS)

.PHONY: fuzz-long
fuzz-long: ## fuzz every decoder for an hour in all
	.ci/fuzz $(FUZZ_LONG_SECONDS)

.PHONY: campaign
campaign: postgres ## crash provisioning in every way at every moment, which takes hours
	VEIL_LONG=1 go test -count 1 -timeout 12h -v -run '$(CAMPAIGN)' ./internal/provision

.PHONY: campaign-service
campaign-service: postgres ## kill every process of running comparisons 200 times, and write to the log for a minute
	VEIL_LONG=1 go test -count 1 -timeout 2h -v -run KilledAtAnyMoment ./cmd/veil
	VEIL_LONG=1 go test -count 1 -timeout 1h -v -run TestEightWriters ./internal/eventlog

.PHONY: bench
bench: postgres out/bin/benchstat ## run the benchmarks (BENCH=regexp) and print their medians
	go test -run '^$$' -bench '$(BENCH)' -benchmem -count $(BENCH_COUNT) -timeout 60m $(PKG) | tee out/bench.txt
	out/bin/benchstat out/bench.txt

.PHONY: bench-plan
bench-plan: postgres out/bin/schemadiff ## time plans beside those of a library that compares schemas (BENCH_PAIRS="OLD NEW ...")
	out/bin/schemadiff -n $(BENCH_COUNT) "$${VEIL_SCHEMAS:-../shared/schemas}/ddl" $(BENCH_PAIRS)
	go test -run '^$$' -bench 'BenchmarkPlan|BenchmarkProvision' -benchtime $(BENCH_COUNT)x ./internal/provision

.PHONY: ci
ci: ## everything that has to hold before a change is merged
	.ci/run

.PHONY: postgres
postgres: ## install PostgreSQL where there is none
	@.ci/install-postgres

.PHONY: clean
clean: ## remove what was built
	rm -rf bin out

# Tools have a module of their own, so that their dependencies are not the project's.
out/bin/golangci-lint: .ci/tools/go.mod .ci/tools/go.sum
	go build -C .ci/tools -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

out/bin/benchstat: .ci/tools/go.mod .ci/tools/go.sum
	go build -C .ci/tools -o ../../$@ golang.org/x/perf/cmd/benchstat

out/bin/testsummary: .ci/tools/go.mod $(wildcard .ci/tools/testsummary/*.go)
	@go build -C .ci/tools -o ../../$@ ./testsummary

# This one has the project itself as a dependency, so its sums follow the project's, and go knows when it is out of date.
.PHONY: out/bin/schemadiff
out/bin/schemadiff:
	@go build -C .ci/tools/schemadiff -mod=mod -o ../../../out/bin/schemadiff .
