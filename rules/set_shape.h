/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The two shapes that ranges of numbers take in the arena; set_roots.c chooses between them. */

#include <stdbool.h>

#include "interval.h"
#include "set_heap.h"
#include "sets.h"

/*
 * build: the root of what v holds. change: puts a stretch in or takes it out, -ENOMEM with nothing
 * changed; *ranges follows how many there are. read: adds all ranges, ascending. blocks: all of it.
 */

/* set_cells.c: IPv4 addresses by their upper half */
int sl_cells_build(struct sl_heap *heap, const struct sl_intervals *v, __u64 *root);
int sl_cells_change(struct sl_heap *heap, __u64 *root, __u32 low, __u32 high, bool add,
		    __u64 *ranges);
int sl_cells_read(const struct sl_heap *heap, __u64 root, struct sl_intervals *out);
void sl_cells_blocks(const struct sl_heap *heap, __u64 root, sl_block_fn *call, void *arg);

/* set_leaves.c: sorted ranges; wide: of 128 bits */
int sl_leaves_build(struct sl_heap *heap, bool wide, const struct sl_intervals *v, __u64 *root);
int sl_leaves_change(struct sl_heap *heap, bool wide, __u64 *root, sl_u128 low, sl_u128 high,
		     bool add, __u64 *ranges);
int sl_leaves_read(const struct sl_heap *heap, __u64 root, struct sl_intervals *out);
void sl_leaves_blocks(const struct sl_heap *heap, __u64 root, sl_block_fn *call, void *arg);
/* The range that a number is in; false: it is in none. */
bool sl_leaves_find(const struct sl_heap *heap, __u64 root, sl_u128 number,
		    struct sl_interval *out);
