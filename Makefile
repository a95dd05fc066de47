# Everything goes through this file. `make help` lists the targets.

GO    ?= go
TOOLS := internal/tools/go.mod
TOOL  := $(GO) tool -modfile=$(TOOLS)

# The race detector needs a C compiler; without one the tests run without it.
CC_FOUND := $(shell command -v $${CC:-cc} 2>/dev/null || command -v gcc 2>/dev/null)
RACE     := $(if $(CC_FOUND),-race,)
PORT     ?= 8000

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: postgres ## start the whole system with a simulated market (PORT=8000)
	@$(GO) run . demo --addr 127.0.0.1:$(PORT)

.PHONY: run
run: postgres ## start the program with the real sources and a lasting database
	@$(GO) run . serve --addr 127.0.0.1:$(PORT)

.PHONY: build
build: ## build ./bin/candlewright
	$(GO) build -o bin/candlewright .

.PHONY: test
test: postgres ## run all tests, with the race detector where a C compiler is found
	@$(if $(RACE),,echo "no C compiler found: tests run without the race detector (install gcc for it)";) \
	$(GO) test $(RACE) -timeout 15m ./...

.PHONY: bench
bench: postgres ## run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: generate
generate: ## write all generated code anew (db by sqlc, graph by gqlgen)
	$(TOOL) sqlc generate
	$(GO) generate ./...

.PHONY: stale
stale: ## fail where generated code differs from what its sources give
	$(TOOL) sqlc diff
	@$(MAKE) --no-print-directory generate
	cd internal/dashboard && $(GO) run ./bundle -force
	@git diff --exit-code -- db graph docs internal || { echo "generated code was stale: run make generate and commit the result" >&2; exit 1; }

.PHONY: vet-sql
vet-sql: postgres ## prepare every query against a migrated database
	$(GO) test -count=1 -tags vetsql -run '^TestEveryQueryIsVetted$$' ./internal/store

.PHONY: test-clients
test-clients: postgres ## the API held against real clients, in Node
	@deploy/ensure.sh node
	$(GO) test -count=1 -v ./internal/clients

.PHONY: fmt
fmt: ## format the code
	$(TOOL) golangci-lint fmt ./...

.PHONY: lint
lint: ## check format and lint
	$(TOOL) golangci-lint fmt --diff ./...
	$(TOOL) golangci-lint run ./...

.PHONY: ci
ci: ## everything that must hold: fresh generated code, format, lint, vet, tests with the race detector, build
	@deploy/ensure.sh postgres cc chromium node
	@$(MAKE) --no-print-directory stale lint
	$(GO) vet ./...
	@$(MAKE) --no-print-directory vet-sql ci-test build

.PHONY: ci-test
ci-test:
	@mkdir -p bin
	$(TOOL) gotestsum --format pkgname --jsonfile bin/tests.json -- -race -timeout 15m ./...
	@deploy/skipped.sh bin/tests.json

.PHONY: postgres
postgres:
	@deploy/ensure.sh postgres
