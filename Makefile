# Every target makes its own set-up: packages of the system, the environment in .venv, the program in it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
EXECUTABLE := dist/linux/nexuslims-logger/nexuslims-logger
# The tests' processes: one more than small machines have cores, because some of them wait for servers.
WORKERS ?= 3
ARGS ?=
# What make faults gives the simulator to search.
SEEDS ?= 10000
# Of the installer: lzma is small, zlib is quick.
COMPRESSION ?= lzma
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test faults mysql emulators windows test-windows test-installer installer lint docs screenshots exe bench
.PHONY: run wheel clean constraints

help: ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

$(READY): pyproject.toml constraints.txt packaging/system.sh packaging/find_python.sh
	@packaging/system.sh
	@if ! $(BIN)/python -c 'import tkinter' 2>/dev/null; then \
	    python=$$(packaging/find_python.sh); \
	    echo "Making $(VENV) with $$python"; \
	    "$$python" -m venv --clear $(VENV); \
	fi
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY) ## see a whole session, on a screen or (without one) by itself
	@if [[ -n "$${DISPLAY:-}" ]]; then $(BIN)/nexuslims-logger demo $(ARGS); \
	else $(BIN)/nexuslims-logger demo --headless $(ARGS); fi

run: $(READY) ## open the window, with your own settings
	@$(BIN)/nexuslims-logger $(ARGS)

test: $(READY) ## run all tests (ARGS="-k name" for some)
	@packaging/mysql.sh || true
	@packaging/emulators.sh || true
	@# In memory where there is room: thousands of small commits would wait for the disk, and tell nothing more.
	@room=$$(df --output=avail -BG /dev/shm 2>/dev/null | tail -n 1 | tr -dc 0-9 || true); \
	if (($${room:-0} >= 6)); then \
	    TMPDIR=$$(mktemp -d -p /dev/shm nexuslims-tests.XXXXXX); export TMPDIR; trap 'rm -rf "$$TMPDIR"' EXIT; \
	fi; \
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

faults: $(READY) ## kill, cut and starve the real program, and search 10,000 seeds of the simulator (an hour or two)
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --jobs $(WORKERS) & simulator=$$!; \
	$(BIN)/python -m tests.faults $(ARGS) || failed=1; \
	wait $$simulator && test -z "$$failed"

mysql: ## unpack a real MySQL server into .mysql, for the tests
	@packaging/mysql.sh

emulators: ## install two emulators of Cloud Storage into .emulators, for the tests
	@packaging/emulators.sh

windows: $(READY) ## Windows' interpreter and libraries in .windows, run by Wine
	@packaging/windows.sh

test-windows: $(READY) ## run the tests on Windows that tell most (ARGS=tests for all)
	@packaging/emulators.sh || true
	@packaging/windows.sh && $(BIN)/python -m tests.windows -q $(ARGS)

lint: $(READY) ## style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(READY) ## the documentation, in docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

screenshots: $(READY) ## photograph every screen and dialog, in docs/screenshots
	@$(BIN)/python -m tests.gui.screenshots docs/screenshots

bench: $(READY) ## run the benchmarks
	@shopt -s nullglob; found=(benchmarks/*.py); \
	if (($${#found[@]} == 0)); then echo "There is no benchmark in this version." >&2; exit 2; fi; \
	for file in "$${found[@]}"; do echo "== $$file"; $(BIN)/python "$$file"; done

wheel: $(READY) ## build the wheel, in dist/
	@$(BIN)/python -m build --outdir dist

exe: $(EXECUTABLE) ## the program as a folder without Python, in dist/linux

$(EXECUTABLE): $(READY) LICENSE $(shell find nexuslims_logger migrations packaging -name '*.py' -o -name '*.spec')
	@$(BIN)/pyinstaller --noconfirm --log-level WARN --distpath dist/linux --workpath build/linux packaging/nexuslims_logger.spec
	@touch $@

installer: $(READY) ## the program and its installer for Windows, in dist/windows
	@packaging/windows.sh && rm -f dist/windows/*-Setup.exe && packaging/installer.sh $(COMPRESSION)

test-installer: installer ## install, use, upgrade and remove it under Wine (ten minutes)
	@NEXUSLIMS_TEST_INSTALLER="$$(ls dist/windows/*-Setup.exe)" $(BIN)/pytest -q -o faulthandler_timeout=900 \
	    tests/windows/test_installer.py tests/windows/test_installed.py $(ARGS)

constraints: $(READY) ## write down the versions that are installed now
	@$(BIN)/python -m pip freeze --exclude-editable | LC_ALL=C sort -f > constraints.txt
	@touch $(READY)

clean: ## take away what was built (.venv stays)
	rm -rf build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find nexuslims_logger tests migrations benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
