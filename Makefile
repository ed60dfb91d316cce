# hgw: what a person does with this checkout. Everything sets itself up in .venv; nothing else is installed.

# The first interpreter on the PATH that is new enough and can be run (a shim of another user's may not be).
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .cache/lowest
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CATALOGUES := $(wildcard higress_cli/locale/*/LC_MESSAGES/*.po)
DEMO_DIR ?= wasm-demo-go

# Where this is set, pytest would compile all tests at each run, in each worker; __pycache__ is ignored by Git.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo quick test lowest lint bench load odd alive schemas pages golden texts picture clean
# What of make can keep the output of targets that run at once apart (make on macOS cannot).
TOGETHER := $(MAKE) --no-print-directory -j 4 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.for-use ## The whole guide: install the toolchain, make a plugin, build it, run it, verify it
	@$(BIN)/hgw quickstart "$(DEMO_DIR)"
	@echo "To type just hgw in this shell: . '$(CURDIR)/$(BIN)/activate'"

quick: lint ## What to run after each change: lint, unit and command tests
	@HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest --quiet -n auto --dist worksteal -m "not slow" tests/unit tests/cli

test: lint ## Every check and every test, the real toolchain and the real gateway included
	@CI=true $(BIN)/python -m pytest -n auto --dist loadfile --cov --cov-report=term tests
	@$(BIN)/python -m scripts.pure_modules
	@$(MAKE) --no-print-directory lowest

lowest: $(LOWEST)/.ready ## Unit and command tests with the lowest versions of dependencies that pyproject.toml allows
	@CI=true $(LOWEST)/bin/python -m pytest --quiet -n auto --dist worksteal -p no:cacheprovider tests/unit tests/cli

lint: $(VENV)/.for-work ## Style, types and layers
	@$(TOGETHER) lint-style lint-format lint-types lint-layers

.PHONY: lint-style lint-format lint-types lint-layers
lint-style:
	@$(BIN)/ruff check --quiet .
lint-format:
	@$(BIN)/ruff format --check --quiet .
lint-types:
	@$(BIN)/mypy
lint-layers:
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.for-work ## How hgw's times compare with those of the bare tools, in one run
	@$(BIN)/python -m scripts.bench

load: $(VENV)/.for-work ## Requests of 10 ms, 3 s and 30 s through hgw run during edits and rebuilds, on both engines
	@$(BIN)/python -m scripts.live_edits --engine envoy
	@$(BIN)/python -m scripts.live_edits --engine builtin

odd: $(VENV)/.for-work ## A thousand odd options, files and texts for each reader, and how many failed
	@$(BIN)/python -m scripts.odd_inputs

alive: $(VENV)/.for-work ## Before a release: whether everything that hgw pins can still be downloaded
	@$(BIN)/python -m scripts.pin_liveness

schemas: $(VENV)/.for-work ## Write the JSON Schemas of the commands from the types that they return
	@$(BIN)/python scripts/schemas.py

pages: $(VENV)/.for-work ## Write docs/errors.md from the catalogue of errors
	@$(BIN)/python scripts/error_pages.py

golden: $(VENV)/.for-work ## Renew the golden files: every --help, the main texts, what hgw init writes
	@$(BIN)/python scripts/golden_texts.py --write
	@$(BIN)/python scripts/golden_trees.py --write > /dev/null

texts: $(VENV)/.for-work ## Bring the catalogues of translations up to date with the code
	@mkdir -p .cache
	@$(BIN)/pybabel --quiet extract --no-location --omit-header -k N_ -o .cache/hgw.pot higress_cli
	@$(BIN)/pybabel --quiet update --domain hgw --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
		-i .cache/hgw.pot -d higress_cli/locale

picture: $(VENV)/.for-work ## Draw the pictures of the READMEs from real runs
	@$(BIN)/python -m scripts.picture

clean: ## Remove what the targets made, the installed test toolchain included
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "hgw needs Python 3.11 or newer on the PATH (or: make PYTHON=/path/to/python3)" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON)"
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "no virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) --upgrade 'pip>=25.1'

$(LOWEST)/.ready: pyproject.toml scripts/lowest_versions.py scripts/build_hook.py $(CATALOGUES) | $(VENV)/.for-work
	@echo "Installing the lowest versions of what hgw needs into $(LOWEST)"
	@test -x $(LOWEST)/bin/python || $(BIN)/python -m venv $(LOWEST)
	@$(BIN)/python -m scripts.lowest_versions > $(LOWEST)/constraints.txt
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		--editable '.[local]' --group test --constraint $(LOWEST)/constraints.txt
	@touch $@

$(VENV)/.for-use: pyproject.toml scripts/build_hook.py $(CATALOGUES) | $(BIN)/python
	@echo "Installing hgw with its local gateway into $(VENV)"
	@$(PIP) --editable '.[local]'
	@touch $@

$(VENV)/.for-work: $(VENV)/.for-use
	@echo "Installing the tools of development into $(VENV)"
	@$(PIP) --group dev
	@touch $@
