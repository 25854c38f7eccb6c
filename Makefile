# Every target sets up what it needs. Only Python 3.11+, make and package access are assumed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## make .venv with the locked dependencies and the glasshouse command

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11 to 3.13 is needed; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: $(READY) ## run a simulated organisation end to end, with nothing else installed
	$(BIN)/glasshouse demo

.PHONY: test
test: $(READY) ## run all tests, two files at a time; a skipped service test is a failure with STRICT=1
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(if $(STRICT),--strict-services) $(ARGS)

.PHONY: outage
outage: $(READY) ## have ClickHouse away for 10 minutes under 50,000 events/s: memory, exact tables (Docker)
	$(BIN)/python -m tests.endurance outage $(ARGS)

.PHONY: soak
soak: $(READY) ## carry half of the maximum load for 30 minutes: is memory flat? (Docker)
	$(BIN)/python -m tests.endurance soak $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## throw INPUTS (1000000) mutated messages at every reader; ARGS: see ARGS=--help
	$(BIN)/python -m tests.fuzz $(if $(INPUTS),--inputs $(INPUTS)) $(ARGS)

.PHONY: fuzz-guided
fuzz-guided: $(READY) ## fuzz one reader (TARGET=accounting) guided by coverage; installs atheris
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --requirement tests/fuzz/requirements.lock
	$(BIN)/python -m tests.fuzz.guided $(TARGET) $(or $(ARGS),-max_total_time=600)

.PHONY: chaos
chaos: $(READY) ## run SEEDS seeds of faults against the whole pipeline (KAFKA=container: a real broker, killed too)
	$(BIN)/python -m tests.chaos --seeds $(or $(SEEDS),10) $(if $(KAFKA),--kafka $(KAFKA)) $(if $(RECORDINGS),--recordings $(RECORDINGS)) $(ARGS)

.PHONY: chaos-broken
chaos-broken: $(READY) ## break the product in three ways; each must be caught by one of ten seeds
	@for how in commit-before-insert identity-left-out ledger-not-awaited; do \
	  $(BIN)/python -m tests.chaos --seeds 10 --broken $$how $(if $(RECORDINGS),--recordings $(RECORDINGS)) $(ARGS) || failed=1; \
	done; exit $${failed:-0}

.PHONY: withdrawals
withdrawals: $(READY) ## measure how late an event may pass after a withdrawal (ARGS="--container --freeze-every 15", ...)
	$(BIN)/python -m tests.withdrawals $(ARGS)

.PHONY: erasure
erasure: $(READY) ## erase people under load and look for them everywhere (ARGS="--people 1000 --erased 100")
	$(BIN)/python -m tests.erasure $(ARGS)

.PHONY: differencing
differencing: $(READY) ## try to single people out by all that analysts can read (ARGS="--seeds 20", --without-suppression)
	$(BIN)/python -m tests.differencing $(ARGS)

.PHONY: reidentification
reidentification: $(READY) ## attack the policy with RECORDINGS (Balabit): who is it? installs scikit-learn, matplotlib
	@test -n "$(RECORDINGS)" || { echo "say where the recordings are: make reidentification RECORDINGS=training_files"; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --requirement benchmarks/reidentification/requirements.lock
	$(BIN)/python -m benchmarks.reidentification $(RECORDINGS) $(ARGS)

.PHONY: bench
bench: $(READY) ## measure everything, on RECORDINGS (Balabit; else SIMULATED): speed, cost, limits; takes about 45 minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --requirement benchmarks/throughput/requirements.lock
	$(BIN)/python -m benchmarks.peers --install
	$(BIN)/python -m benchmarks.throughput $(RECORDINGS) $(ARGS)

.PHONY: bench-quick
bench-quick: $(READY) ## the most important of it, once, in under two minutes
	$(BIN)/python -m benchmarks.throughput $(RECORDINGS) --quick $(ARGS)

.PHONY: bench-compare
bench-compare: $(READY) ## has it become slower? compares the ratios in BEFORE and AFTER, two throughput.json
	$(BIN)/python -m benchmarks.throughput.regression $(BEFORE) $(AFTER) $(ARGS)

.PHONY: peers
peers: $(READY) ## do the same work with what others would use, on RECORDINGS (Balabit; else SIMULATED); installs them
	$(BIN)/python -m benchmarks.peers $(if $(RECORDINGS),--recordings $(RECORDINGS)) $(ARGS)

.PHONY: images
images: $(READY) ## build the container images from packages alone (root, Docker, debootstrap, Maven)
	PYTHON=$(BIN)/python deploy/airgap/images.sh $(IMAGES)

.PHONY: promtool
promtool: ## unpack promtool and Prometheus from Debian's package, for the tests of the rules
	deploy/airgap/promtool.sh

.PHONY: vault
vault: ## build Vault's server from its Go module, for the tests of the key service
	deploy/airgap/vault.sh

.PHONY: check
check: $(READY) ## lint, format check and strict types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: $(READY) ## put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(READY) ## renew all requirements.lock from what they are of (needs uv)
	uv pip compile --quiet --generate-hashes --extra dev --no-header --no-annotate --universal --no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --no-emit-index-url --no-emit-find-links --python-version 3.11 pyproject.toml --constraint requirements.lock --output-file deploy/requirements.lock
	for one in reidentification throughput; do \
	  uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --no-emit-index-url --no-emit-find-links --python-version 3.11 benchmarks/$$one/requirements.in --constraint requirements.lock --output-file benchmarks/$$one/requirements.lock || exit 1; \
	done
	for one in quix_streams plain_faust consumer_loop; do \
	  uv pip compile --quiet --generate-hashes --no-header --no-annotate --universal --no-emit-index-url --no-emit-find-links --python-version 3.11 benchmarks/peers/$$one/requirements.in --output-file benchmarks/peers/$$one/requirements.lock || exit 1; \
	done

.PHONY: clean
clean: ## remove the virtual environment and caches (no data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
