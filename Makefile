SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
TOOL        := go tool -modfile=tools/go.mod
# Two packages at a time: browsers and mail servers share the machine with them.
# vet has run by then.
TESTFLAGS   := -p 2 -timeout 20m -vet off
FUZZTIME    ?= 30s
MENTIONS    ?= 100000
FUZZMOST    ?= 0
FUZZBUDGET  ?= 0

.PHONY: run setup check test test-networks test-slow soak lint bench screenshots fuzz

run: ## the demo: sandbox network, invented customers, staff to sign in as
	go run ./cmd/standpunt demo

setup: ## installs what the tests need beside make, gcc and Go
	scripts/setup

check: lint ## what to run before every commit; installs nothing
	go vet ./...
	go test $(TESTFLAGS) ./...

test: setup ## everything that must pass, with the race detector
	go vet -tags slow,networks ./...
	$(TOOL) golangci-lint run
	go test -race $(TESTFLAGS) ./...

test-networks: setup ## against networks that take more than Debian's packages
	scripts/test-tagged networks -race -vet off -timeout 20m

test-slow: setup ## crashes and load
	scripts/test-tagged slow -vet off -timeout 20m

soak: ## a hundred thousand mentions, faults and restarts: about half an hour
	STANDPUNT_SOAK=$(MENTIONS) go test -tags slow -count=1 -run '^TestSoak$$' -v -timeout 4h ./cmd/standpunt

lint:
	$(TOOL) golangci-lint run

bench: ## six runs of every benchmark, summarised
	go test -run '^$$' -bench . -benchmem -count 6 ./... | tee bench.out
	$(TOOL) benchstat bench.out

screenshots: ## the pictures of the README, taken from the running program
	go run ./internal/screenshots

fuzz: ## every fuzz function for FUZZTIME
	scripts/fuzz $(FUZZTIME) $(FUZZMOST) $(FUZZBUDGET)
