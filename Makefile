# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
#
# Everything is built below build/. `make help` lists what there is to do.

B		:= build
VERSION		:= $(shell git describe --tags --always --dirty 2>/dev/null || cat VERSION 2>/dev/null || echo 0.1.0)
PREFIX		?= /usr
SYSCONFDIR	?= /etc
RUNDIR		?= /run/sluice

CC		:= $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG		?= clang-19
LLVM_STRIP	?= llvm-strip-19
BPFTOOL		?= $(firstword $(wildcard /usr/sbin/bpftool /usr/bin/bpftool) bpftool)
FLEX		?= flex
BISON		?= bison
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
CFLAGS_ALL	:= -std=gnu17 $(WARN) -D_GNU_SOURCE -DSL_VERSION='"$(VERSION)"' $(CFLAGS)
BPF_CFLAGS	:= -std=gnu17 -O2 -g -target bpf -mcpu=v4 -D__TARGET_ARCH_$(ARCH) -Wall -Wextra -Wno-unused-parameter \
		   -Wno-address-of-packed-member $(WERROR) $(if $(TRIPLE),-I/usr/include/$(TRIPLE)) -Iabi -Idataplane

all: $(B)/sluiced $(B)/sluicectl

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
.PHONY: all help
