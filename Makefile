# The short way to meson and ninja. `make help` lists the targets.

BUILD ?= build
PYTHON ?= /usr/bin/python3
DESTDIR ?=
PROGRAMS := brigd brig-api brig-monitor brig-unpack brig-init brig
NINJA_JOBS := $(if $(JOBS),-j$(JOBS))

# A compiler or prefix is passed to meson only when it was asked for: CC=clang make, make install prefix=/usr
ifneq ($(origin CC),default)
export CC
compiler := $(CC)
else
unexport CC
compiler := default
endif

# meson fixes the compiler of a build folder when it sets it up; another one needs a fresh start.
configured := $(BUILD)/.configured-with

.PHONY: all check demo demo-stop bench install clean help setup

all: setup
	@ninja -C $(BUILD) $(NINJA_JOBS)
	@for p in $(PROGRAMS); do \
	    [ ! -e $(BUILD)/src/programs/$$p/$$p ] || ln -sfn src/programs/$$p/$$p $(BUILD)/$$p; \
	done

setup:
	@if [ ! -e $(BUILD)/build.ninja ]; then \
	    meson setup $(BUILD) $(if $(prefix),--prefix=$(prefix)) >/dev/null || { meson setup --reconfigure $(BUILD); exit 1; }; \
	    echo "$(compiler)" >$(configured); \
	elif [ "$$(cat $(configured) 2>/dev/null || echo default)" != "$(compiler)" ]; then \
	    echo "$(BUILD): the compiler changes to $(compiler)"; \
	    meson setup --wipe $(BUILD) >/dev/null && echo "$(compiler)" >$(configured); \
	fi

check:
	@scripts/install-deps
	@$(PYTHON) scripts/check --build $(BUILD)

demo:
	@scripts/install-deps
	@scripts/demo start

demo-stop:
	@scripts/demo stop

bench:
	@scripts/install-deps
	@$(MAKE) --no-print-directory all
	@$(PYTHON) tests/bench/bench.py

install: all
	@$(if $(prefix),meson configure $(BUILD) -Dprefix=$(prefix) && ninja -C $(BUILD) $(NINJA_JOBS))
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD) --no-rebuild

clean:
	@! scripts/demo running 2>/dev/null || { echo "the demo's daemon is running: make demo-stop first" >&2; exit 1; }
	rm -rf $(BUILD)

help:
	@echo "make             build into $(BUILD)/ (CC=clang chooses the compiler)"
	@echo "make check       install what is missing, build, run every test"
	@echo "make demo        a private brigd, two images, one container and what it got; make demo-stop ends it"
	@echo "make bench       timings and memory beside a floor program"
	@echo "make install     honours DESTDIR and prefix"
	@echo "make clean       remove $(BUILD)/"
