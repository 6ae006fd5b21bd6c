# make demo   a synthetic SOC, every analysis on it, demo/report.html
# make test   the tests
# make check  the static gate: ruff, mypy, import-linter, house rules
# make slow   what takes an hour or two: a pull killed 50 times, every failure of an API in every setting, pulls into
#             PostgreSQL, files of 5 GB (20 GB of disk)
# make fuzz   every property of the tests on ten times as many examples, new ones each time: an hour
# make bench  speed, as ratios to a floor measured in the same run
# make lock   new versions into the lock files
# Each installs what it needs into .venv first; all that must be there is Python 3.11+ and make.

SHELL := /bin/bash
BIN := .venv/bin
DEMO ?= demo

.PHONY: demo test slow fuzz check bench lock lab clean core dev compared chromium postgresql format

demo: core
	@$(BIN)/watchfloor demo $(DEMO)

test: dev chromium postgresql
	@scripts/test.sh $(TESTS)

slow: dev postgresql
	@$(BIN)/python -m pytest -m slow $(TESTS)

fuzz: dev
	@WATCHFLOOR_FUZZ=10 $(BIN)/python -m pytest -m hypothesis $(TESTS)

check: dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: dev compared
	@for file in bench/*.py; do $(BIN)/python $$file || failed=1; done; exit $${failed:-0}

lab: dev
	@$(BIN)/watchfloor demo $(DEMO) && WATCHFLOOR_DEMO=$(CURDIR)/$(DEMO) $(BIN)/jupyter lab src/watchfloor/notebooks

lock: dev
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/lock.sh

core:
	@scripts/venv.sh core

dev:
	@scripts/venv.sh dev

# There is no ClickHouse for Windows: the benchmarks say what they leave out.
compared:
	@scripts/venv.sh bench || echo "without pandas and ClickHouse: what is compared with them is left out"

chromium:
	@scripts/install-chromium.sh

postgresql:
	@scripts/install-postgresql.sh

clean:
	rm -rf .venv demo dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
