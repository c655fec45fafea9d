# `make run` and `make test` need Python 3.11 or newer and make, nothing else.

PYTHON ?= python3
VENV := .venv
# where a venv keeps its programs: elsewhere on Windows
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
CODE := engine plugins tests
# named here: with MAKE in its own lines, make would run the tests under -n too
CHECKS := $(MAKE) --no-print-directory check

# what is tested, to the version; read by pip, for the build of the package too
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := run
.PHONY: run test check install-dev format gallery bench clean

run: $(VENV)/installed
	$(BIN)/artengine run scenes/cape.yaml

install-dev: $(VENV)/installed-dev

# the checks run beside the tests; what they say comes at the end, and either of them fails all
test: $(VENV)/installed-dev
	@nice $(CHECKS) >$(VENV)/check.log 2>&1 & checks=$$!; \
	$(BIN)/python -m pytest -n auto --dist worksteal; tests=$$?; \
	wait $$checks; checks=$$?; cat $(VENV)/check.log; exit $$((tests | checks))

check: $(VENV)/installed-dev
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

# one picture per scene, made anew; the earlier ones are in the repository
gallery: $(VENV)/installed
	$(BIN)/artengine run scenes/*.yaml --out gallery --force

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
