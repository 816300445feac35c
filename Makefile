# Everything sets itself up: 'make up' and 'make test' work in a fresh checkout.

VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --root-user-action ignore
# The first Python on the PATH that is new enough; 'make PYTHON=/path/to/python3' insists on one.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: setup up test lint format bench fuzz chaos secrets clean

setup: $(VENV)/.ready

# Made again when what is installed may have changed, and when the environment's Python has gone.
ifeq ($(shell $(BIN)/python -c 'print(1)' 2>/dev/null),)
.PHONY: $(VENV)/.ready
endif
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && test -n "$(PYTHON)" || \
		{ echo "Bypuls needs Python 3.11 or newer, found $$(python3 --version 2>/dev/null || echo none): install one," \
		"or name it with 'make PYTHON=/path/to/python3 $(MAKECMDGOALS)'" >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || \
		{ echo "$(PYTHON) cannot make a virtual environment: on Debian and Ubuntu 'apt-get install python3-venv'" >&2; exit 1; }
	@echo "Installing into $(VENV) …"
	@# The build tool first, then no isolated build: so it is pinned too, and older pips reach it the same way.
	@$(PIP) -c constraints.txt hatchling
	@$(PIP) -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

up: setup
	@$(BIN)/bypuls up $(ARGS)

test: setup
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Benchmarks are no part of the tests: docs/benchmarks.md is made of what they find. Hours; one of them: ARGS="-k freshness".
bench: setup
	$(BIN)/pytest tests/benchmarks -o python_files='bench_*.py' -o timeout=1800 -s $(ARGS)
	$(BIN)/python -m tests.benchmarks.report

# A million messages that are almost right through every decoder; 'make test' sends twenty thousand.
fuzz: setup
	BYPULS_FUZZ=1000000 $(BIN)/pytest tests/unit/test_mutated_messages.py $(ARGS)

# Every fault while numbered messages come, and what was lost: docs/reliability.md is made of it. Half an hour to an hour.
chaos: setup
	$(BIN)/pytest tests/chaos -o python_files='chaos_*.py' -o timeout=1800 -s $(ARGS)
	$(BIN)/python -m tests.chaos.report

# Passwords of the docker-compose installation, once each; needs no environment. What is there stays.
secrets:
	@$(PYTHON) deploy/make_secrets.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
