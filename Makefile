# Everything a contributor runs. `make help` lists it; CONTRIBUTING.md says when.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# A toolchain of rustup's comes first, whatever else the machine has; programs that the tests compare with come last.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH):$(CURDIR)/target/tools/bin
export CARGO_TERM_COLOR ?= $(if $(MAKE_TERMOUT),always,never)

# The interface as the server embeds it.
BUNDLE := cargo run --quiet --locked --package crowsnest-bundle --

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## Set up, build and run everything on this machine; prints a URL and a token
	target/release/crowsnest demo $(ARGS)

.PHONY: test
test: ## Set up, then lint, all tests, documentation, browser tests
	@.ci/test

.PHONY: build
build: setup interface ## Build target/release/crowsnest and crowsnest-agent
	cargo build --locked --release --package crowsnest --package crowsnest-agent

.PHONY: setup
setup: ## Install what a build needs and is not here; a fast no-op otherwise
	@deploy/setup.sh build

.PHONY: interface
interface: ## Build the web interface into frontend/dist
	@$(BUNDLE) --profile release

.PHONY: bench
bench: setup ## Run all benchmarks; tables of timings with checksums of the answers
	cargo bench --locked --workspace --bench '*'

.PHONY: bench-store
bench-store: setup ## Replay a recording to us, Prometheus and VictoriaMetrics; ARGS="--hours 24" for the whole day
	@deploy/setup.sh bench
	cargo bench --locked --package crowsnest --bench store_peers -- $(ARGS)

.PHONY: bench-rules
bench-rules: setup ## Evaluate 10,000 rules over a million series beside Prometheus; ARGS="--series 100000" for less
	@deploy/setup.sh bench
	cargo bench --locked --package crowsnest --bench rules_peers -- $(ARGS)

.PHONY: bench-ui
bench-ui: build ## Show the interface a cluster of 10,000 pods; ARGS="--pods 2000 --nodes 100 --events 2000" for less
	@deploy/setup.sh test
	cargo build --locked --release --package crowsnest-kubesim --example serve
	node frontend/bench/ui.mjs $(ARGS)
	node frontend/bench/boards.mjs

.PHONY: bench-boards
bench-boards: build ## Dashboards alone: Node Exporter Full over 20 nodes, and one chart beside uPlot; ARGS="--nodes 5 --hours 1" for less
	@deploy/setup.sh test
	node frontend/bench/boards.mjs $(ARGS)

.PHONY: screenshots
screenshots: interface ## Take the user guide's pictures of every page, in both themes, into docs/images
	@deploy/setup.sh test
	cargo build --locked --bins
	node frontend/tests/screenshots.mjs $(ARGS)

.PHONY: bench-promql-diff
bench-promql-diff: ## Ask Prometheus 2.42 and us the committed random queries; goes on where it was interrupted
	cargo test --locked --release --package crowsnest-promql --test differential -- --ignored --nocapture

.PHONY: kill-test
kill-test: ## Kill a store that is at work KILLS times (1000), and hold what is left against what it was told
	CROWSNEST_KILLS=$(or $(KILLS),1000) cargo test --locked --package crowsnest-tsdb --test store -- kill:: --nocapture

.PHONY: fuzz
fuzz: ## Fuzz every decoder for SECONDS (600) each; TARGETS="promql rules" for some
	fuzz/run $(or $(SECONDS),600) $(TARGETS)

# What deploy/package/build makes of the last commit: both binaries and the interface.
BUILT := target/package/built

.PHONY: built
built: setup
	deploy/package/build $(BUILT)

.PHONY: packages
packages: built ## Make Debian packages of the last commit in target/package
	deploy/package/deb $(BUILT) target/package

.PHONY: image
image: built ## Make an OCI archive of the last commit: target/package/crowsnest-image.tar
	deploy/image/rootfs $(BUILT) target/package/rootfs
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) deploy/image/oci target/package/rootfs target/package/crowsnest-image.tar

.PHONY: try-packages
try-packages: built ## Install, run, upgrade and purge the Debian packages in a Debian of their own; as root
	deploy/package/try $(BUILT)

.PHONY: try-image
try-image: image ## Run the image in a read-only root; as root
	deploy/image/try target/package/crowsnest-image.tar

.PHONY: sbom
sbom: ## Write what is in the binaries, with all licences, into target/package/sbom
	deploy/package/sbom target/package/sbom

.PHONY: reproduce
reproduce: setup ## Build the last commit twice and compare every byte; an hour
	deploy/package/reproduce

.PHONY: arm64
arm64: built ## Cross-compile the last commit for arm64, and make its packages; needs Debian, as root
	deploy/package/arm64 $(BUILT) target/package/arm64
	deploy/package/deb target/package/arm64 target/package

.PHONY: docs
docs: ## Write the parts of docs/ that are made from tables in the code
	CROWSNEST_WRITE_DOCS=1 cargo test --quiet --locked --package crowsnest-promql --lib reference

.PHONY: manifests
manifests: ## Write deploy/*.yaml and kustomize's copies of them from the Helm chart
	@deploy/setup.sh test
	CROWSNEST_WRITE_MANIFESTS=1 cargo test --quiet --locked --package crowsnest --test it helm::made

.PHONY: fmt
fmt: ## Format all Rust code
	cargo fmt --all

.PHONY: lint
lint: ## Check formatting, clippy (host and browser) and layering
	cargo fmt --all --check -- --color=$(if $(MAKE_TERMOUT),always,never)
	@.ci/layering
	@.ci/clippy

.PHONY: audit
audit: ## Check dependencies: bans, licences, sources, and advisories where they can be fetched
	@.ci/audit

.PHONY: clean
clean: ## Remove everything that was built
	cargo clean
	rm -rf frontend/dist frontend/dist.* frontend/node_modules
