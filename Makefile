# The environment lives in .venv; everything else is cached in the user's cache folder.
PYTHON ?= python3
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
LOCK_RUNTIME := $(LOCK) pyproject.toml
LOCK_DEV := $(LOCK) --constraint requirements/runtime.txt pyproject.toml stack/pyproject.toml --group dev
LOCK_BUILD := $(LOCK) --constraint requirements/dev.txt --group build

# What the manifests of a release name, and what runs on the cluster of `make e2e`.
IMAGE ?= eny-pds:0.1.0
KUBECTL ?= $(shell command -v kubectl || $(BIN)/python -c "import asyncio; from pds_stack.console import Console; from pds_stack.kubernetes import programs; print(asyncio.run(programs(Console())).kubectl)")

.PHONY: help install demo test unit browser lint explore crash-matrix soak no-fault backend-down bench e2e manifests format lock clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: .venv/installed ## Make .venv with everything locked in requirements/

.venv/installed: requirements/uv.txt requirements/dev.txt pyproject.toml stack/pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . --editable stack
	@touch $@

demo: install ## From a signed checkout to a running PDS, on the local stack
	@$(BIN)/pds-stack demo

test: install lint ## All checks and all tests
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

unit: install ## The tests that need no local stack
	@$(BIN)/pytest tests/unit

browser: install ## The portal in a real browser, on the local stack (Chromium has to be there)
	@$(BIN)/pytest tests/browser

explore: install ## Run the deploy protocol through every interleaving, with large bounds
	@PYTHONPATH=tests $(BIN)/python -m explorer --large $(ARGS)

crash-matrix: install ## Every exchange of a provision times every fault, on the local stack
	@PYTHONPATH=tests $(BIN)/python -m crash_matrix $(ARGS)

soak: install ## 2,000 customers, a fault every second, ten minutes (ARGS="--seed N" repeats one)
	@PYTHONPATH=tests $(BIN)/python -m soak faults $(ARGS)

no-fault: install ## 1,000 customers, ten runs, watches late and cut
	@PYTHONPATH=tests $(BIN)/python -m soak no-fault $(ARGS)

backend-down: install ## 500 customers, the backend down for an hour of the operator's clock, in four ways
	@PYTHONPATH=tests $(BIN)/python -m soak backend-down $(ARGS)

bench: install ## Each cost beside its floor, in one run (ARGS="--quick": in a minute)
	@PYTHONPATH=. $(BIN)/python -m bench $(ARGS)

e2e: install ## Install on the cluster of KUBECONFIG with the image IMAGE, try everything there, remove it
	@PATH="$(dir $(KUBECTL)):$$PATH" IMAGE="$(IMAGE)" PYTHONPATH=tests $(BIN)/python -m cluster $(ARGS)

lint: install ## ruff, mypy, import-linter, and the lock files against pyproject.toml
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --explicit-package-bases tests
	@$(BIN)/mypy --explicit-package-bases bench
	@$(BIN)/lint-imports --no-cache
	@cp requirements/runtime.txt requirements/dev.txt requirements/build.txt .venv/
	@$(LOCK_RUNTIME) -o .venv/runtime.txt && diff requirements/runtime.txt .venv/runtime.txt || { echo "pyproject.toml has changed: make lock"; exit 1; }
	@$(LOCK_DEV) -o .venv/dev.txt && diff requirements/dev.txt .venv/dev.txt || { echo "pyproject.toml has changed: make lock"; exit 1; }
	@$(LOCK_BUILD) -o .venv/build.txt && diff requirements/build.txt .venv/build.txt || { echo "pyproject.toml has changed: make lock"; exit 1; }

manifests: install ## Render dist/prerequisites.yaml and dist/install.yaml for a release (IMAGE=… names the image)
	@KUBECTL="$(KUBECTL)" sh deploy/render.sh dist "$(IMAGE)"

format: install ## Let ruff format and fix what it can
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: install ## Lock the newest versions that pyproject.toml allows
	@$(LOCK) --upgrade requirements/uv.in -o requirements/uv.txt
	@$(LOCK_RUNTIME) --upgrade -o requirements/runtime.txt
	@$(LOCK_DEV) --upgrade -o requirements/dev.txt
	@$(LOCK_BUILD) --upgrade -o requirements/build.txt

clean: ## Remove what the targets made in this folder
	rm -rf .venv .stack dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
