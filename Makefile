# Everything happens in .venv, without root; nothing but the package index is asked.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NATIVE := pyproject.toml CMakeLists.txt $(wildcard src/native/*/*)

.DEFAULT_GOAL := help
.PHONY: help demo test test-all evidence bench build clean

help:
	@echo "make demo      train report E's net on the digits found here, and draw its report"
	@echo "make test      style, types and the core tests, on the native kernels"
	@echo "make test-all  the tests that take longer: packaging, installation without a compiler"
	@echo "make evidence  run what the project promises on MNIST and notMNIST, and write docs/evidence (wants HANDGRAD_DATA)"
	@echo "make bench     every workload beside PyTorch, JAX and scikit-learn, into benchmarks/results.md (wants HANDGRAD_DATA)"
	@echo "make build     compile the kernels again after a change in src/native"
	@echo "make clean     remove everything that was built or installed here"

demo: $(VENV)/installed
	$(BIN)/handgrad demo

test: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	HANDGRAD_REQUIRE_NATIVE=1 $(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

test-all: $(VENV)/installed-dev
	HANDGRAD_REQUIRE_NATIVE=1 $(BIN)/python -m pytest -m slow --ignore=tests/check
	HANDGRAD_REQUIRE_NATIVE=1 $(BIN)/python -m pytest -n auto --dist loadfile -m slow tests/check

evidence: $(VENV)/installed-dev
	$(BIN)/python benchmarks/evidence.py
	$(BIN)/python benchmarks/report_d.py
	$(BIN)/python benchmarks/letters_sweeps.py

bench: $(VENV)/installed-bench
	$(BIN)/python benchmarks/run.py

# With the tools in .venv and a build folder that stays, so that only what changed is compiled again.
build: $(VENV)/tools
	HANDGRAD_REQUIRE_NATIVE=1 $(PIP) install -q --no-deps --no-build-isolation -C build-dir=build/native -e .

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# ---------------------------------------------------------------------------------------------- installation

$(VENV)/installed-bench: $(VENV)/installed-dev
	HANDGRAD_REQUIRE_NATIVE=1 $(PIP) install -q -c constraints.txt --no-build-isolation -C build-dir=build/native -e '.[bench]'
	@touch $@

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "handgrad needs Python 3.11 or newer. If it has another name here: make PYTHON=python3.12 demo"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make virtual environments. Debian, Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# Without a C++ compiler this installs handgrad on NumPy.
$(VENV)/installed: $(NATIVE) | $(VENV)/pyvenv.cfg
	@echo "installing handgrad and what it needs into $(VENV); the first time this takes a minute or two"
	$(PIP) install -q -e '.[sample]'
	@touch $@

$(VENV)/tools: pyproject.toml constraints.txt | $(VENV)/pyvenv.cfg
	$(PIP) install -q -c constraints.txt scikit-build-core nanobind numpy cmake ninja
	@touch $@

$(VENV)/installed-dev: $(NATIVE) constraints.txt $(VENV)/tools
	HANDGRAD_REQUIRE_NATIVE=1 $(PIP) install -q -c constraints.txt --no-build-isolation -C build-dir=build/native -e '.[dev]'
	@touch $@ $(VENV)/installed
