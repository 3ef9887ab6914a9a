# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# A thin front to Meson and to the tools that bring packages and guest images.

# What `make run` adds to the command line, for example: make run OPTIONS="-m 512 -snapshot"
OPTIONS =
BUILD = build
# Debug checks and sanitizers, with the other compiler: runs the unit tests only.
SANITIZED = build-sanitized
GUEST = $(CURDIR)/build/guest
export GUEST

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: all help run check check-long bench setup guest clean configured \
	check-packages images images-long sanitized-tests

all: configured
	@ninja -C $(BUILD)

help:
	@echo 'make             build build/bmbt'
	@echo 'make run         install what is missing, build, and boot Linux to a shell in this terminal'
	@echo '                 OPTIONS="..." adds options of bmbt; Ctrl-A X ends it'
	@echo 'make check       install what the tests need, build, and run them'
	@echo 'make check-long  the same with the long tests: whole systems booted'
	@echo 'make bench       measure beside QEMU and the bare processor; OPTIONS="..." go to bench/run'
	@echo 'make setup       only install the packages for building and running'
	@echo 'make guest       only bring the guest kernel and build its initrd'
	@echo 'make clean       remove everything that was built; downloads stay in the cache'

configured:
	@command -v meson >/dev/null && command -v ninja >/dev/null || \
		{ echo 'meson and ninja are missing; `make setup` installs all that the build needs' >&2; exit 1; }
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)

setup:
	@tools/setup run

guest: $(GUEST)/initrd.gz

run: setup
	@$(MAKE) --no-print-directory all guest
	@$(BUILD)/bmbt -nographic -m 256 -kernel $(GUEST)/vmlinuz -initrd $(GUEST)/initrd.gz \
		-append "console=ttyS0" $(OPTIONS)

check-packages:
	@tools/setup check
	@$(MAKE) --no-print-directory all

check: check-packages
	@$(MAKE) --no-print-directory images sanitized-tests
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --no-suite long; \
		status=$$?; tools/test-summary $(BUILD) $(SANITIZED) && exit $$status

check-long: check-packages
	@$(MAKE) --no-print-directory images images-long sanitized-tests
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs; \
		status=$$?; tools/test-summary $(BUILD) $(SANITIZED) && exit $$status

# A failure here shows in the summary, which counts all configurations.
sanitized-tests:
	@test -f $(SANITIZED)/build.ninja || CC=clang meson setup $(SANITIZED) \
		-Db_sanitize=address,undefined -Db_lundef=false
	@ninja -C $(SANITIZED)
	-@meson test -C $(SANITIZED) --no-rebuild --print-errorlogs --suite unit

bench:
	@tools/setup bench
	@$(MAKE) --no-print-directory all guest
	@if [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory images-long; fi
	@BMBT=$(BUILD)/bmbt bench/run $(OPTIONS)

images: $(GUEST)/grub.img $(GUEST)/isolinux.iso
	@tools/guest-packages check

images-long: $(GUEST)/debian.img $(GUEST)/debian-load.img

# Nothing to do and no network when the files are there.
$(GUEST)/vmlinuz: FORCE
	@tools/guest-packages run

$(GUEST)/initrd.gz: $(GUEST)/vmlinuz tools/guest-initrd tools/common.sh
	@tools/guest-initrd

$(GUEST)/grub.img: $(GUEST)/initrd.gz tools/make-disk-grub tools/common.sh
	@tools/make-disk-grub

$(GUEST)/isolinux.iso: $(GUEST)/initrd.gz tools/make-iso-isolinux tools/common.sh
	@tools/make-iso-isolinux

# debootstrap wants root: without it the tests of this image say that they are skipped.
$(GUEST)/debian.img: tools/make-debian-disk tools/common.sh
	@if [ "$$(id -u)" = 0 ]; then tools/make-debian-disk; else \
		echo 'not root: the Debian disk is not built, its tests are skipped'; fi

$(GUEST)/debian-load.img: tools/make-load-disk tools/make-debian-disk tools/common.sh
	@if [ "$$(id -u)" = 0 ]; then tools/make-load-disk; fi

clean:
	rm -rf $(BUILD) $(SANITIZED)

.PHONY: FORCE
FORCE:
