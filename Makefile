# Needs Python >= 3.11, make and nothing else; everything is installed into $(VENV), in the checkout.
PYTHON ?= python3
VENV ?= .venv
# Passed on to pytest: make test ARGS="-k hour -x"
ARGS ?=
# Passed on to the resolver: make lock LOCK_ARGS=--upgrade
LOCK_ARGS ?=

# Found before PATH changes, so that it is never the environment's own.
BASE := $(or $(shell command -v $(PYTHON)),$(PYTHON))
PYVER := $(shell $(BASE) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
BIN := $(abspath $(VENV))/bin
# pip is given PATH too, because the build backend is found there.
export PATH := $(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# No look for a newer pyright.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

VERSION_OF := -c 'import pip, sys; print("%d.%d" % sys.version_info[:2])'
# A stamp names the version of Python, so another PYTHON makes the environment anew.
RUN := $(VENV)/.run-$(PYVER)
DEV := $(VENV)/.dev-$(PYVER)
BENCH := $(VENV)/.bench-$(PYVER)
INSTALL := $(BIN)/python -m pip install --quiet
LOCKED := $(INSTALL) --require-hashes --requirement

.DEFAULT_GOAL := help
.PHONY: help venv demo services services-stop services-status test test-deep cov lint types check bench docs lock-law lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

$(RUN): pyproject.toml requirements/run.lock.txt
	@$(BASE) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "minorguard needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	@test "$$($(BIN)/python $(VERSION_OF) 2>/dev/null)" = "$(PYVER)" || \
		{ echo "making $(VENV) with Python $(PYVER)"; $(BASE) -m venv --clear $(VENV); }
	@echo "installing minorguard into $(VENV)"
	@$(LOCKED) requirements/run.lock.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN) requirements/dev.lock.txt
	@echo "installing the development tools into $(VENV)"
	@$(LOCKED) requirements/dev.lock.txt
	@touch $@

$(BENCH): $(DEV) requirements/bench.lock.txt
	@echo "installing the benchmark's peers into $(VENV)"
	@$(LOCKED) requirements/bench.lock.txt
	@touch $@

venv: $(DEV) ## the environment with all development tools

demo: $(RUN) ## one evening of a game, told line by line
	sh examples/evening/run.sh

# Needs no environment: the standard library is enough. make services ARGS=redis for one of them.
services: ## start Redis and PostgreSQL for the tests, installing what is missing
	@$(BASE) tests/services.py start $(ARGS)

services-stop: ## end them
	@$(BASE) tests/services.py stop $(ARGS)

services-status: ## which of them run
	@$(BASE) tests/services.py status $(ARGS)

test: $(DEV) ## all tests but the slow proofs
	$(BIN)/python -m pytest -n auto $(ARGS)

test-deep: $(DEV) ## all tests, with the slow proofs
	$(BIN)/python -m pytest -n auto -m "deep or not deep" --timeout 3600 $(ARGS)

cov: $(DEV) ## the tests with branch coverage
	$(BIN)/python -m pytest -n auto --cov --cov-report term $(ARGS)

lint: $(DEV) ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV) ## mypy --strict and pyright
	$(BIN)/mypy --strict src $(wildcard tests/typing/*.py)
	$(BIN)/pyright --pythonpath $(BIN)/python

check: lint types ## lint and types

bench: $(BENCH) ## the benchmark, against its peers
	$(BIN)/python bench/run.py $(ARGS)

# Universal: one file for every system and Python >= 3.11. No index: a checkout is tied to no mirror.
COMPILE = .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links $(LOCK_ARGS) pyproject.toml

docs: $(RUN) ## write the table of rules and articles and the pictures anew
	$(BIN)/python docs/law/make.py > docs/law/README.md.new && mv docs/law/README.md.new docs/law/README.md
	$(BIN)/python docs/law/coverage.py > docs/law/coverage.md.new && mv docs/law/coverage.md.new docs/law/coverage.md
	for lang in zh en; do $(BIN)/minorguard calendar 2026 --age 14 --law cn.game --lang $$lang \
		--svg docs/img/play-calendar-2026.$$lang.svg; done

lock-law: $(RUN) ## write the digests of the law's editions anew
	$(BIN)/python -m minorguard.packs.lock $(ARGS) > LOCK.toml.new && mv LOCK.toml.new src/minorguard/packs/LOCK.toml

lock: ## resolve requirements/*.lock.txt anew
	@test -x .venv-lock/bin/uv || \
		{ $(BASE) -m venv --clear .venv-lock && .venv-lock/bin/python -m pip install --quiet 'uv>=0.13,<0.14'; }
	$(COMPILE) --group build --group test --group lint --group type -o requirements/dev.lock.txt
	$(COMPILE) --group build -c requirements/dev.lock.txt -o requirements/run.lock.txt
	$(COMPILE) --group bench -c requirements/dev.lock.txt -o requirements/bench.lock.txt
	@! grep -n '://' requirements/*.lock.txt

clean: services-stop ## remove everything that make made
	rm -rf .venv .venv-lock $(VENV) dist build .coverage .coverage.* htmlcov
	rm -rf .services .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests bench examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
