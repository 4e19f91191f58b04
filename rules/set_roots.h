/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Plain sets in memory that programs read. Addresses and numbers go in and come out as ranges; how
 * they lie there is abi/sets.h.
 */

#include <stdbool.h>

#include "interval.h"
#include "set.h"
#include "set_heap.h"
#include "sets.h"

/* Numbers up to max in SL_ROOT_NUMBER: see sl_set_number_max(). *ranges: how many it came to. */
int sl_roots_build(struct sl_heap *heap, const struct sl_conf_elems *elems, sl_u128 max,
		   struct sl_set_roots *out, __u64 *ranges);

/*
 * Puts a stretch in or takes it out; space: SL_ROOT_IP4, SL_ROOT_NETS for all of IPv6, or
 * SL_ROOT_NUMBER. A packet that is in the set before and after is in it all the
 * time. -ENOMEM: nothing or a part of it was done; to be done again.
 */
int sl_roots_change(struct sl_heap *heap, struct sl_set_roots *roots, enum sl_set_root space,
		    sl_u128 max, struct sl_interval range, bool add, __u64 *ranges);

/* All that is in it, in normal form; adds to nothing: out must be empty. */
int sl_roots_read(const struct sl_heap *heap, const struct sl_set_roots *roots,
		  struct sl_conf_elems *out);
bool sl_roots_empty(const struct sl_set_roots *roots);
void sl_roots_blocks(const struct sl_heap *heap, const struct sl_set_roots *roots,
		     sl_block_fn *call, void *arg);
/* Frees all blocks; the words stay as they are. */
void sl_roots_free(struct sl_heap *heap, const struct sl_set_roots *roots);

/* Numbers that an element of the type may be. */
sl_u128 sl_set_number_max(enum sl_set_type type);
/* Equal content has equal digests; other content, for all that matters, other ones. */
void sl_elems_digest(const struct sl_conf_elems *elems, __u64 out[2]);
