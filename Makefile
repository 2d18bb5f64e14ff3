# The two commands:  make audit REPO=../shop     audits a repository (this one by default)
#                    make test                   passes the tests: style, types, imports, behaviour
# Both make their own .venv first; they need Python 3.11 or newer, and a package index that pip knows.

REPO ?= .
ARGS ?=

# The first of these that is new enough.
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help audit run test check lint tests format docs bench clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

audit run: $(VENV)/.for-use
	@$(BIN)/pooltlint check $(ARGS) $(REPO)

test check: lint tests

lint: $(VENV)/.for-work
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

tests: $(VENV)/.for-work
	$(BIN)/pytest -n auto $(ARGS)

format: $(VENV)/.for-work
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.for-work
	$(BIN)/python -m docs.readme
	$(BIN)/python -m docs.screenshot

bench: $(VENV)/.for-work
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "pooltlint needs Python 3.11 or newer; give it as make PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.for-use: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install -qq --editable .
	@touch $@

$(VENV)/.for-work: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@ $(VENV)/.for-use
