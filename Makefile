# Everything a person does with this checkout. `make` alone lists it.
#
# Environments are made here, by pip alone, from the hashes in requirements/:
#   .venv        what `make demo` needs, and on top of it what the tests and checks need
#   .venv-bench  Porch and the proxies it is compared with, on a fast interpreter
#   .venv-schemathesis  what makes questions to the admin door out of its document
# Another interpreter: make PYTHON=/path/to/python3 demo (after `make clean`).

PYTHON ?= python3
# Debian builds its Python with PGO and LTO, which makes it 15 to 25 % faster than most others.
BENCH_PYTHON ?= $(or $(shell /usr/bin/python3 -c 'import ensurepip, sys; \
	print("/usr/bin/python3" if sys.version_info >= (3, 11) else "")' 2>/dev/null),$(PYTHON))

BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Wheels only, and only those whose hash is written down: no compiler is ever needed.
LOCKED := -m pip install --quiet --require-hashes --only-binary=:all: --requirement
CHECKOUT := -m pip install --quiet --no-deps --no-index --no-build-isolation --editable .
PYTEST := $(BIN)/python -m pytest
PARTS := $(BIN)/python scripts/test-in-parts

.PHONY: help .venv demo test test-all soak h2spec conformance check format bench lock clean

help: ## this list
	@sed -n 's/^\([a-z0-9.-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: .venv/demo.stamp ## three backends with Porch before them; Ctrl-C ends all of it
	@exec $(BIN)/porch demo

test: .venv/dev.stamp ## every test that needs no system package; ARGS=tests/cache for some
	$(PARTS) -m "not system and not soak" $(ARGS)

test-all: .venv/dev.stamp .venv-schemathesis/tool.stamp ## every test but the long ones; nothing is skipped
	scripts/install-system
	$(PARTS) -m "not soak" --no-skips $(ARGS)

# What an operator trusts a door with: reloads, upgrades, crashes, stops.
LIVES := tests/manage $(patsubst %,tests/e2e/test_%.py,crash reload stop supervisor systemd_activation upgrade)

soak: .venv/dev.stamp ## long repeats, kills and fuzzing; all of reload, upgrade and crash 50 times
	HYPOTHESIS_PROFILE=soak $(PYTEST) -m soak --timeout=0 $(ARGS)
	$(PYTEST) -m "not soak and not system" --count 50 --repeat-scope session --maxfail 1 -q $(LIVES)

h2spec: .venv/dev.stamp ## what h2spec finds at a door (H2SPEC=/path/to/h2spec, built elsewhere)
	$(BIN)/python scripts/h2spec $(H2SPEC)

conformance: .venv/dev.stamp ## the cache by the public suite (SUITE=/path/to/its/checkout, with node)
	$(BIN)/python scripts/conformance "$(SUITE)" $(ARGS)

check: .venv/dev.stamp ## lint, format, types, and the rules of this codebase
	scripts/check

format: .venv/dev.stamp ## rewrite the code as `check` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv-bench/bench.stamp ## side by side with nginx, HAProxy, Caddy, Traefik and Envoy
	.venv-bench/bin/python bench/run.py $(ARGS)

lock: ## write requirements/*.txt anew from pyproject.toml (ARGS=--upgrade for newer versions)
	PYTHON="$(PYTHON)" scripts/lock $(ARGS)

clean: ## remove the environments and whatever tools left behind
	rm -rf .venv .venv-bench .venv-lock .venv-schemathesis .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
	find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.venv: .venv/dev.stamp ## the development environment

.venv/made.stamp:
	@scripts/make-venv "$(PYTHON)" .venv
	@touch $@

.venv/demo.stamp: requirements/demo.txt pyproject.toml | .venv/made.stamp
	@echo "installing what the demo needs into .venv ..."
	@$(BIN)/python $(LOCKED) requirements/demo.txt
	@$(BIN)/python $(CHECKOUT)
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/demo.stamp
	@echo "installing what tests and checks need into .venv ..."
	@$(BIN)/python $(LOCKED) requirements/dev.txt
	@touch $@

# It wants an older library than Porch does, so that it has a place of its own.
.venv-schemathesis/tool.stamp: requirements/schemathesis.txt
	@scripts/make-venv "$(PYTHON)" .venv-schemathesis
	@.venv-schemathesis/bin/python $(LOCKED) requirements/schemathesis.txt
	@touch $@

.venv-bench/bench.stamp: requirements/bench.txt pyproject.toml
	@scripts/make-venv "$(BENCH_PYTHON)" .venv-bench
	@echo "installing Porch and the proxies it is compared with into .venv-bench ..."
	@.venv-bench/bin/python $(LOCKED) requirements/bench.txt
	@.venv-bench/bin/python $(CHECKOUT)
	@touch $@
