# Each target is one line of words here and a program in scripts/. Nothing needs to be installed or set up beforehand
# but Python 3.11 or later, make, bash and git.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test check bench setup setup-clients-node setup-clients-az setup-clients-graph lock openapi dist clean

export PYTHON WITHOUT

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | awk -F'\t' '{ printf "  make %-19s %s\n", $$1, $$2 }'

demo: ## a running authority, an exchanged token, a refused one and its explanation (ONCE=1: stop after the last step)
	@scripts/setup.sh demo
	@.venv/bin/accredit demo $(if $(ONCE),--once)

test: ## set up what is needed and run every test there is (WITHOUT="clients-node ...": leave groups out)
	@scripts/setup.sh test
	@.venv/bin/python scripts/verify.py test

check: ## format, lint, types, import contracts, fast tests: under a minute, without network
	@scripts/setup.sh test
	@.venv/bin/python scripts/verify.py check

bench: ## the benchmarks (BENCH=B1,B2: these only; QUICK=1: under 40 s each)
	@scripts/setup.sh test
	@$(if $(or $(findstring B3,$(BENCH)),$(if $(BENCH),,all)),scripts/setup.sh clients-node)
	@.venv/bin/python -m benchmarks $(if $(BENCH),--bench $(BENCH)) $(if $(QUICK),--quick)

setup: ## the environment for work on this project, .venv
	@scripts/setup.sh test

setup-clients-node: ## Node and the clients that run on it, .env/clients-node
	@scripts/setup.sh clients-node

setup-clients-az: ## azure-cli, .env/clients-az (730 MB)
	@scripts/setup.sh clients-az

setup-clients-graph: ## msgraph-sdk, .env/clients-graph (400 MB)
	@scripts/setup.sh clients-graph

lock: ## write the locks again (UPGRADE=1: with the newest versions that are a week old)
	@scripts/lock.sh

openapi: ## write docs/reference/graph.openapi.json, the description of the directory API, again
	@scripts/setup.sh test
	@.venv/bin/python -m scripts.openapi

dist: ## wheel and source distribution, in dist/
	@scripts/setup.sh test
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) .venv/bin/python -m hatchling build --directory dist

clean: ## remove everything that make has made
	@rm -rf .venv .env dist .benchmarks .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
	  .ruff_cache tests/clients/node/node_modules src/accredit/_version.py
