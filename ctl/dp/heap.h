/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The arena from SL_ARENA_HEAP on: blocks of plain sets. What is in use is known to user space
 * only, as a bit for each 64 bytes, and is found again after a restart by following the rule set in
 * force: so nothing can leak, whenever the process ended.
 */

#include <stddef.h>

#include "set_heap.h"

struct sl_dp;

struct dp_freed {
	__u32 offset;
	__u32 size;
};

struct dp_heap {
	struct sl_heap heap; /* first: its functions are handed this */
	struct sl_dp *dp;
	__u64 *taken; /* a bit for each unit */
	__u64 *touched; /* a bit for each stretch whose pages exist */
	size_t small_from; /* where the search for a block goes on */
	size_t large_from;
	struct dp_freed *freed; /* programs may be reading it yet */
	size_t nfreed;
	size_t freed_size;
	__u64 freed_bytes;
};

int dp_heap_open(struct sl_dp *dp);
void dp_heap_freep(struct dp_heap **heap);
/* Says that a block is in use: after a restart, for all that are. */
void dp_heap_mark(void *heap, __u32 offset, __u32 size);
/* Waits for the programs and takes back what was freed. */
int dp_heap_settle(struct dp_heap *heap);
/* The same once there is a lot of it. */
int dp_heap_tidy(struct dp_heap *heap);
/* Bytes that are in use or only just freed. */
__u64 dp_heap_used(const struct dp_heap *heap);
