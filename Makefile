# Everything happens in .venv, inside this folder. `make` alone says what there is.
#
# One environment in three layers, each with a lock file of its own and all at the same versions:
# what Nimbus needs (make demo), what its tests need (make test), the original torch stack (make oracle).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ARGS ?=
# How many processes run the tests, some of which wait for Terraform: a file's stay together, and files in order, since the
# last of a folder may remove what all share.
JOBS ?= 4
TORCH := torch==2.13.0
UV := uv==0.13.9

VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
BENCH := $(VENV)/bench
LOG := $(VENV)/set-up.log
# The newest of the wanted versions; `make PYTHON=/path/to/python3.12 …` takes another.
PYTHON ?=

# Tests and demo use nothing from the network, and say so where they try.
export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1

# $(call step,words,command): one line of words; what the command printed is shown if it fails.
step = @echo "$(1) …" >&2; $(2) >$(LOG) 2>&1 || { tail -n 30 $(LOG) >&2; echo "Set-up failed while $(1)." >&2; exit 1; }
locked = $(BIN)/python -m pip install --no-deps --require-hashes --no-input -r $(1)
# After `make oracle` the torch stack is kept in step with its lock, too.
TEST_LAYER := $(if $(wildcard $(DONE)/oracle),$(DONE)/oracle,$(DONE)/tests)

.PHONY: help demo test oracle check bench screenshots lock clean

help: ## Say what there is
	@echo "make TARGET [ARGS='…']"
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  \1@\2/p' Makefile | while IFS=@ read -r name words; do printf '%-10s %s\n' "$$name" "$$words"; done

demo: $(DONE)/nimbus ## Compile two small pipelines, run them, show the result (ARGS: for nimbus demo)
	@$(BIN)/nimbus demo $(ARGS)

test: check ## Run the checks and the tests (ARGS: for pytest)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

oracle: $(DONE)/oracle $(DONE)/nimbus ## Add the original torch stack, so that `make test` compares with it (some gigabytes on Linux)

check: $(TEST_LAYER) $(DONE)/nimbus ## Check style, types and the layering
	@$(BIN)/ruff check --quiet --output-format concise . && $(BIN)/ruff format --check --quiet . && echo "ruff: clean"
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(DONE)/oracle $(DONE)/nimbus $(BENCH)/cnn $(BENCH)/minilm ## Measure bundles against the originals (ARGS: for tests.benchmarks.speed)
	@for name in cnn minilm; do \
		$(BIN)/nimbus compile $(BENCH)/$$name --output $(BENCH)/$$name-bundle --replace || exit 1; \
		$(BIN)/python -m tests.benchmarks.speed --original $(BENCH)/$$name --bundle $(BENCH)/$$name-bundle $(ARGS) || exit 1; \
		$(BIN)/python -m tests.benchmarks.overhead $(BENCH)/$$name-bundle || exit 1; \
	done

$(BENCH)/%: | $(DONE)/oracle $(DONE)/nimbus
	@mkdir -p $(BENCH)
	$(call step,training the $* pipeline that is measured,rm -rf $@ && $(BIN)/python -m tests.benchmarks.$* $@)

screenshots: $(TEST_LAYER) $(DONE)/nimbus ## Draw every screen of the terminal interface on the demo's data (ARGS: the folder)
	@$(BIN)/python -m tests.tui.screenshots $(or $(ARGS),build/screenshots)

lock: $(VENV)/uv-$(UV)/bin/uv ## Lock the dependencies again, keeping what still fits (ARGS=--upgrade: the newest)
	@$(lock) pyproject.toml --extra dev --extra oracle -o tests/oracle.lock
	@$(lock) pyproject.toml --extra dev -c tests/oracle.lock -o tests/requirements.lock
	@$(build_needs) | $(lock) pyproject.toml - -c tests/oracle.lock -o toolkit/requirements.lock
	@$(lock) inference_image/pyproject.toml -c tests/oracle.lock -o inference_image/requirements.lock

# One resolution for every platform and Python; no address of an index, so that each machine uses its own.
lock = $(VENV)/uv-$(UV)/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--python $(BIN)/python --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links $(ARGS)
build_needs = $(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'

clean: ## Remove the environment and whatever else can be made again
	@rm -rf $(VENV) .terraform build dist demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment. Each file below $(DONE) says that a layer is installed; it is made again when its lock changes.

$(DONE)/python:
	@python="$(PYTHON)"; \
	for name in $${python:-python3.13 python3.12 python3.11 python3 python3.14}; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$name; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		name=$${python:-python3}; \
		echo "Nimbus needs Python 3.11 or newer; $$name is $$("$$name" --version 2>/dev/null || echo not there)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 …" >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$("$$found" --version) …" >&2; \
	rm -rf $(VENV); \
	if ! said=$$("$$found" -m venv $(VENV) 2>&1); then \
		rm -rf $(VENV); \
		echo "$$said" >&2; \
		echo "Python cannot make a virtual environment here (Debian: apt-get install python3-venv)." >&2; \
		exit 1; \
	fi; \
	mkdir $(DONE); touch $@

$(DONE)/requirements: $(DONE)/python toolkit/requirements.lock
	$(call step,installing what Nimbus needs,$(call locked,toolkit/requirements.lock))
	@touch $@

$(DONE)/nimbus: $(DONE)/requirements pyproject.toml
	$(call step,installing Nimbus from this folder,$(BIN)/python -m pip install --no-deps --no-build-isolation --no-input -e .)
	@touch $@

$(DONE)/tests: $(DONE)/requirements tests/requirements.lock
	$(call step,installing what the tests need,$(call locked,tests/requirements.lock))
	@touch $@

$(DONE)/torch: $(DONE)/tests
	$(call step,installing $(TORCH),$(BIN)/python -m pip install --no-input $(TORCH))
	@touch $@

$(DONE)/oracle: $(DONE)/torch tests/oracle.lock
	$(call step,installing the original torch stack,$(call locked,tests/oracle.lock))
	@touch $@

$(VENV)/uv-$(UV)/bin/uv: $(DONE)/python
	$(call step,installing $(UV),$(BIN)/python -m pip install --no-deps --no-input --target $(VENV)/uv-$(UV) $(UV))
	@touch $@
