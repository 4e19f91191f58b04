/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What the tests of this directory share: frames, ways to judge them, and how to compare. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"
#include "kernel.h"
#include "policy.h"
#include "rows.h"

/* A row's frame, built. Valid until the next call. */
struct frame lab_frame(const struct layer *layers);

/* Arenas, and the programs where this process may load them: see lab_no_kernel. */
int lab_setup(void **state);
int lab_teardown(void **state);
extern const char *lab_no_kernel; /* NULL: programs are loaded */

/* The key of names' hashes, the same in both arenas and in every run: lab_setup() does it. */
void lab_name_key(char *arena);

/* A test that is skipped, and says why, when the others of the program ran on the host only. */
void lab_test_kernel(void **state);

/* A test for each row, whose first member is its name, and then others; as main() returns it. */
int lab_run(const char *group, const void *rows, size_t size, size_t nrows,
	    CMUnitTestFunction test_row, const struct CMUnitTest *others, size_t nothers);

/* As many answers may be sent as when nothing was rejected yet. */
void lab_bucket_fill(void);

/* Whether BPF_PROG_TEST_RUN takes a frame of this size; the rest is for other tests. */
bool lab_kernel_takes(enum way way, const struct frame *frame);

/* Prints both and the frame unless they are the same. */
bool lab_same(const char *what, const struct frame *frame, const struct sl_trace *got,
	      const struct sl_trace *wanted);

void lab_print(const char *what, const struct sl_trace *trace);

/* Does a run on the kernel leave fragments to be cleared? */
static inline bool lab_is_fragment(const struct sl_trace *trace)
{
	return trace->key.xport >> SL_XPORT_FRAG_SHIFT & 3;
}
