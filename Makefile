# Every target sets up what it needs, so any of them works in a fresh clone.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format bench docs gpu clean

PYTHON ?= python3
# An index with the CPU build of torch, where the machine has no GPU: it saves gigabytes.
TORCH_INDEX ?=
READY := .venv/.ready
# Their own requirements drag in another build of torch, or libraries that only their unused parts need.
UNRESOLVED_PEERS := torchattacks==3.5.1 pyautoattack==0.2.0 foolbox==3.3.4 eagerpy==0.30.0 \
	adversarial-robustness-toolbox==1.20.1 torch-pruning==1.6.1 GitPython gitdb smmap packaging six tqdm
PIP := .venv/bin/python -m pip install --disable-pip-version-check --quiet

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "burnish needs Python 3.11 or newer, and $(PYTHON) is older: make PYTHON=python3.12 ..." >&2; exit 2; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' constraints.txt)"
	$(PIP) -e '.[dev]' -c constraints.txt
	touch $(READY)

setup: $(READY)  ## create .venv with everything for development
	@echo "ready: .venv/bin/burnish --help"

demo: $(READY)  ## fit, score and report models on real bundled data
	.venv/bin/burnish run quickstart

test: $(READY)  ## run the tests; no network
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2

lint: $(READY)  ## check style and types
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

format: $(READY)  ## put every file in the project's format
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

bench: $(READY)  ## measure every claim beside its peers (minutes)
	$(PIP) -e '.[dev,peers]' -c constraints.txt
	$(PIP) --no-deps $(UNRESOLVED_PEERS)
	@missed=""; for script in $$(grep -l '^if __name__' benchmarks/*.py | grep -v -e /gpu_ -e /page); do \
		echo "$$script"; .venv/bin/python "$$script" || missed="$$missed $$script"; \
	done; \
	.venv/bin/python benchmarks/page.py; \
	if [ -n "$$missed" ]; then echo "missed a bar, or failed:$$missed" >&2; exit 1; fi

docs: $(READY)  ## build the documentation into site/
	.venv/bin/mkdocs build --strict

# A GPU machine may hold nothing but torch and pytest, so this one target works without .venv.
gpu:  ## run the tests and benchmarks that need a GPU
	@export PYTHONPATH=src; \
	python=$$(test -x .venv/bin/python && echo .venv/bin/python || echo $(PYTHON)); \
	files=$$(grep -rl --include='test_*.py' 'mark\.gpu' tests || true); \
	if [ -n "$$files" ]; then \
		"$$python" -m pytest -c /dev/null --rootdir=. --import-mode=importlib -m gpu $$files; \
	else echo "no test needs a GPU"; fi; \
	for script in $$(ls benchmarks/gpu_*.py 2>/dev/null); do "$$python" "$$script"; done

clean:  ## remove .venv and everything that was built; runs/ stays
	rm -rf .venv build dist site src/*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
