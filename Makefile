# Nothing but Python 3.11 or later and make are needed: each target makes the
# virtual environment that it wants and installs exactly what is pinned for it.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
ARGS ?=

SERVE := .venv
DEV := .venv-dev
# The files name everything there is to install. Without --no-deps the pip of Python 3.11 takes
# `coverage[toml]` of the newest version, finds another pinned, and gives up.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all:

.PHONY: help serve classify test lint format train bench soak browser lock sbom clean

help:
	@echo "make serve [PORT=8000]     serve the page and the API on this machine"
	@echo "make classify ARGS='...'   python -m app classify ...: many pictures, one table"
	@echo "make test                  run every test, with coverage"
	@echo "make lint                  ruff, mypy --strict, and pip-audit where it reaches its database"
	@echo "make train ARGS='...'      python -m training.run ..."
	@echo "make bench                 the benchmarks, one table each"
	@echo "make soak                  ten minutes of mixed traffic, and what is left of it"
	@echo "make browser               install Chromium and a Chinese font for the page's tests (Debian, as root)"
	@echo "make lock                  pin the requirements anew (needs uv), none younger than a week"
	@echo "make sbom                  sbom.cdx.json: what serves, in CycloneDX's form"

serve: $(SERVE)/.installed
	@exec $(SERVE)/bin/python -m app serve --host $(HOST) --port $(PORT)

classify: $(SERVE)/.installed
	@exec $(SERVE)/bin/python -m app classify $(ARGS)

test: $(SERVE)/.installed $(DEV)/.installed
	rm -f .coverage .coverage.*
	$(DEV)/bin/python -m pytest --cov --cov-report= -n 2 --dist loadfile $(ARGS)
	$(DEV)/bin/python -m coverage report --include='app/*' --fail-under=95 --skip-covered
	$(DEV)/bin/python -m coverage report --include='training/*' --fail-under=90 --skip-covered

lint: $(DEV)/.installed
	$(DEV)/bin/python -m ruff check .
	$(DEV)/bin/python -m ruff format --check .
	$(DEV)/bin/python -m mypy
	@$(DEV)/bin/python requirements/audit.py requirements/serve.txt

format: $(DEV)/.installed
	$(DEV)/bin/python -m ruff check --fix .
	$(DEV)/bin/python -m ruff format .

train: $(DEV)/.installed
	@exec $(DEV)/bin/python -m training.run $(ARGS)

bench: $(SERVE)/.installed
	$(SERVE)/bin/python benchmarks/serving.py $(ARGS)
	$(SERVE)/bin/python benchmarks/bulk.py
	$(SERVE)/bin/python benchmarks/peers/run.py

soak: $(DEV)/.installed
	$(DEV)/bin/python benchmarks/soak.py --seconds $(SECONDS_OF_SOAK)
SECONDS_OF_SOAK ?= 600

browser:
	@command -v chromedriver >/dev/null || { apt-get update -q && apt-get install -y -q chromium chromium-driver fonts-noto-cjk; }

lock:
	uv pip compile $(LOCK) pyproject.toml --extra traces -o requirements/serve.txt
	uv pip compile $(LOCK) pyproject.toml --extra traces --extra gpu -c requirements/serve.txt -o requirements/gpu.txt
	uv pip compile $(LOCK) pyproject.toml --extra traces --extra gpu --extra training -c requirements/gpu.txt -o requirements/train.txt
	uv pip compile $(LOCK) pyproject.toml --extra traces --extra scale -c requirements/serve.txt -o requirements/scale.txt
	uv pip compile $(LOCK) pyproject.toml --extra traces --extra training --extra scale --extra dev -c requirements/serve.txt -o requirements/dev.txt
# Nothing younger than a week is locked: most packages that turn bad are found out within days.
COOLDOWN ?= 7 days
LOCK := --exclude-newer '$(COOLDOWN)' --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11

sbom: $(DEV)/.installed
	$(DEV)/bin/cyclonedx-py requirements --output-reproducible --of JSON -o $(SBOM) requirements/serve.txt
SBOM ?= sbom.cdx.json

clean:
	rm -rf $(SERVE) $(DEV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache tests/artefacts

$(SERVE)/.installed: requirements/serve.txt
$(DEV)/.installed: requirements/dev.txt
$(SERVE)/.installed $(DEV)/.installed:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vasari needs Python 3.11 or later; %s is %s. Choose another by make PYTHON=..." % (sys.executable, sys.version.split()[0]))'
	@echo "Installing $< into $(@D) (once)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python $(INSTALL) -r $<
	@touch $@
