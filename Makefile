# `make run` and `make test` need Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := engine plugins tests

# what is tested, to the version; read by pip, for the build of the package too
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := run
.PHONY: run test check format gallery bench clean

run: $(VENV)/installed
	$(BIN)/artengine run scenes/cape.yaml

test: check
	$(BIN)/python -m pytest -n auto

check: $(VENV)/installed-dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

# one picture per scene, made anew
gallery: $(VENV)/installed
	$(BIN)/artengine run scenes/*.yaml --out gallery

# every table of the pages, measured on this machine; takes hours
bench: $(VENV)/installed-dev
	$(BIN)/pip install --quiet --editable '.[bench]'
	for program in paint films regression dividers; do $(BIN)/python -m tests.benchmarks.$$program || exit 1; done

clean:
	rm -rf $(VENV) build dist

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $(VENV)/installed $@
