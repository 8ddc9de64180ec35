# Every habit of the project. `make demo` and `make test` need python3 >= 3.11, make and the package index.
# What stands behind ## is what `make help` says of a target.
PYTHON ?= python3
VENV := .venv
# Versions to install by: those that the tests passed with.
CONSTRAINTS := constraints.txt
VIEWER := 3dmol@2.5.5
VIEWER_PARTS := pako@2.1.0 netcdfjs@3.0.0 iobuffer@5.3.2 upng-js@2.1.0
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: help demo test test-all test-minimum test-newest check types pytest format hooks bench docs docs-site \
  notebooks validation vendor clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## */\1#/p' Makefile | awk -F '#' '{ printf "make %-13s %s\n", $$1, $$2 }'

$(VENV)/.runtime: pyproject.toml $(CONSTRAINTS)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing molmach into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dev]'
	@touch $@

demo: $(VENV)/.runtime ## install, simulate a rotor with its controls, show the verdict and the report's path
	@rm -rf runs/demo
	@$(BIN)/molmach demo -o runs/demo

test: check pytest ## install, lint, types, import contract, tests

test-all: check ## the same with the slow tests: statistics over many seeds, long runs, every page of the documents
	@$(BIN)/pytest -n $(WORKERS) -m "not gpu"

test-minimum: build/minimum-constraints.txt ## the tests with the lowest versions that pyproject.toml promises (Python 3.11)
	@$(MAKE) pytest VENV=.venv-minimum CONSTRAINTS=$<

test-newest: build/no-constraints.txt ## the tests with the newest versions that the package index has
	@$(MAKE) pytest VENV=.venv-newest CONSTRAINTS=$<

build/minimum-constraints.txt: pyproject.toml tools/minimum_constraints.py
	@mkdir -p build && $(PYTHON) tools/minimum_constraints.py > $@.tmp && mv $@.tmp $@

build/no-constraints.txt:
	@mkdir -p build && touch $@

check: $(VENV)/.dev types ## lint, types and import contract, no tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev ## types and import contract
	@# agents/ and systems/ are mapped into the package, which neither mypy nor import-linter follows:
	@# both look at a copy laid out as the package is installed, beside the tests and what they import.
	@rm -rf .check && mkdir .check && cp -r molmach tests benchmarks tools .check/ && cp -r agents systems .check/molmach/
	@cd .check && ../$(BIN)/mypy --config-file ../pyproject.toml -p molmach -p tests
	@cd .check && PYTHONPATH=. ../$(BIN)/lint-imports --no-cache ../pyproject.toml

pytest: $(VENV)/.dev ## the tests alone, in WORKERS processes (2)
	@$(BIN)/pytest -n $(WORKERS)

format: $(VENV)/.dev ## format the code, and mend what lint can mend
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

hooks: $(VENV)/.dev ## have git lint, format and check types before every commit
	@$(BIN)/pre-commit install

bench: $(VENV)/.runtime ## speed of the engines on each platform, as ratios
	@$(BIN)/molmach bench

docs: $(VENV)/.runtime ## the pictures and the list of quantities in docs/, made by the program
	@$(BIN)/python docs/make_quantities.py
	@$(BIN)/python docs/make_pictures.py

docs-site: $(VENV)/.dev ## the documentation as a site in build/site (executes the notebooks)
	@$(BIN)/python docs/site/build.py
	@echo "build/site/index.html"

# Copies are executed, so that neither outputs nor run folders come into the tree; the reader's own
# settings of Jupyter and IPython are left out.
notebooks: $(VENV)/.dev ## execute every notebook; pages to read in build/notebooks (a minute or two)
	@rm -rf build/notebooks && mkdir -p build/notebooks && cp notebooks/*.ipynb build/notebooks/
	@cd build/notebooks && JUPYTER_NO_CONFIG=1 IPYTHONDIR="$$PWD/.ipython" ../../$(BIN)/python -m nbconvert \
	  --execute --to html --log-level ERROR *.ipynb
	@rm build/notebooks/*.ipynb
	@ls build/notebooks/*.html

validation: $(VENV)/.dev ## docs/validation.md: ours beside the references (about a quarter of an hour)
	@$(BIN)/molmach validate --markdown > docs/validation.md.tmp; status=$$?; \
	mv docs/validation.md.tmp docs/validation.md; exit $$status

# What the viewer's one file holds are several packages; the licence of each goes with it.
vendor: ## fetch the reports' molecular viewer anew, at its pinned version (needs npm)
	@rm -rf build/vendor && mkdir -p build/vendor
	@cd build/vendor && for part in $(VIEWER) $(VIEWER_PARTS); do \
	  tar xzf "$$(npm pack --silent $$part)" && mv package $$part && \
	  { echo "== $$part"; echo; cat $$part/LICENSE; echo; } >> LICENSES.txt || exit 1; done
	@cp build/vendor/$(VIEWER)/build/3Dmol-min.js build/vendor/LICENSES.txt molmach/report/vendor/
	@cd molmach/report/vendor && sha256sum --check --quiet SHA256SUMS

clean: ## remove environments, builds and caches; run folders stay
	rm -rf .venv .venv-minimum .venv-newest .check build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
