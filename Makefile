# What people and the CI run. `make demo` needs a Rust toolchain and nothing else; `make test` sets up the rest.

CARGO ?= cargo
# Where cargo puts what it builds; the tests' servers and the Python tests must find the same binary.
CARGO_TARGET_DIR ?= target
INGOT := $(CARGO_TARGET_DIR)/debug/ingot
VENV := .venv
# Where `cargo install` puts what setup installs.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

.PHONY: help demo setup build test rust-test python-test model properties bench bench-build bench-peers lint fmt chaos chaos-roll

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# The workspace's features, so that the tests do not build the AWS SDK a second time.
demo: ## Play deployments and a day of builds in the simulated region and stay up; EXIT=1 ends by itself
	$(CARGO) build --workspace --bin ingot
	$(INGOT) up --cloud sim --demo $(if $(EXIT),--exit)

setup: ## Install what the tests need: Redis, Postgres, Python packages, a browser, nextest
	tests/setup.sh $(VENV)

# The tests ask cargo about the tree without a network, which takes the sources for every platform.
build: ## Build everything the tests run
	$(CARGO) fetch --locked
	$(CARGO) build --workspace --bins --tests

test: setup ## Set up, build and run every test
	$(MAKE) build
	$(MAKE) --jobs=2 --keep-going rust-test python-test

# nextest gives each test a process and all of them one Postgres and one Redis; without it each test binary starts its own.
rust-test:
	if $(CARGO) nextest --version >/dev/null 2>&1; then \
		$(CARGO) nextest run --workspace; \
	else \
		$(CARGO) test --workspace --bins --tests; \
	fi
	$(CARGO) test --workspace --doc --quiet

# Beside the others: both wait for simulated regions most of the time. Its report comes in one piece.
python-test:
	@mkdir -p $(CARGO_TARGET_DIR)
	@INGOT_BIN=$(abspath $(INGOT)) $(VENV)/bin/python -m pytest --quiet tests/python \
		> $(CARGO_TARGET_DIR)/python-test.log 2>&1; code=$$?; cat $(CARGO_TARGET_DIR)/python-test.log; exit $$code

# Of the workspace, so that the AWS SDK is not built a second time; 2,500 instances listen at once.
bench: ## Measure the figures and print them as a table; FIGURES="idle crowd" measures some
	$(CARGO) build --release --workspace --bin ingot --bin bench --bin ingot-bench-peer --example figures
	ulimit -n "$$(ulimit -Hn)"; INGOT_BIN=$(CARGO_TARGET_DIR)/release/ingot $(CARGO_TARGET_DIR)/release/bench $(FIGURES)

model: ## Play 100,000 cases of the rules as a state machine, in release; CASES=5000 plays fewer
	MODEL_CASES=$(or $(CASES),100000) $(CARGO) test --release -p ingot-domain --test model -- --nocapture

properties: ## Play 100,000 cases of each property of windows, purses, plans and money, in release; CASES=5000 plays fewer
	PROPERTY_CASES=$(or $(CASES),100000) $(CARGO) test --release -p ingot-domain --lib -- window:: purse:: plan:: money::

bench-build: ## Measure what building costs, cold and after a change; half an hour
	$(MAKE) bench FIGURES=build

# The command that speaks the peers' protocol for Ingot; without it the peers are measured among themselves.
INGOT_PEER ?= $(wildcard $(CARGO_TARGET_DIR)/release/ingot-bench-peer)

bench-peers: ## Measure the engine beside Celery, BullMQ, graphile_worker and apalis-redis; PEERS="--quick --rounds 1" tries it
	tests/peers/setup.sh
	tests/peers/.venv/bin/python tests/peers/compare.py $(if $(INGOT_PEER),--ingot $(INGOT_PEER)) $(PEERS)

# Prints what chaos says, and keeps it in a file.
KEPT := tests/servers/kept.sh $(CARGO_TARGET_DIR)/chaos.d

# `SEED=… make chaos` plays that round again; `ONLY=0,3` with some of its faults. `DRILL=failover make chaos` plays one drill,
# `DRILL=all` each once. A drill that fills disks wants root, and thousands of live logs want as many files.
chaos: setup ## Random faults and drills over a loaded installation: MINUTES=60; SEED and ONLY play one round again, DRILL one drill
	$(CARGO) build --workspace --bin ingot --bin chaos
	ulimit -n "$$(ulimit -Hn)"; INGOT_BIN=$(INGOT) $(KEPT) $(CARGO_TARGET_DIR)/debug/chaos $(if $(DRILL),drill $(DRILL) $(SEED),\
		$(or $(MINUTES),60) $(SEED) $(if $(SEED),$(or $(ONLY),$(if $(MINUTES),,all))))

chaos-roll: setup ## Roll from the binary of the release before to ours, twenty times under load; builds that binary first
	$(CARGO) build --workspace --bin ingot --bin chaos
	INGOT_BIN=$(INGOT) $(KEPT) $(CARGO_TARGET_DIR)/debug/chaos roll "$$(CARGO=$(CARGO) tests/servers/previous.sh $(CARGO_TARGET_DIR)/previous)"

lint: ## Formatting, clippy and documentation, all without a warning
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps

fmt: ## Format
	$(CARGO) fmt --all
