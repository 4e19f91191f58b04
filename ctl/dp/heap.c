// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"
#include "sets.h"

#define UNIT	    SL_SET_ALIGN
#define UNITS	    (size_t)((0x100000000ULL - SL_ARENA_HEAP) / UNIT)
#define STRETCH	    (256U << 10) /* whose pages are made at once */
#define STRETCHES   (size_t)((0x100000000ULL - SL_ARENA_HEAP) / STRETCH)
#define LARGE	    (SL_PAGE_SIZE / UNIT) /* units from which on blocks lie by themselves */
#define LARGE_FROM  (UNITS / 2)
#define SETTLE_FROM (16U << 20)

static size_t unit_of(__u32 offset)
{
	return (offset - SL_ARENA_HEAP) / UNIT;
}

static bool bit_get(const __u64 *bits, size_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void bits_put(__u64 *bits, size_t from, size_t count, bool value)
{
	for (size_t i = from; i < from + count; i++) {
		if (!(i % 64) && from + count - i >= 64) {
			bits[i / 64] = value ? ~0ULL : 0;
			i += 63;
		} else if (value) {
			bits[i / 64] |= 1ULL << i % 64;
		} else {
			bits[i / 64] &= ~(1ULL << i % 64);
		}
	}
}

/* The first unit from at on, before end, that is taken; end when none is. */
static size_t next_taken(const __u64 *bits, size_t at, size_t end)
{
	while (at < end) {
		__u64 word = bits[at / 64] >> at % 64;

		if (word) {
			at += (size_t)__builtin_ctzll(word);
			return at < end ? at : end;
		}
		at = (at / 64 + 1) * 64;
	}
	return end;
}

static size_t next_free(const __u64 *bits, size_t at, size_t end)
{
	while (at < end) {
		__u64 word = ~bits[at / 64] >> at % 64;

		if (word) {
			at += (size_t)__builtin_ctzll(word);
			return at < end ? at : end;
		}
		at = (at / 64 + 1) * 64;
	}
	return end;
}

/* count free units in a row from from on; end when there are none before it. */
static size_t find_run(const __u64 *bits, size_t from, size_t end, size_t count)
{
	size_t at = next_free(bits, from, end), stop;

	while (at + count <= end) {
		stop = next_taken(bits, at, at + count);
		if (stop == at + count)
			return at;
		at = next_free(bits, stop, end);
	}
	return end;
}

static int touch(struct dp_heap *h, size_t unit, size_t count)
{
	size_t first = unit * UNIT / STRETCH, last = (unit + count - 1) * UNIT / STRETCH, i;
	int err;

	for (i = first; i <= last; i++) {
		if (bit_get(h->touched, i))
			continue;
		err = dp_arena_touch(h->dp, (__u32)(SL_ARENA_HEAP + i * STRETCH), STRETCH);
		if (err)
			return err;
		bits_put(h->touched, i, 1, true);
	}
	return 0;
}

/* Unit 0 is never given out, nor are units before it: offset SL_ARENA_HEAP stands for none. */
static int take(struct dp_heap *h, size_t count, size_t *out)
{
	size_t *from = count < LARGE ? &h->small_from : &h->large_from;
	size_t at = find_run(h->taken, *from, UNITS, count);

	if (at == UNITS)
		at = find_run(h->taken, 1, UNITS, count);
	if (at == UNITS)
		return -ENOMEM;
	*from = at + count;
	*out = at;
	return 0;
}

static int heap_alloc(struct sl_heap *heap, __u32 size, __u32 *offset)
{
	struct dp_heap *h = (struct dp_heap *)heap;
	size_t count = size / UNIT, at = 0;
	int err;

	err = take(h, count, &at);
	if (err && h->nfreed)
		err = dp_heap_settle(h) ?: take(h, count, &at);
	if (err)
		return dp_fail(h->dp, -ENOMEM, "the memory for sets, %u MiB, is used up",
			       (unsigned int)(UNITS * UNIT >> 20));
	err = touch(h, at, count);
	if (err)
		return -ENOMEM;
	bits_put(h->taken, at, count, true);
	*offset = (__u32)(SL_ARENA_HEAP + at * UNIT);
	memset(sl_heap_at(heap, *offset), 0, size);
	return 0;
}

/* Without memory for the note the block stays taken until the next start. */
static void heap_free(struct sl_heap *heap, __u32 offset, __u32 size)
{
	struct dp_heap *h = (struct dp_heap *)heap;

	if (h->nfreed == h->freed_size) {
		size_t room = h->freed_size ? h->freed_size * 2 : 64;
		struct dp_freed *freed = reallocarray(h->freed, room, sizeof(*freed));

		if (!freed)
			return;
		h->freed = freed;
		h->freed_size = room;
	}
	h->freed[h->nfreed++] = (struct dp_freed) { offset, size };
	h->freed_bytes += size;
}

int dp_heap_settle(struct dp_heap *h)
{
	size_t i;
	int err;

	/* Blocks are given out from the start again, so that memory stays dense. */
	h->small_from = 1;
	h->large_from = LARGE_FROM;
	if (!h->nfreed)
		return 0;
	err = dp_grace(h->dp);
	if (err)
		return err;
	for (i = 0; i < h->nfreed; i++)
		bits_put(h->taken, unit_of(h->freed[i].offset), h->freed[i].size / UNIT, false);
	free(h->freed);
	h->freed = NULL;
	h->nfreed = h->freed_size = 0;
	h->freed_bytes = 0;
	return 0;
}

int dp_heap_tidy(struct dp_heap *h)
{
	return h->freed_bytes >= SETTLE_FROM ? dp_heap_settle(h) : 0;
}

void dp_heap_mark(void *heap, __u32 offset, __u32 size)
{
	struct dp_heap *h = heap;
	size_t i;

	bits_put(h->taken, unit_of(offset), size / UNIT, true);
	for (i = (offset - SL_ARENA_HEAP) / STRETCH;
	     i <= ((__u64)offset + size - 1 - SL_ARENA_HEAP) / STRETCH; i++)
		bits_put(h->touched, i, 1, true);
}

__u64 dp_heap_used(const struct dp_heap *h)
{
	__u64 units = 0;
	size_t i;

	for (i = 0; i < UNITS / 64; i++)
		units += (__u64)__builtin_popcountll(h->taken[i]);
	return units * UNIT;
}

int dp_heap_open(struct sl_dp *dp)
{
	_cleanup_(dp_heap_freep) struct dp_heap *h = calloc(1, sizeof(*h));

	if (!h)
		return dp_fail(dp, -ENOMEM, "no memory");
	h->heap = (struct sl_heap) { .base = dp->base, .alloc = heap_alloc, .free = heap_free };
	h->dp = dp;
	h->small_from = 1;
	h->large_from = LARGE_FROM;
	h->taken = calloc(UNITS / 64 + 1, sizeof(*h->taken));
	h->touched = calloc(STRETCHES / 64 + 1, sizeof(*h->touched));
	if (!h->taken || !h->touched)
		return dp_fail(dp, -ENOMEM, "no memory");
	dp->heap = TAKE_PTR(h);
	return 0;
}

void dp_heap_freep(struct dp_heap **heap)
{
	if (!*heap)
		return;
	free((*heap)->taken);
	free((*heap)->touched);
	free((*heap)->freed);
	free(*heap);
	*heap = NULL;
}
