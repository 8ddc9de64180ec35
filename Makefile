# Every habit of the project. `make demo` and `make test` need python3 >= 3.11, make and the package index.
PYTHON ?= python3
VENV := .venv
VIEWER := 3dmol@2.5.5
VIEWER_PARTS := pako@2.1.0 netcdfjs@3.0.0 iobuffer@5.3.2 upng-js@2.1.0
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: help demo test test-all check format bench docs docs-site notebooks validation vendor clean
help:
	@echo "make demo      install, simulate a rotor with its controls, show the verdict and the report's path"
	@echo "make test      install, lint, types, import contract, tests"
	@echo "make test-all  the same with the slow tests"
	@echo "make check     lint, types and import contract only"
	@echo "make format    format the code"
	@echo "make bench     speed of the engine on each platform, as ratios"
	@echo "make docs      the pictures in docs/, made by the program"
	@echo "make docs-site  the documentation as a site in build/site (executes the notebooks)"
	@echo "make notebooks  execute every notebook; pages to read in build/notebooks/ (a minute or two)"
	@echo "make validation  docs/validation.md: ours beside the references (about a quarter of an hour)"
	@echo "make vendor    fetch the report's molecular viewer anew, at its pinned version (needs npm)"

$(VENV)/.runtime: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing molmach into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.runtime
	@rm -rf runs/demo
	@$(BIN)/molmach simulate difluorophenylene-rotor --replicas 8 --duration "100 ps" -o runs/demo

check: $(VENV)/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@# agents/ and systems/ are mapped into the package, which neither mypy nor import-linter follows:
	@# both look at a copy laid out as the package is installed.
	@rm -rf .check && mkdir .check && cp -r molmach .check/ && cp -r agents systems .check/molmach/
	@cd .check && ../$(BIN)/mypy --config-file ../pyproject.toml
	@cd .check && PYTHONPATH=. ../$(BIN)/lint-imports --no-cache ../pyproject.toml

test: check
	@$(BIN)/pytest -n $(WORKERS)

test-all: check
	@$(BIN)/pytest -n $(WORKERS) -m "not gpu"

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.runtime
	@$(BIN)/molmach bench

docs: $(VENV)/.runtime
	@$(BIN)/python docs/make_pictures.py

docs-site: $(VENV)/.dev
	@$(BIN)/python docs/site/build.py
	@echo "build/site/index.html"

# Copies are executed, so that neither outputs nor run folders come into the tree; the reader's own
# settings of Jupyter and IPython are left out.
notebooks: $(VENV)/.dev
	@rm -rf build/notebooks && mkdir -p build/notebooks && cp notebooks/*.ipynb build/notebooks/
	@cd build/notebooks && JUPYTER_NO_CONFIG=1 IPYTHONDIR="$$PWD/.ipython" ../../$(BIN)/python -m nbconvert \
	  --execute --to html --log-level ERROR *.ipynb
	@rm build/notebooks/*.ipynb
	@ls build/notebooks/*.html

validation: $(VENV)/.dev
	@$(BIN)/molmach validate --markdown > docs/validation.md.tmp; status=$$?; \
	mv docs/validation.md.tmp docs/validation.md; exit $$status

# What the viewer's one file holds are several packages; the licence of each goes with it.
vendor:
	@rm -rf build/vendor && mkdir -p build/vendor
	@cd build/vendor && for part in $(VIEWER) $(VIEWER_PARTS); do \
	  tar xzf "$$(npm pack --silent $$part)" && mv package $$part && \
	  { echo "== $$part"; echo; cat $$part/LICENSE; echo; } >> LICENSES.txt || exit 1; done
	@cp build/vendor/$(VIEWER)/build/3Dmol-min.js build/vendor/LICENSES.txt molmach/report/vendor/
	@cd molmach/report/vendor && sha256sum --check --quiet SHA256SUMS

clean:
	rm -rf $(VENV) .check build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
