/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Sets of names in memory that programs read: abi/sets.h has how they lie there. */

#include "arena.h"
#include "domain.h"
#include "set_heap.h"
#include "sets.h"

/* An empty table with room for so many names; *out is its offset. */
int sl_names_new(struct sl_heap *heap, size_t names, bool counters, __u32 *out);
/* All blocks of it. */
void sl_names_blocks(const struct sl_heap *heap, __u32 table, sl_block_fn *call, void *arg);
void sl_names_free(struct sl_heap *heap, __u32 table);

/* SL_NAME_ bits of the entry; 0: there is none. */
unsigned int sl_names_find(const struct sl_heap *heap, __u32 table, __u64 hash);
/* NULL: there is no entry, or no counters. */
struct sl_counter *sl_names_counter(const struct sl_heap *heap, __u32 table, __u64 hash);
/*
 * Adds forms to a name, or takes them away. *table is the word that programs read: a table that is
 * too full is copied into a larger one, which takes its place. 0 or -ENOMEM with nothing changed.
 */
int sl_names_add(struct sl_heap *heap, __u32 *table, __u64 hash, unsigned int forms);
void sl_names_delete(struct sl_heap *heap, __u32 table, __u64 hash, unsigned int forms);
/* Counters go over to another table, for names that are in both. */
void sl_names_count_on(const struct sl_heap *heap, __u32 from, __u32 to);
