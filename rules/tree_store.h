/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "block.h"
#include "records.h"

/*
 * Leaves and children in the block, each kind of content once: parts of a tree that say the same
 * are one part with many references to it.
 */
struct sl_store {
	struct sl_block *block;
	struct sl_store_entry {
		__u64 hash;
		__u32 at; /* 0: free */
		__u32 size;
	} *entries; /* open addressing, half full at most */
	size_t count;
	size_t size; /* a power of two */
	char *bytes; /* a leaf that is put together */
	size_t room;
};

/* Reference to a leaf of the records with these numbers. */
int sl_store_leaf(struct sl_store *store, enum sl_l3 l3, const struct sl_records *records,
		  const __u32 *numbers, size_t count, __u64 *ref);
/* Offset of an array of references. */
int sl_store_children(struct sl_store *store, const __u64 *refs, size_t count, __u32 *at);
void sl_store_clear(struct sl_store *store);
