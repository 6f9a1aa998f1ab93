# What a newcomer needs: make demo, make test, make check. The rest helps development; `make help` lists it.
# Steps that install or build are skipped while their inputs are unchanged (deploy/bootstrap.py).

SHELL := /bin/sh
PYTHON ?= python3
BOOTSTRAP := $(PYTHON) deploy/bootstrap.py
BIN := .venv/bin
TOOLING := BEEP_TOOLING=1
NPM := PATH="$$($(BOOTSTRAP) node-path):$$PATH" npm --prefix web
PACKAGES := beep accounts messaging audit

.DEFAULT_GOAL := help
.PHONY: help demo backup restore install web test test-python test-web test-browser check check-apart check-python \
	check-style check-types check-layers check-migrations check-web check-web-style check-web-types check-web-format \
	check-generated check-licences format generate requirements soak bench bench-peers bench-web bench-audit bench-console \
	bench-groups profile clean need-python
# Of what may run side by side, so many do: this many checks, and processes of the server's tests.
JOBS := 2

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

need-python:
	@command -v $(PYTHON) >/dev/null || { echo "Beep needs Python 3.11 or newer (sudo apt install python3 python3-venv)"; exit 1; }

demo: need-python ## run everything on this machine, with a made-up directory, at http://localhost:8000
	@$(BOOTSTRAP) install web
	@exec $(BIN)/python -m beep.demo --with-parent

backup: need-python ## write the demo's data and secrets to FILE (make restore FILE=… makes a new .beep from it)
	@test -n "$(FILE)" || { echo "make backup FILE=/where/to/put/it"; exit 1; }
	@$(BOOTSTRAP) install
	@$(BIN)/python -m beep.backup take "$(FILE)"

restore: need-python ## make .beep anew from FILE
	@test -n "$(FILE)" || { echo "make restore FILE=/where/it/is"; exit 1; }
	@$(BOOTSTRAP) install
	@$(BIN)/python -m beep.backup restore "$(FILE)"

install: need-python ## virtual environment with all packages, those for development included
	@$(BOOTSTRAP) install-dev

web: install ## install the client's packages and build web/dist
	@$(BOOTSTRAP) web

test: test-python test-web test-browser ## everything: server, client, browser stories

test-python: install ## server tests against embedded PostgreSQL and Valkey
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal --durations 10

test-web: web ## client tests under Node
	$(NPM) test

test-browser: web ## whole stories in real Chromium
	BEEP_CHROMIUM="$$($(BOOTSTRAP) chromium)" $(BIN)/python -m tests.scenarios

# What each says is kept together; generated files are made when nobody reads them any more.
check: install ## style, types, layers, generated files, licences
	@$(MAKE) --no-print-directory --jobs=$(JOBS) --output-sync=target check-apart
	@$(MAKE) --no-print-directory check-generated

check-apart: check-types check-web-style check-web-types check-migrations check-layers check-style check-web-format check-licences

check-python: check-style check-types check-layers check-migrations

check-style: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

check-types: install
	$(TOOLING) $(BIN)/mypy

check-layers: install
	$(BIN)/lint-imports

check-migrations: install
	$(TOOLING) $(BIN)/python -W ignore manage.py makemigrations --check --dry-run

check-web: check-web-style check-web-types check-web-format

check-web-style: web
	$(NPM) run lint

check-web-types: web
	$(NPM) run check

check-web-format: web
	$(NPM) run format:check

# Not `git diff`: a file that nobody has added yet must fail as well.
check-generated: generate
	@changed="$$(git status --porcelain -- web/src/wire docs/protocol.md tests/vectors)"; \
	if [ -n "$$changed" ]; then echo "Generated files are not as committed; commit them:"; echo "$$changed"; exit 1; fi

check-licences: web
	$(BIN)/python deploy/licences.py

generate: web ## write web/src/wire, docs/protocol.md and the test vectors
	$(TOOLING) $(BIN)/python -m messaging.codegen
	@printf '%s\n' tests/vectors/make_*.py | PYTHONPATH=. $(TOOLING) xargs -P $(JOBS) -I {} sh -c 'echo {}; exec $(BIN)/python {}'

format: web ## put all sources into their one form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(NPM) run format

soak: install web ## the long forms: ROUNDS=200 kills, PASSES=2 over all links, WALKS=300 random walks, RACES=500 rounds, stories
	FAULT_ROUNDS=$(or $(ROUNDS),200) FAULT_PASSES=$(or $(PASSES),2) FAULT_VALKEY_SECONDS=300 FAULT_DEVICES=60 \
		$(BIN)/python -m pytest tests/faults
	SOAK=1 $(BIN)/python -m pytest tests/beep/test_demo.py
	LATE_COMMITS=20000 INTEGRATOR_KILLS=10 $(BIN)/python -m pytest tests/audit/test_integrator.py
	HOSTILE_SECONDS=600 LARGE_MEMBERS=5000 $(BIN)/python -m pytest -s \
		tests/messaging/engine/test_hostile.py tests/messaging/engine/test_large.py
	GROWTH=260 $(NPM) test -- tests/core/growth.test.ts
	WALK_SEEDS=$(or $(WALKS),300) WALK_STEPS=150 RACE_ROUNDS=$(or $(RACES),500) RACE_EVERY=10 \
		$(NPM) test -- tests/core/walk.test.ts tests/core/races.test.ts
	SOAK=1 KILL_STORY_ROUNDS=20 BEEP_CHROMIUM="$$($(BOOTSTRAP) chromium)" $(BIN)/python -m tests.scenarios

bench-groups: web ## print the measurements of large groups as JSON lines
	PATH="$$($(BOOTSTRAP) node-path):$$PATH" node web/scripts/bench-groups.mjs

# The audit's figures at sizes that take minutes; bench-audit and bench-console take them at full size.
bench: install web ## what the server bears: W1 to W6 under both servers, and the audit log; JSON lines and a table
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.audit --leaves $(or $(LEAVES),200000) --pairs $(or $(PAIRS),10) --seconds 2
	$(BIN)/python -m benchmarks.siem --leaves $(or $(LEAVES),50000)
	$(BIN)/python -m benchmarks.keys
	$(BIN)/python -m benchmarks.console --rows $(or $(ROWS),500000)
	$(NPM) test -- tests/crypto/transparency/figures.test.ts

bench-peers: install ## Beep beside ejabberd, Prosody and Synapse, which it fetches; JSON lines, figures and ratios
	$(BIN)/python -m benchmarks.peers

bench-audit: install web ## the audit log at a million entries: events/s, proofs, verification, SIEM feed, cost to messages
	$(BIN)/python -m benchmarks.audit
	$(BIN)/python -m benchmarks.siem
	$(BIN)/python -m benchmarks.keys
	$(NPM) test -- tests/crypto/transparency/figures.test.ts

bench-console: install ## first pages of the console over five million entries, as JSON lines
	$(BIN)/python -m benchmarks.console

bench-web: web ## what a person at a browser waits for, as JSON lines
	BEEP_CHROMIUM="$$($(BOOTSTRAP) chromium)" $(BIN)/python -m benchmarks.web

profile: install ## where the server's time goes in W1 and W2 (py-spy)
	$(BIN)/python -m benchmarks.profile

UV_COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11
requirements: install ## pin requirements.txt and requirements-dev.txt anew; UPGRADE=1 takes newer versions
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.txt
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) requirements-dev.in -o requirements-dev.txt

clean: ## remove what was built and installed, and the demo's data
	rm -rf .venv .beep web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
