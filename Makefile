# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
# Name PyTorch's CPU wheel index here to spare gigabytes of CUDA libraries: make test TORCH_INDEX=...
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt
SETTINGS := pyproject.toml constraints.txt setup.py $(wildcard native/*)
# Processes among which the tests are shared out: one more than the cores of a small machine, since many tests wait.
JOBS ?= 3
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

RECIPES := default compact tokens fast hifi lite micro seed
# Where `make bundles` works; what is there is never overwritten.
MADE := outputs/bundles
EMPTY :=
COMMA := ,
SPACE := $(EMPTY) $(EMPTY)

# How long `make soak` takes, and what decides the order of its mishaps (a number; by chance if empty).
MINUTES ?= 60
SEED ?=

.PHONY: demo test check coverage soak parity bundles ablation evaluate lint format digests wheel release clean

demo: $(VENV)/.runs ## play synthetic EEG through the real daemon and print its codes, live
	@$(BIN)/eegstream demo --seconds 20

test: $(VENV)/.tests ## run the tests
	@$(PYTEST)

check: lint test ## everything a change must pass

coverage: $(VENV)/.tests ## run the tests, and tell which lines they do not reach, also in the processes that they start
	@$(BIN)/coverage erase
	@OMP_NUM_THREADS=1 $(BIN)/coverage run -m pytest -n $(JOBS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

soak: $(VENV)/.tests ## let a daemon run for MINUTES among peers that misbehave, and hold it to its promises
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(REPORT),--report $(REPORT))

parity: $(VENV)/.tests ## play real recordings through a daemon and compare with encode; EEGSTREAM_DATA says where they are
	@$(BIN)/python -m tests.e2e.parity

bundles: $(VENV)/.tests ## train the shipped recipes again, three seeds of each; EEGSTREAM_DATA says where the recordings are
	@for seed in 1 2 3; do for name in $(RECIPES); do \
		$(BIN)/python -m trainer.train experiment=$$name seed=$$seed hydra.run.dir=$(MADE)/runs/$$name-$$seed && \
		$(BIN)/python -m trainer.export checkpoint=$(MADE)/runs/$$name-$$seed/checkpoints/best.ckpt folder=$(MADE)/$$seed || exit 1; \
	done; done

ablation: $(VENV)/.tests ## train seed without its condition on the rate
	@$(BIN)/python -m trainer.train experiment=seed bundle.name=seed-no-film model.use_conditioning=false \
		hydra.run.dir=$(MADE)/runs/seed-no-film
	@$(BIN)/python -m trainer.export checkpoint=$(MADE)/runs/seed-no-film/checkpoints/best.ckpt folder=$(MADE)/ablation

evaluate: $(VENV)/.tests ## measure the shipped bundles, other seeds and ablations, and write docs/results.md; with KNOWN=docs/results/report.json only what is not in it
	@$(BIN)/python -m trainer.evaluate data=eegmat_muse hydra.run.dir=$(MADE)/report $(if $(KNOWN),known=$(KNOWN)) \
		'bundle=[$(subst $(SPACE),$(COMMA),$(strip $(RECIPES) $(wildcard $(MADE)/[23]/*.pt) $(wildcard $(MADE)/ablation/*.pt)))]'
	@$(BIN)/python -m benchmarks.results $(MADE)/report

lint: $(VENV)/.tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

digests: ## write the digests of the shipped bundles anew, after one was added; what was listed must stay as it was
	@cd eegstream/bundles && sha256sum --check --quiet --ignore-missing SHA256SUMS && sha256sum *.pt > SHA256SUMS

wheel: $(VENV)/.tests ## build the wheel and check what is in it
	@rm -rf build dist
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@rm -rf build
	@$(BIN)/python -m tests.wheel dist/*.whl

release: $(VENV)/.tests ## check that this commit can be released, build its wheel; tags and uploads nothing
	@$(BIN)/python -m tests.release
	@$(MAKE) --no-print-directory check wheel
	@echo "ready: now tag it (git tag -a v$$($(BIN)/python -m tests.release --version)), and upload dist/ as you see fit"

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
	@$(PIP) --editable '.[files,parquet,trainer,search,dev]'
	@touch $@ $(VENV)/.runs
