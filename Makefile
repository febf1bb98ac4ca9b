# make run    every declared pipeline in the `quick` profile, and the path of its report
# make test   formatting, lint, imports, types and tests
# make bench  measurements, into tests/benchmarks/results.md

SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
# Test processes side by side: two a core, since half of the slow ones wait for servers; more than
# four want more memory than they save time.
JOBS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n > 1 ? 4 : 2)))
STAMP := $(VENV)/.installed
# uv where it is installed, which takes a fraction of pip's time; `make UV= run` does without it.
UV ?= $(shell command -v uv)
INSTALL := $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip --quiet --disable-pip-version-check install)

.PHONY: run test lint bench clean

# Hundreds of processes import the same modules, which are compiled once.
test: export PYTHONDONTWRITEBYTECODE :=

run: $(STAMP)
	@$(BIN)/darkroom run gallery --profile quick

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not timed" --durations=10
	$(BIN)/python -m pytest -q -m timed $$(grep -rl --include='test_*.py' 'mark\.timed' tests)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m tests.benchmarks

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is newer than what was installed, so nothing is installed twice.
$(STAMP): pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Darkroom needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "Creating $(VENV)"; "$(PYTHON)" -m venv $(VENV); }
	@echo "Installing Darkroom and its dependencies into $(VENV) (once; several minutes)"
	@$(INSTALL) -c constraints.txt -e '.[test,dev]'
	@touch $@
