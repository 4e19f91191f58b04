# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
#
# Everything is built below build/; each part says in its Makefile.inc how. `make help` lists what
# there is to do.

B		:= build
VERSION		:= $(shell git describe --tags --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo 0.1.0)
PREFIX		?= /usr
DESTDIR		?=

CC		:= $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG		?= clang-19
CLANG_FORMAT	?= clang-format-19
CLANG_TIDY	?= clang-tidy-19
BPFTOOL		?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool) bpftool)
FLEX		?= flex
BISON		?= bison
PKG_CONFIG	?= pkg-config
ARCH		:= $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
TRIPLE		:= $(shell $(CC) -print-multiarch 2>/dev/null)
WERROR		?= -Werror

ifeq ($(V),1)
Q :=
else
Q := @
say = @printf '  %-8s %s\n' $(1) $(2)
endif

WARN		:= -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wno-unused-parameter $(WERROR)
CFLAGS		?= -O2 -g
CFLAGS_ALL	:= -std=gnu17 $(WARN) -D_GNU_SOURCE -DSL_VERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS)
BPF_CFLAGS	:= -std=gnu17 -O2 -g -target bpf -mcpu=v4 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Wno-unused-parameter \
		   $(WERROR) -fms-extensions -Wno-microsoft-anon-tag $(if $(TRIPLE),-I/usr/include/$(TRIPLE)) \
		   -Iabi -Idataplane

## all: build/sluiced and build/sluicectl (the default; needs no root)
all: $(B)/sluiced $(B)/sluicectl

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

include rules/Makefile.inc
include ctl/dp/Makefile.inc
include ctl/daemon/Makefile.inc
include ctl/cmd/Makefile.inc
include tests/prog/Makefile.inc
include tests/flood/Makefile.inc
include tests/figures/Makefile.inc
include tests/dispatch/Makefile.inc
include tests/refuse/Makefile.inc
include tests/model/Makefile.inc
include tests/fuzz/Makefile.inc
include bench/Makefile.inc
include packaging/Makefile.inc

## deps: install what building and testing need (root)
deps:
	packaging/deps build demo test vm package

## demo: install what is missing, build, and show Sluice at work in namespaces (root)
demo:
	packaging/deps build demo
	$(MAKE) all
	demo/demo

## test: install what is missing, build, and run every test (root)
test: deps
	$(MAKE) all tests
	tests/run $(T)

## tests: build the test programs only
tests: $(RULES_TESTS) $(PROG_TESTS) $(PROG_BPF) $(MODEL_TEST) $(FUZZ_READER_BIN) $(DP_TESTS) $(FIGURES_TEST) $(FLOOD) $(OTHER) $(REFUSE) $(B)/sluiced-asan $(B)/bench/peers

## test-vm: run the packet and namespace tests under other kernels, KERNEL=6.12|7|... (root)
test-vm:
	packaging/deps build test vm
	$(MAKE) all tests
	tests/vm/suite $(KERNEL)

## mutate: break the data path in many places, one at a time; the tests must notice each (root)
mutate:
	packaging/deps build test
	$(MAKE) all tests
	tests/mutate/run

## bench: ns a packet, beside bare XDP_DROP and TC_ACT_SHOT in the same run; PEERS=1: beside other
##        packet filters instead, PEERS=full: with more rules and larger sets (root)
bench:
	packaging/deps build $(if $(PEERS),bench)
ifdef PEERS
	$(MAKE) $(B)/bench/peers
	$(B)/bench/peers $(if $(filter full,$(PEERS)),--full)
else
	$(MAKE) $(B)/bench/bench $(B)/bench/sets $(B)/bench/names
	$(B)/bench/bench
	$(B)/bench/sets
	$(B)/bench/names
endif

## lint: formatting, clang-tidy, shellcheck, man pages, includes
lint:
	tests/lint

## clean: remove build/
clean:
	rm -rf $(B)

# What says which version it is, is built again when that is another one.
VERSIONED	:= ctl/daemon/api.o ctl/daemon/api_status.o ctl/daemon/main.o ctl/daemon/options.o ctl/cmd/main.o
$(VERSIONED:%=$(B)/%) $(VERSIONED:%=$(B)/asan/%) $(B)/bench/peers_report.o: $(B)/version
$(B)/version: FORCE
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

.PHONY: all help deps demo test tests test-vm mutate bench lint clean
.DELETE_ON_ERROR:
