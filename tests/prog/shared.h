/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/* What a program that a test has loaded and the test both see. */
struct prog_shared {
	__u64 clock; /* ns, written by the test: see clock.h */
	__u64 calls; /* counted by the program: see calls.h */
};
