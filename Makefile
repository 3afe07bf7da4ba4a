# All commands of the project; `make help` lists them. Only Python and make have to be installed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
TENANT ?= acme
ROLE ?= manager
export TENANT ROLE
EXAMPLE ?=
SENDER ?=
CONTEXT ?=
BENCH ?=
SKIP_PREFLIGHT ?=
STACK ?=
POSTS ?= 1000
RUN ?=
CLEAN ?=
OUT ?=
PREFIX ?=
# The CLI that deploys to AWS; synthesis itself needs only the library in requirements.txt.
CDK_CLI := aws-cdk@2.1148.1

VENV := .venv
# The virtual environment first: it brings its own Node for CDK.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Two workers: the tests that need the local stack share one.
PYTEST := pytest -n 2 --dist loadgroup

.PHONY: help
help:  ## List the targets
	@awk 'BEGIN {FS = ":.*  ## "} /^[a-z-]+:.*  ## / {printf "  \033[1m%-11s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." \
	       "Name another one: make PYTHON=/path/to/python3.13 <target>" >&2; exit 1; }
	@echo "installing the dependencies into $(VENV) (once, and again when requirements.txt changes)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.PHONY: demo
demo: $(VENV)/.installed  ## Run one campaign from brief to approval on this machine (EXAMPLE=name picks the brief)
	@exec python -m local.cli demo $(if $(EXAMPLE),--example $(EXAMPLE))

.PHONY: run
run: $(VENV)/.installed  ## Run the local stack in the foreground, with its logs; Ctrl-C stops it and keeps its state
	@exec python -m local.cli run

.PHONY: up
up: $(VENV)/.installed  ## Start the local stack in the background; writes .local/stack.json
	@python -m local.cli up

.PHONY: down
down: $(VENV)/.installed  ## Stop the local stack; its state is kept
	@python -m local.cli down

.PHONY: status
status: $(VENV)/.installed  ## Show whether the local stack runs, and its URLs
	@python -m local.cli status

.PHONY: logs
logs: $(VENV)/.installed  ## Follow the Lambdas' logs
	@exec python -m local.cli logs

.PHONY: token
token: $(VENV)/.installed  ## Print a bearer token and nothing else (TENANT=acme|globex ROLE=manager|viewer)
	@python -m local.cli token -- "$$TENANT" "$$ROLE"

.PHONY: dlq-list dlq-replay
dlq-list: $(VENV)/.installed  ## List direct invocations that were refused for good (DLQ='--aws --prefix stage-' for AWS)
	@python -m local.cli dlq list $(DLQ)
dlq-replay: $(VENV)/.installed  ## Send them once more
	@python -m local.cli dlq replay $(DLQ)

.PHONY: test
test: $(VENV)/.installed  ## Run everything that CI runs
	@$(PYTEST) -m 'not soak'

.PHONY: test-fast
test-fast: $(VENV)/.installed  ## Unit and property tests only: no local stack, browser or CDK synthesis; under a minute
	@$(PYTEST) -m 'not stack and not browser and not soak and not slow'

.PHONY: verify
verify: $(VENV)/.installed  ## Test a deployed stack, then remove what that created (STACK=file POSTS=1000; CLEAN=1 only removes)
	@if [ -z "$(STACK)" ]; then echo "STACK=file is needed: .local/stack.json, or what 'make stack-file OUT=file' wrote" >&2; exit 2; fi
	@if [ -n "$(CLEAN)" ]; then exec python -m local.cli verify-clean --stack '$(STACK)' --run '$(RUN)'; \
	  else exec env VERIFY_STACK='$(STACK)' VERIFY_POSTS='$(POSTS)' VERIFY_RUN='$(RUN)' pytest -q tests/verify; fi

.PHONY: verify-reference
verify-reference: $(VENV)/.installed  ## Record the local stack's behaviour, with which other stacks are compared
	@VERIFY_REFERENCE=write pytest -q tests/verify

.PHONY: stack-file
stack-file: $(VENV)/.installed  ## Write a stack file for the account of your credentials (OUT=file PREFIX=stage-)
	@if [ -z "$(OUT)" ]; then echo "OUT=file is needed: where to write it" >&2; exit 2; fi
	@python -m local.cli stack-file --out '$(OUT)' --prefix '$(PREFIX)'

.PHONY: soak
soak: $(VENV)/.installed  ## Run the long fault and load tests
	@pytest -m soak

.PHONY: lint
lint: $(VENV)/.installed  ## Run ruff and mypy
	@ruff check .
	@ruff format --check .
	@mypy

.PHONY: synth
synth: $(VENV)/.installed  ## Write the CloudFormation templates for AWS to cdk.out
	@CDK_OUTDIR=cdk.out CDK_CONTEXT_JSON="$$(python -c 'import json; print(json.dumps(json.load(open("cdk.json"))["context"] | {"sender": "$(or $(SENDER),campaigns@example.com)"}))')" \
	  python cdk_app.py
	@ls cdk.out/*.template.json

.PHONY: diagram
diagram: $(VENV)/.installed  ## Draw the workflow again if its definition changed, for the API, the console and the docs
	@python -m local.diagram

.PHONY: brief-fields
brief-fields: $(VENV)/.installed  ## Write the table of a brief's fields into docs/brief.md, from the models
	@python -m local.brief_fields

.PHONY: bench
bench: $(VENV)/.installed  ## Measure cost, cold starts, throughput and growth (BENCH="--full --only cost")
	@python -m bench $(BENCH)

.PHONY: bootstrap
bootstrap: $(VENV)/.installed  ## Prepare your AWS account and region, once: the CDK's own stack, and API Gateway's log role
	@npx --yes $(CDK_CLI) bootstrap -c sender=campaigns@example.org
	@python -m local.cli prepare-account

.PHONY: preflight
preflight: $(VENV)/.installed  ## Check what the AWS account lacks for a deployment; creates nothing (SENDER=address CONTEXT='name=value …')
	@if [ -z "$(SENDER)" ]; then echo "SENDER=address is needed: the SES address that mails come from" >&2; exit 2; fi
	@python -m local.cli preflight -c sender='$(SENDER)' $(addprefix -c ,$(CONTEXT))

.PHONY: deploy
deploy: $(VENV)/.installed  ## Deploy to the AWS account of your credentials (SENDER=address CONTEXT='name=value …' SKIP_PREFLIGHT=1)
	@if [ -z "$(SENDER)" ]; then echo "SENDER=address is needed: the SES address that mails come from" >&2; exit 2; fi
	@if [ -z "$(SKIP_PREFLIGHT)" ]; then python -m local.cli preflight -c sender='$(SENDER)' $(addprefix -c ,$(CONTEXT)); fi
	@npx --yes $(CDK_CLI) deploy --all --require-approval broadening -c sender='$(SENDER)' $(addprefix -c ,$(CONTEXT))

.PHONY: token-aws
token-aws: $(VENV)/.installed  ## Print a bearer token for the API deployed on AWS (TENANT=… ROLE=…)
	@python -m local.cli token --aws -- "$$TENANT" "$$ROLE"

.PHONY: lock
lock: $(VENV)/.installed  ## Update the lock files from requirements/*.in
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' \
	  requirements/lambdas.in -o requirements/lambdas.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' \
	  requirements/project.in -c requirements/lambdas.txt -o requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' \
	  requirements/bench.in -o requirements/bench.txt

.PHONY: clean
clean:  ## Stop the local stack and delete its state and all caches, but not the virtual environment
	@if [ -x $(VENV)/bin/python ]; then python -m local.cli down >/dev/null; fi
	@rm -rf .local cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis
