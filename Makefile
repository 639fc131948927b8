# Each target first makes a .venv with requirements.txt if there is none, and then does its work.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# What is installed: the newest in range. CI and Docker take requirements.lock, exact versions whose content is checked.
REQUIREMENTS ?= requirements.txt

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --custom-compile-command "make lock"

.PHONY: install demo test test-slow lint format docs lock audit clean

install: $(INSTALLED)
	@echo "SceneLab is installed. Activate it in each new terminal: source $(VENV)/bin/activate"
	@echo "Then: scenelab --help"

demo: $(INSTALLED)
	$(BIN)/python demo.py

test: $(INSTALLED)
	$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile

test-slow: $(INSTALLED)
	$(BIN)/python -m pytest -m slow

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(INSTALLED)
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(INSTALLED)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --output-file requirements.lock requirements.txt
	sed '/^# Development/,$$d' requirements.txt | $(COMPILE) --constraint requirements.lock --output-file runtime.lock -

audit: $(INSTALLED)
	$(BIN)/python -m pip install --quiet pip-audit
	$(BIN)/pip-audit --require-hashes --requirement requirements.lock

clean:
	rm -rf demo $(VENV) build docs/_build *.egg-info

$(INSTALLED): $(REQUIREMENTS) setup.py
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r $(REQUIREMENTS)
	$(BIN)/python -m pip install --quiet --no-deps -e .
	touch $@
