# Two commands: `make demo` shows what strop does, `make test` passes every check. Both set up what they need.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
DEMO ?= demo

.PHONY: demo prove-corpus test lint types layers tests docs-check docs lock clean

demo: $(VENV)/ready
	$(BIN)/python examples/demo.py $(DEMO)

# How many changes of the example backend's behaviour strop tells, and whether it calls a neutral edit different (15 min for the former).
prove-corpus: $(VENV)/ready
	$(BIN)/python benchmarks/prove_corpus.py $(DEMO)-corpus

test: lint types layers docs-check tests

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready
	$(BIN)/mypy

layers: $(VENV)/ready
	$(BIN)/lint-imports

docs-check: $(VENV)/ready
	$(BIN)/python docs/generate.py --check

tests: $(VENV)/ready
	$(BIN)/pytest -n 2 --dist loadfile --durations 20 --durations-min 3

docs: $(VENV)/ready
	$(BIN)/python docs/generate.py

# The environment: made anew when the project's files change. uv installs in seconds what pip takes a minute for.
$(VENV)/ready: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "strop needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

lock: $(VENV)/ready
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--extra lsp --extra postgres --extra mysql --extra redis --group dev --group shop pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) $(DEMO) $(DEMO)-corpus .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
