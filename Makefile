# Everything a person needs, with its set-up inside: `make demo` and `make test` work in a fresh clone.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_DB ?= $(CURDIR)/.venv/demo.db

.PHONY: help demo serve test check bench openapi lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The environment is made anew when a requirements file changes; hashes are checked.
$(VENV)/.ready: requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python3.11 make ...)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

demo: $(VENV)/.ready ## load the shipped trials, match the sample patient, print the table
	TRIALMATCH_DATABASE_URL=sqlite:///$(DEMO_DB) $(BIN)/trialmatch demo

serve: $(VENV)/.ready ## the service on http://127.0.0.1:8000, over the demo's database
	TRIALMATCH_DATABASE_URL=sqlite:///$(DEMO_DB) $(BIN)/trialmatch serve

test: $(VENV)/.ready ## all tests
	$(BIN)/python -m pytest

check: $(VENV)/.ready ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready ## measure speed side by side in one run; writes bench/out/
	$(BIN)/python -m bench

openapi: $(VENV)/.ready ## write openapi/openapi.json
	$(BIN)/trialmatch openapi

# No host of a registry is recorded; uv comes with the dev requirements' own resolver.
lock: ## resolve the requirements anew, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --extra dev -o requirements-dev.txt pyproject.toml

clean: ## remove what these recipes made
	rm -rf $(VENV) bench/out .pytest_cache .mypy_cache .ruff_cache .hypothesis
