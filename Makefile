# The two commands a newcomer needs are `make demo` and `make test`; `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A model that is not on this machine is asked of the hub by the product; never by its tests.
test test-fast: export HF_HUB_OFFLINE := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast check format bench lock clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/installed ## Do the whole job on sample articles, and ask them a question
	@$(BIN)/indexer demo

test: .venv/developing ## Run every test, with coverage, and all checks
	$(BIN)/pytest -n 2 --dist loadfile --cov --cov-report=term:skip-covered
	@$(MAKE) --no-print-directory check

test-fast: .venv/developing ## Run the tests that need neither the model nor much time
	$(BIN)/pytest -m "not slow"

check: .venv/developing ## Lint, types, the order of the rooms
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/developing ## Measure everything and write BENCHMARKS.md (hours; INDEXER_SHARED_DATA names the collections)
	for script in extraction.py verdicts.py retrieval.py crawl.py "embedding.py --quality" scale.py peers.py lexical.py; do \
	  $(BIN)/python benchmarks/$$script --write || exit; done

format: .venv/developing ## Put the code into the common form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/developing ## Write down the exact versions that are installed
	$(BIN)/pip freeze --exclude-editable | sed 's/^\(torch==[0-9.]*\).*/\1/' > constraints.txt

clean: ## Remove what was built; the libraries in data/ stay
	rm -rf .venv build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Torch first and alone: the constraints name a build without CUDA, and nothing else may choose one.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (once; some minutes) ..."
	@$(BIN)/pip install -q -c constraints.txt torch
	@$(BIN)/pip install -q -c constraints.txt -e .
	@touch $@

.venv/developing: .venv/installed
	@$(BIN)/pip install -q -c constraints.txt -e '.[dev,notebook]'
	@touch $@
