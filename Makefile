# Five words. Each needs Python >= 3.11 and make, and sets up the rest by itself.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup run test fix bench drill

setup:   ## everything into .venv, so that .venv/bin/bobbin works
	@$(PYTHON) -I bots/setup.py

run: setup   ## everything that is configured, in one process; with a chat on a terminal
	@exec $(BIN)/bobbin run

test:   ## lint, types, import rules, all tests
	@$(PYTHON) -I bots/setup.py --dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q

fix:   ## format, and mend what lint can mend
	@$(PYTHON) -I bots/setup.py --dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench:   ## what the performance goals are measured with
	@$(PYTHON) -I bots/setup.py --dev
	@$(BIN)/python -m benchmarks

drill:   ## kill, stop and restart everything under load, and count
	@$(PYTHON) -I bots/setup.py --dev
	@$(BIN)/python -m benchmarks.drill
