# What CI does is what these targets do. `make` alone lists them.

CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto

.DEFAULT_GOAL := help
.PHONY: help setup build test run try lint beautify clean test-telemetry demo-local

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Fetch the pinned compiler and all dependencies
	rustup show active-toolchain || rustup toolchain install
	$(CARGO) fetch --locked

build: ## Build the server for production (target/release/match-function)
	$(CARGO) build --release --locked

test: ## Run all tests
	$(CARGO) test --locked

run: ## Run the server with the settings of .env, if there is one
	@set -a; [ ! -f .env ] || . ./.env; set +a; exec $(CARGO) run --release --locked --quiet

try: ## Start a server, send six players, show the three pairs, stop
	@$(CARGO) build --locked
	@scripts/try.sh target/debug/match-function

demo-local: ## Run demo.sh on this machine alone, against a stand-in for AGS
	@$(CARGO) build --locked --bin match-function --example ags-double
	@scripts/demo-local.sh target/debug/match-function target/debug/examples/ags-double $(DEMO_FLAGS)

lint: ## Check formatting, lints and documentation; any warning fails
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

beautify: ## Format the code
	$(CARGO) fmt

clean: ## Remove what was built
	$(CARGO) clean

test-telemetry: ## Check telemetry against real Prometheus, Zipkin and Envoy, as far as they can be had
	$(CARGO) build --locked
	scripts/test-telemetry.sh
