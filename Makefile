# Two commands: `make book` builds _build/html/index.html, `make test` tests everything. Both do their own set-up.

PYTHON ?= $(or $(shell command -v python3.11),$(shell command -v python3))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DELETE_ON_ERROR:
.PHONY: help book test live lint lock clean
.DEFAULT_GOAL := help

help:
	@echo "make book    build the book: _build/html/index.html"
	@echo "make test    build it, then test the package, the notebooks and the pages"
	@echo "make live    serve the book on localhost and rebuild it as files change"
	@echo "make lint    format and lint code and notebooks"
	@echo "make lock    write requirements.txt anew from pyproject.toml"
	@echo "make clean   remove the built book and the environment"

# Notebooks run side by side, one a core; `BOOK_PROCESSES=1 make book` runs one after another.
book: $(READY)
	$(BIN)/python _ext/book_build.py

test: book
	$(BIN)/python tests/browser/chromium.py --install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not timed"
	$(BIN)/python -m pytest -m timed

live: $(READY)
	$(BIN)/python _ext/book_build.py --live

lint: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

$(VENV)/bin/python:
	$(if $(PYTHON),,$(error The book needs Python 3.11 or newer, and there is no python3 here))
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The book needs Python 3.11 or newer; make PYTHON=/path/to/python3.11 names one")'
	$(PYTHON) -m venv $(VENV)

$(READY): $(VENV)/bin/python requirements.txt pyproject.toml
	rm -f $@
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

# The exact, tested set: everything that the package, the book and its tests need, and Jupyter to run chapters in.
# What is installed already stays as it is; `make clean lock` looks for newer versions of everything.
lock: $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet setuptools jupyterlab notebook -e .[book,test]
	$(BIN)/python -m pip freeze --all --exclude pip --exclude aecore | sed 's/+cpu$$//' > $(VENV)/requirements.txt
	mv $(VENV)/requirements.txt requirements.txt

clean:
	rm -rf _build $(VENV) *.egg-info build
