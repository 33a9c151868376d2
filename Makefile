# Five words. Each needs Python >= 3.11 and make, and sets up the rest by itself.

# What .venv is made with; only looked at while there is none.
PYTHON ?= python3
BIN := .venv/bin
SETUP := command -v "$(PYTHON)" >/dev/null || \
	{ echo "bobbin: Python 3.11 or newer is needed, and there is no $(PYTHON)." >&2; exit 2; }; \
	"$(PYTHON)" -I bots/setup.py

.PHONY: setup run test fix bench drill

setup:   ## everything into .venv, so that .venv/bin/bobbin works
	@$(SETUP)

run: setup   ## everything that is configured, in one process; with a chat on a terminal
	@exec $(BIN)/bobbin run

test:   ## lint, types, import rules, all tests
	@$(SETUP) --dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q -n 3 --dist loadfile --randomly-seed=1

fix:   ## format, and mend what lint can mend
	@$(SETUP) --dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench:   ## what the performance goals are measured with
	@$(SETUP) --dev
	@$(BIN)/python -m benchmarks

drill:   ## kill, stop and restart everything under load, and count
	@$(SETUP) --dev
	@$(BIN)/python -m benchmarks.drill
