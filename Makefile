# The one door: every target sets up what it needs by itself.
PYTHON ?= python3
PROMPT ?= Tell me about yourself, tell me the time, and open the calculator.
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e
RUNS := .venv/.runs
READY := .venv/.ready
NODE_MODULES := tests/node/node_modules

.PHONY: help demo serve ask test test-slow check protos bench fuzz clean

help:  ## show this
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(RUNS): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Stentor needs Python 3.11 or newer")'
	@echo "setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) '.[espeak,normalize]'
	@touch $@

$(READY): $(RUNS)
	@echo "adding what tests and checks need (once) ..."
	@$(INSTALL) '.[espeak,jwt,loudness,normalize,piper,resample,speed,test,dev]'
	@touch $@

demo: $(RUNS)  ## ask a question: prints the answer, a command and the timings, writes build/demo.wav
	@mkdir -p build
	@$(BIN)/stentor ask "$(PROMPT)" --wav build/demo.wav

serve: $(RUNS)  ## start the server of settings.toml
	@$(BIN)/stentor serve

ask: $(RUNS)  ## make ask PROMPT="What time is it?"
	@$(BIN)/stentor ask "$(PROMPT)"

test: $(READY)  ## run the tests
	@$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist worksteal

$(NODE_MODULES): tests/node/package.json
	@if command -v npm > /dev/null; then npm install --silent --no-package-lock --prefix tests/node && touch $@; fi

test-slow: $(READY) $(NODE_MODULES)  ## run the tests that take their time
	@$(BIN)/python -m pytest -m slow -n logical --maxprocesses 4 --dist worksteal

check: $(READY)  ## ruff, mypy, import-linter, generated code up to date
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/test_protos.py

protos: $(READY)  ## generate the code of protos/streaming.proto
	@$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. protos/streaming.proto

bench: $(READY)  ## the benchmarks that docs/measured.md quotes
	@$(INSTALL) '.[bench]'
	@$(BIN)/python -m benchmarks.overhead
	@$(BIN)/python -m benchmarks.refusals
	@$(BIN)/python -m benchmarks.failures
	@$(BIN)/python -m benchmarks.speculation
	@$(BIN)/python -m benchmarks.segmenter
	@$(BIN)/python -m benchmarks.spoken
	@$(BIN)/python -m benchmarks.model
	@$(BIN)/python -m benchmarks.speech
	@$(BIN)/python -m benchmarks.first_clause

fuzz: $(READY)  ## look for replies that break the segmenter, for some minutes
	@$(BIN)/python -m pytest tests/pipeline/segmenter tests/pipeline/commands --hypothesis-profile=fuzz

clean:  ## forget the environment and everything built
	@rm -rf .venv build dist *.egg-info
