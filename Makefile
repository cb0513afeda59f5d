# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
# Name PyTorch's CPU wheel index here to spare gigabytes of CUDA libraries: make test TORCH_INDEX=...
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
SETTINGS := pyproject.toml constraints.txt

.PHONY: demo test check parity bundles lint format clean

demo: $(VENV)/.runs ## play synthetic EEG through the real daemon and print its codes, live
	@$(BIN)/eegstream demo --seconds 20

test: $(VENV)/.tests ## run the tests
	@$(BIN)/python -m pytest

check: $(VENV)/.tests lint ## everything a change must pass
	@$(BIN)/python -m pytest

parity: $(VENV)/.tests ## play real recordings through a daemon and compare with encode; EEGSTREAM_DATA says where they are
	@$(BIN)/python -m tests.e2e.parity

bundles: $(VENV)/.tests ## train the shipped models again, as version VERSION; EEGSTREAM_DATA says where the recordings are
	@test -n "$(VERSION)" || { echo "say which version: make bundles VERSION=2" >&2; exit 1; }
	@for name in seed default; do \
		$(BIN)/python -m trainer.train experiment=$$name hydra.run.dir=outputs/bundles/$$name && \
		$(BIN)/python -m trainer.export checkpoint=outputs/bundles/$$name/checkpoints/best.ckpt \
			name=$$name version=$(VERSION) folder=eegstream/bundles || exit 1; \
	done

lint: $(VENV)/.tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.tests
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV)

$(VENV)/.made:
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.torch: $(VENV)/.made constraints.txt
	@echo "installing PyTorch (this is the large one)"
	@$(PIP) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	@touch $@

$(VENV)/.runs: $(VENV)/.torch $(SETTINGS)
	@echo "installing eegstream and what it needs to run"
	@$(PIP) --editable '.[files]'
	@touch $@

$(VENV)/.tests: $(VENV)/.torch $(SETTINGS)
	@echo "installing eegstream with the trainer and the tools of its tests"
	@$(PIP) --editable '.[files,trainer,search,bids,dev]'
	@touch $@ $(VENV)/.runs
