# Two commands matter: `make demo` and `make test`. Both set the environment up when it is missing.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# A shell that forbids compiled files makes every start of the command twice as slow.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check bench docs messages lock clean

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml $(wildcard cityloop/locale/*/LC_MESSAGES/django.po)
	test -x $(BIN)/uv || { $(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	$(BIN)/python -m docs.messages compile
	touch $@

demo: setup
	$(BIN)/cityloop demo $(ARGS)

test: setup
	$(BIN)/pytest -n 2 $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check
	$(BIN)/python -m docs.messages check
	DATABASE_URL=$(NO_DATABASE) $(BIN)/python -m django makemigrations --check --dry-run --settings cityloop.config.settings

# Nothing listens there: the check compares models with migration files and must not need a server.
NO_DATABASE := postgresql://nobody@127.0.0.1:9/none?connect_timeout=1

bench: setup
	$(BIN)/python -m bench $(ARGS)

docs: setup
	$(BIN)/python -m docs.generate

messages: setup
	$(BIN)/python -m docs.messages update

lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .cityloop
