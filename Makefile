# CI runs these targets. `make` alone lists them.

CARGO ?= cargo
export CARGO_TERM_COLOR ?= auto

# Where cargo puts what it builds.
target := $(or $(CARGO_TARGET_DIR),target)

.DEFAULT_GOAL := help
.PHONY: help setup build test run try workbench simulate-demo lint beautify clean test-telemetry demo-local
.PHONY: image imagex imagex_push builder test-compose test-envoy soak check-manifests

# Name and tag of the image, and the platforms that `make imagex` builds it for.
IMAGE ?= matchmaking-function-grpc-plugin-server-rust
IMAGE_TAG ?= latest
PLATFORMS ?= linux/amd64,linux/arm64

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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
	@scripts/try.sh $(target)/debug/match-function

workbench: ## Open the page on which rulesets are changed, played and simulated
	@$(CARGO) build --locked
	@$(target)/debug/match-function workbench $(RULES)

simulate-demo: ## Simulate two rulesets for two hours, and open the report that compares them
	@$(CARGO) build --locked
	@$(target)/debug/match-function simulate docs/samples/ruleset-5v5.json \
		docs/samples/ruleset-5v5-patient.json --report $(target)/report.html
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] && command -v xdg-open >/dev/null; then \
		xdg-open $(target)/report.html; fi

demo-local: ## Run demo.sh on this machine alone, against a mock of AGS
	@$(CARGO) build --locked --bin match-function --example ags-double
	@scripts/demo-local.sh $(target)/debug/match-function $(target)/debug/examples/ags-double $(DEMO_FLAGS)

lint: ## Check formatting, lints and documentation; any warning fails
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

beautify: ## Format the code
	$(CARGO) fmt

clean: ## Remove what was built
	$(CARGO) clean

test-telemetry: ## Check telemetry against real Prometheus, Zipkin and Envoy, as far as they are available
	$(CARGO) build --locked
	scripts/test-telemetry.sh

image: ## Build the image for this machine's processor (IMAGE, IMAGE_TAG)
	docker build --tag $(IMAGE):$(IMAGE_TAG) $(labels) .

imagex: builder ## Build the image for PLATFORMS, into the target folder as image.tar
	@mkdir -p $(target)
	$(buildx) --tag $(IMAGE):$(IMAGE_TAG) --output type=oci,dest=$(target)/image.tar .

imagex_push: builder ## Build the image for PLATFORMS and push it: needs REPO_URL and IMAGE_TAG
	@test -n "$(REPO_URL)" || { echo "REPO_URL is not set: the repository to push to"; exit 1; }
	@test "$(origin IMAGE_TAG)" != file || { echo "IMAGE_TAG is not set, as in v0.1.0"; exit 1; }
	$(buildx) --tag $(REPO_URL):$(IMAGE_TAG) --push .

# Docker's default builder builds images for one platform only.
builder:
	@docker buildx inspect match-function >/dev/null 2>&1 \
		|| docker buildx create --name match-function --driver docker-container
buildx = docker buildx build --builder match-function --platform $(PLATFORMS) $(labels)

labels = --build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1) \
	--build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null) \
	--build-arg CREATED=$$(date -u +%Y-%m-%dT%H:%M:%SZ)

test-compose: ## Build the image, run docker-compose.yaml and check it; needs a Docker engine
	$(CARGO) build --locked
	scripts/test-compose.sh

test-envoy: ## Kill and replace servers behind a real Envoy, under calls, and check that no other call fails
	$(CARGO) build --locked
	scripts/test-envoy.sh

soak: ## Load a server for MINUTES (10) and watch whether it grows
	$(CARGO) build --release --locked --bin match-function --example soak
	scripts/soak.sh $(target)/release/match-function $(target)/release/examples/soak

check-manifests: ## Check the Kubernetes manifests against their schemas, as far as these are available
	scripts/check-manifests.sh
