# `make run` and `make test` need Python 3.11 or newer, make and npm; they bring the rest themselves.
# Everything they make lies under var/, node_modules/ and static/vendor/. When root, the private
# PostgreSQL keeps its data under /var/lib/wedsync, because it refuses to run as root.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

BIN := var/venv/bin
STAMPS := var/stamps
WORKERS ?= 2

# Caches stay inside the checkout, and an absent HOME does no harm.
export HOME := $(or $(HOME),$(CURDIR)/var/cache)
export PIP_CACHE_DIR ?= $(CURDIR)/var/cache/pip
export npm_config_update_notifier := false
export npm_config_cache ?= $(CURDIR)/var/cache/npm
export HYPOTHESIS_STORAGE_DIRECTORY ?= $(CURDIR)/var/cache/hypothesis
export PLAYWRIGHT_BROWSERS_PATH ?= $(CURDIR)/var/cache/browsers
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# A registry that is slow for a moment is asked again.
export PIP_RETRIES ?= 10
export PIP_DEFAULT_TIMEOUT ?= 60
export npm_config_fetch_retries ?= 6
APT := apt-get -qq -o Acquire::Retries=5

# make test FAST=1 leaves out what takes longest.
SLOW_TESTS := tests/chaos tests/browser tests/far_ends
TESTS ?= tests
PYTEST := $(BIN)/python -m pytest -n $(WORKERS)

.PHONY: help needed setup suites run test check browser php picture bench soak lock clean

help:
	@echo "make run      set up, start everything, print the address and the demo's logins"
	@echo "make test     set up, check and test everything; FAST=1 leaves out the slow folders"
	@echo "make check    style, types, templates and import rules"
	@echo "make setup    packages, the front end built from them, and PHP, which some tests run"
	@echo "make suites   the public JSONLogic suites, which some tests read; part of make test"
	@echo "make picture  take README's picture of the builder anew, into docs/"
	@echo "make bench    measure, beside yardsticks of the same run, into var/bench/"
	@echo "make soak     every test, those that grow at full size, its report in var/soak/"
	@echo "make lock     renew requirements.lock and requirements-dev.lock"
	@echo "make clean    delete everything that was made, this checkout's private database included"

# What running needs; whoever tests needs a little more.
needed: $(STAMPS)/python $(STAMPS)/packages $(STAMPS)/front-end

setup: needed php

suites: $(STAMPS)/suites

$(STAMPS):
	@mkdir -p $@

$(STAMPS)/venv: | $(STAMPS)
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making var/venv with $$($$python --version)"; \
	    $$python -m venv var/venv && touch $@ && exit 0; \
	    echo "WedSync needs Python's venv module (Debian: apt-get install python3-venv)." >&2; exit 1; \
	  fi; \
	done; \
	echo "WedSync needs Python 3.11 or newer; python3 here is older or missing." >&2; exit 1

$(STAMPS)/python: $(STAMPS)/venv requirements-dev.lock pyproject.toml
	@# The locked pip first: one before 23.3 reads `pydantic[email]` and `pydantic` as two packages, tries a
	@# release newer than the locked one, and refuses it for its missing hash.
	@sed -n '/^pip==/,/# via/p' requirements-dev.lock > var/stamps/pip.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r var/stamps/pip.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@# Puts `wedsync` into the venv; setuptools would warn about a layout that is meant.
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation \
	  --editable .
	@touch $@

# The JSONLogic suites are in the sources of our evaluator: those of the locked release, by its hash.
$(STAMPS)/suites: $(STAMPS)/python tests/engine/unbuilt/maturin.py
	@mkdir -p var/suites
	@sed -n '/^datalogic-py==/,/# via/p' requirements.lock > var/suites/requirements.txt
	@# pip asks the build tool what the sources are called; the one in that folder needs no Rust.
	PYTHONPATH=$(CURDIR)/tests/engine/unbuilt $(BIN)/python -m pip download --quiet \
	  --require-hashes --no-deps --no-binary=datalogic-py --no-build-isolation \
	  --dest=var/suites --requirement=var/suites/requirements.txt
	@touch $@

$(STAMPS)/packages: package.json package-lock.json | $(STAMPS)
	@command -v npm >/dev/null || { echo "WedSync needs npm to build its front end." >&2; exit 1; }
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/front-end: $(STAMPS)/packages $(shell find templates static wedsync/cli/assets.mjs \
  -path static/vendor -prune -o -type f -print 2>/dev/null)
	npm run --silent build
	@touch $@

run: needed
	@$(BIN)/python -m wedsync up

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/lint-imports --no-logo --no-cache

test: setup suites check $(if $(FAST),,browser)
	$(PYTEST) $(TESTS) $(if $(FAST),$(SLOW_TESTS:%=--ignore=%))

# Chromium: the machine's own, else the system's package when root, else Playwright's build.
browser: setup
	@for browser in chromium chromium-browser google-chrome; do \
	  command -v $$browser >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  $(APT) update && \
	  DEBIAN_FRONTEND=noninteractive $(APT) install -y --no-install-recommends chromium; \
	else \
	  $(BIN)/python -m playwright install chromium; \
	fi

# PHP runs what partners paste to check our signature: the machine's own, else the system's package.
php:
	@command -v php >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  $(APT) update && \
	  DEBIAN_FRONTEND=noninteractive $(APT) install -y --no-install-recommends php-cli; \
	else \
	  echo "The tests need PHP on the command line (Debian: apt-get install php-cli)." >&2; exit 1; \
	fi

picture: setup browser
	$(BIN)/python -m tests.browser.readme_picture

bench: setup
	$(BIN)/python -m tests.bench

soak: setup suites browser
	@mkdir -p var/soak
	WEDSYNC_FULL_SIZE=1 $(PYTEST) $(TESTS) --timeout=3600 --junit-xml=var/soak/report.xml

# Hashes of every build of every package, and no address of where they came from.
PIP_COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
  --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
lock: $(STAMPS)/venv
	$(PIP_COMPILE) $(UPGRADE) --output-file=requirements.lock pyproject.toml
	$(PIP_COMPILE) $(UPGRADE) --extra=dev --constraint=requirements.lock \
	  --output-file=requirements-dev.lock pyproject.toml

clean:
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m wedsync db delete --yes; fi
	rm -rf var node_modules static/vendor wedsync.egg-info
	find wedsync workers tests -name __pycache__ -type d -prune -exec rm -rf {} +
