/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

/*
 * Memory of the arena, as far as building sets goes: libdp's heap, or plain memory in tests and
 * for what is only looked at.
 */
struct sl_heap {
	char *base; /* where offset 0 is */
	/* Zeroed; at a multiple of SL_SET_ALIGN, for a size that is one. -ENOMEM when there is none. */
	int (*alloc)(struct sl_heap *heap, __u32 size, __u32 *offset);
	/* Programs may be reading it yet: it is given out anew when none can be any more. */
	void (*free)(struct sl_heap *heap, __u32 offset, __u32 size);
};

static inline void *sl_heap_at(const struct sl_heap *heap, __u32 offset)
{
	return heap->base + offset;
}

/* A word that programs read: what it refers to has been written before. */
static inline void sl_heap_store(__u64 *word, __u64 value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* Called for every block of a set. */
typedef void sl_block_fn(void *arg, __u32 offset, __u32 size);
