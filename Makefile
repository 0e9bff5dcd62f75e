# `make demo` and `make test` need nothing but Debian 12, python3 >= 3.11 and root or sudo: they install
# Debian packages (packages.apt for the driver and the demo; packages-test.apt besides, for the tests)
# and a virtual environment in .venv, once. Both work offline afterwards.

PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
# Tests mostly wait, for exposures and moves: three at a time keep a processor core busy.
WORKERS ?= $(shell expr 3 \* $$(nproc))
SUDO    = $(if $(filter 0,$(shell id -u)),,sudo)
apt     = $(shell sed 's/\#.*//' $(1))
# The packages of a list that dpkg does not know as installed.
missing = $(shell for p in $(call apt,$(1)); do \
            dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q '^install ok installed' || echo $$p; done)

define install
	@set -e; missing="$(call missing,$(1))"; if [ -n "$$missing" ]; then \
	    echo "Installing Debian packages: $$missing"; \
	    $(SUDO) apt-get update -qq; \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
endef

# Tests marked `machine` need root: they make Debian systems in folders, or start containers.
machine = $(BIN)/python -m pytest -m machine

.PHONY: help setup setup-demo system system-test demo test test-ekos test-faults test-kills bench fuzz soak mutants \
        reliability test-deb test-docker test-readme test-trixie deb engine check format clean

help:
	@echo "make demo    simulated camera, indiserver and driver: leaves demo.fits and demo.png"
	@echo "make test    checks and all tests but those with KStars"
	@echo "make test-ekos  a night with a real KStars/Ekos, which it installs"
	@echo "make deb     the Debian package, for Debian 13 and newer: leaves it in dist/"
	@echo "make test-deb      builds, installs, uses and removes it in clean systems (root)"
	@echo "make test-docker   an observatory of containers, and what may happen to it (root)"
	@echo "make test-readme   what README says, word by word in clean systems (root)"
	@echo "make test-trixie   checks and tests on Debian 13 (root)"
	@echo "make bench   measures the driver beside others and writes docs/performance.md (15 minutes)"
	@echo "make test-faults  every fault at every CCD in every phase"
	@echo "make reliability  the same, and write its tables into docs/reliability.md"
	@echo "make fuzz    a million damaged bytes of INDI, 100000 damaged answers of a camera"
	@echo "make soak    2000 exposures with faults; EXPOSURES=500 for fewer"
	@echo "make mutants  break the code in twenty ways and see the tests fail"
	@echo "make test-kills  kills driver and server 200 times each at random moments (takes an hour)"
	@echo "make check   formatting, lint, types"
	@echo "make setup   only install what the tests need"
	@echo "make setup-demo  only install what the driver and the demo need"

setup: $(VENV)/.installed-test

setup-demo: $(VENV)/.installed

system:
	$(call install,packages.apt)

system-test: system
	$(call install,packages-test.apt)

$(VENV)/.installed: pyproject.toml packages.apt | system
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

# pyindi-client is a binding that is compiled here, so the packages must be there first.
$(VENV)/.installed-test: $(VENV)/.installed packages-test.apt | system-test
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[check,test]'
	touch $@

demo: setup-demo
	$(BIN)/indi-stx demo

test: check
	$(BIN)/python -m pytest -n $(WORKERS)

# The driver's tests with a real KStars, without a screen; needs no display.
test-ekos: setup
	$(call install,packages-ekos.apt)
	$(BIN)/python -m pytest -m ekos tests/end_to_end/ekos

deb:
	$(call install,packages-machine.apt)
	packaging/build-deb

test-deb: setup
	$(call install,packages-machine.apt)
	$(machine) tests/install/test_deb.py

test-readme: setup
	$(call install,packages-machine.apt)
	$(machine) tests/install/test_readme.py

test-trixie:
	$(call install,packages-machine.apt)
	packaging/test-trixie -n $(WORKERS)

# An engine that answers is used; else one is installed, started, and ended with the tests.
test-docker: setup
	$(call install,packages-machine.apt)
	@docker info >/dev/null 2>&1 || command -v dockerd >/dev/null || $(MAKE) --no-print-directory engine
	$(machine) tests/docker

engine:
	$(call install,packages-docker.apt)

# Every fault at every CCD in every phase; `make test` has each fault once.
test-faults: setup
	$(BIN)/python -m pytest -n $(WORKERS) -m faults tests/faults

reliability: setup
	$(BIN)/python -m tests.faults.table --update docs/reliability.md

# Kills at random moments; `make test` has a few.
test-kills: setup
	INDI_STX_KILLS=200 $(BIN)/python -m pytest -n 2 tests/end_to_end/test_kills.py -k "driver or server"
	INDI_STX_KILLS=20 $(BIN)/python -m pytest tests/end_to_end/test_kills.py -k both

# Figures beside those of curl and of a libindi driver; a quiet machine gives the true ones. A
# benchmark that fails does not keep the others from running. REPEAT=0.3 is shorter, BENCH=frames
# runs one of them.
REPEAT ?= 1
bench: setup-demo
	$(call install,packages-bench.apt)
	$(MAKE) -s -C benchmarks/peer || echo "No libindi peer: its columns will be missing."
	$(BIN)/python -m benchmarks --update --repeat $(REPEAT) $(BENCH)

# Damaged bytes: of clients, and of the camera.
fuzz: setup
	$(BIN)/python -m tests.indi.fuzz --bytes 1000000
	$(BIN)/python -m tests.stx.fuzz --replies 100000

# A long night; `make test` has a short one.
EXPOSURES ?= 2000
soak: setup
	$(BIN)/python -m tests.faults.soak --exposures $(EXPOSURES)

mutants: setup
	$(BIN)/python -m tests.mutants.run

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis demo.fits demo.png
