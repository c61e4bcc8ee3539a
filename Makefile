# make report   set up, then build the sample programme's HTML site
# make test     set up, then run the tests
# make help     everything else

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile

# two threads of linear algebra on tall matrices cost more than they gain
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup report test fast doctest nbval slow spark lab notebooks sample lint types \
        browser cron store lock clean

help:
	@echo "make report      build the sample programme's HTML site in reports/"
	@echo "make test        fast tests, doctests and the notebooks against their stored text"
	@echo "make lab         open JupyterLab in the workbook"
	@echo "make notebooks   re-execute the committed notebooks on data/sample"
	@echo "make sample      make data/sample again from its seed"
	@echo "make slow        calibration and end-to-end tests"
	@echo "make lint types  ruff and mypy"
	@echo "make spark       install Java and pyspark, then run the tests of engine: spark"
	@echo "make store       install an S3 and a Google Storage server for the tests of --store"
	@echo "make browser     install Chromium (Debian, Ubuntu) for the browser tests"
	@echo "make cron        install cron (Debian, Ubuntu) for the tests of schedules/"
	@echo "make lock        resolve requirements.lock again from pyproject.toml (needs uv)"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml tools/setup.sh
	@sh tools/setup.sh $(VENV)
	@touch $(STAMP)

report: $(STAMP)
	@$(BIN)/cx run params/sample

test: fast doctest nbval

fast: $(STAMP)
	$(PYTEST) -m "not slow and not spark"

doctest: $(STAMP)
	$(PYTEST) --doctest-modules cxlib

nbval: $(STAMP)
	$(PYTEST) --nbval-lax --nbval-sanitize-with tests/nbval_sanitize.cfg notebooks

slow: $(STAMP)
	$(PYTEST) -m "slow and not spark"

spark: $(STAMP)
	@sh tools/install_spark.sh $(VENV)
	$(BIN)/python -m pytest -m spark

lab: $(STAMP)
	@$(BIN)/python lab/start.py $(OPTIONS)

notebooks: $(STAMP)
	@$(BIN)/python tools/refresh_notebooks.py

sample: $(STAMP)
	@$(BIN)/cx sample data/sample

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

store: $(STAMP)
	@sh tools/install_store.sh

browser:
	@sh tools/install_browser.sh

cron:
	@sh tools/install_cron.sh

lock:
	uv pip compile --universal --python-version 3.11 --extra test --no-header \
	  --no-annotate pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) reports .pytest_cache .mypy_cache .ruff_cache
