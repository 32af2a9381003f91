# The two commands a newcomer needs are `make demo` and `make test`; `make help` lists the rest.

PYTHON ?= python3
# Bounds are held on the oldest Python there is support for: newer ones have no builds of the lowest versions.
OLDEST_PYTHON ?= python3.11
# An index that has torch without CUDA. It is asked for torch alone; unset, pip takes all from where it always does.
TORCH_INDEX ?=
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A model that is not on this machine is asked of the hub by the product; never by its tests.
test test-fast test-scale test-lowest coverage trust: export HF_HUB_OFFLINE := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-scale test-lowest coverage check docs bench trust format lock audit dist clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: .venv/installed ## Do the whole job on sample articles, and ask them a question
	@$(BIN)/indexer demo

EVERY_TEST = $(BIN)/pytest -n 3 --dist loadfile -m "not scale"
test: .venv/developing ## Run every test, and all checks, which are one of them
	$(EVERY_TEST)

test-fast: .venv/developing ## Run the tests that need neither the model nor much time
	$(BIN)/pytest -m "not slow and not scale"

test-scale: .venv/scaling ## Install the engines of the extra `scale`, and run the tests that need them
	$(BIN)/pytest -m scale tests/scale

test-lowest: ## Install the lowest versions that pyproject.toml admits, and try them
	$(OLDEST_PYTHON) tests/packaging/lowest.py $(if $(TORCH_INDEX),--torch-index $(TORCH_INDEX))

# Not in `make test`: counting the lines takes a third of the time again on Python 3.11.
coverage: .venv/developing ## Run every test and see which lines it reaches; less than 95 % of them is an error
	$(EVERY_TEST) --cov --cov-report=term:skip-covered

check: .venv/developing ## Lint, types, spelling, the order of the packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files -z | xargs -0 $(BIN)/codespell

docs: .venv/developing ## Build the documentation as a site, into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: .venv/developing ## Measure everything and write BENCHMARKS.md (hours; INDEXER_SHARED_DATA names the collections)
	for script in extraction.py verdicts.py links.py retrieval.py manuals.py "manuals.py --again" states.py "fusion_experiments.py --held-out" sentences.py crawl.py "embedding.py --quality" scale.py peers.py lexical.py serving.py milvus.py on_ray.py; do \
	  $(BIN)/python benchmarks/$$script --write || exit; done

trust: .venv/developing ## Kill, damage, fill and flood the program, and write RELIABILITY.md (an hour and more)
	for trials in kills full_disks damages hostile_inputs fuzzing readers load nights; do \
	  $(BIN)/python -m tests.trust.$$trials --write || exit; done

format: .venv/developing ## Put the code into the common form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Versions stay as they are where they still fit; `make lock UPGRADE=--upgrade` takes the newest of all.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11.5 --generate-hashes --no-annotate --no-emit-package torch \
  $(UPGRADE) -c requirements-torch.txt --custom-compile-command "make lock"
lock: .venv/developing ## Write down the exact versions, with their hashes, of all that the product and its tests need
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --extra serve -o requirements.txt
	printf 'hatchling\neditables\n' | $(LOCK) -c requirements.txt pyproject.toml - --extra serve --extra dev --extra notebook -o requirements-dev.txt

audit: .venv/developing ## Ask a database of known faults about each locked version
	$(BIN)/pip-audit --strict --disable-pip --no-deps --progress-spinner off -r requirements-dev.txt -r requirements-torch.txt

dist: .venv/developing ## Build into dist/ the wheel, the source archive and the list of what they stand on (CycloneDX)
	$(BIN)/hatchling build
	cat requirements.txt requirements-torch.txt | \
	  $(BIN)/cyclonedx-py requirements - --pyproject pyproject.toml --output-reproducible -o dist/sbom.cdx.json

clean: ## Remove what was built; the libraries in data/ stay
	rm -rf .venv build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv

# Everything is what the lock says, by its hashes, but for torch, whose builds differ by platform. It comes second,
# when all else that it asks for is there; so nothing is taken from TORCH_INDEX beside it. `pip check` sees to it
# that the lock left nothing out. All is compiled now, as the processes that read pages may not write; not by pip,
# which does so on one processor. Some packages bring files for a newer Python than this, which pip passes over too.
define install
	@$(BIN)/pip install -q --no-compile --no-deps --require-hashes -r $(1)
	@$(BIN)/pip install -q --no-compile -r requirements-torch.txt $(if $(TORCH_INDEX),--no-deps --index-url $(TORCH_INDEX))
	@$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@$(BIN)/pip check -q
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true
	@$(BIN)/python -m compileall -q indexer
endef

.venv/installed: pyproject.toml requirements.txt requirements-torch.txt | .venv/bin/python
	@echo "Installing into .venv (once; some minutes) ..."
	$(call install,requirements.txt)
	@touch $@

# Brings all that .venv/installed does.
.venv/developing: pyproject.toml requirements-dev.txt requirements-torch.txt | .venv/bin/python
	@echo "Installing into .venv (once; some minutes) ..."
	$(call install,requirements-dev.txt)
	@touch .venv/installed $@

# What the lock does not have yet comes from where pip takes it; the rest stays as the lock says.
.venv/scaling: pyproject.toml .venv/developing
	@echo "Installing the engines into .venv (once; 0.7 GB) ..."
	@$(BIN)/pip install -q --no-build-isolation -e '.[scale]'
	@$(BIN)/pip check -q
	@touch $@
