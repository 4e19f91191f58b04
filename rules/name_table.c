/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "name_table.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/*
 * 4 of 5 places are taken when a table is made, 9 of 10 before it grows, and one is always free: the
 * search ends there. 12 bits a name.
 */
#define PLACES(names) ((names) / 4 * 5 + 4)
#define IS_FULL(t)                                           \
	((t)->used + 1 >= (t)->nbuckets * SL_NAMES_BUCKET || \
	 (__u64)(t)->used * 10 >= (__u64)(t)->nbuckets * SL_NAMES_BUCKET * 9)
#define BITS(names) ((names) * 12)
#define BITS_UNIT   (SL_SET_ALIGN * 8)
#define GROW(names) ((names) + (names) / 4 + 16)

static struct sl_names_table *table_of(const struct sl_heap *heap, __u32 table)
{
	return sl_heap_at(heap, table);
}

static __u64 *entries_of(const struct sl_heap *heap, const struct sl_names_table *t)
{
	return sl_heap_at(heap, t->buckets);
}

static size_t places_of(const struct sl_names_table *t)
{
	return (size_t)t->nbuckets * SL_NAMES_BUCKET;
}

static __u32 counters_size(const struct sl_names_table *t)
{
	return (__u32)(places_of(t) * sizeof(struct sl_counter));
}

static int fill(struct sl_heap *heap, struct sl_names_table *t, bool counters)
{
	if (heap->alloc(heap, t->nbuckets * SL_NAMES_BUCKET * 8, &t->buckets) ||
	    heap->alloc(heap, t->nbits / 8, &t->bits))
		return -ENOMEM;
	return counters ? heap->alloc(heap, counters_size(t), &t->counters) : 0;
}

int sl_names_new(struct sl_heap *heap, size_t names, bool counters, __u32 *out)
{
	__u32 at = 0;
	struct sl_names_table *t;

	/* No heap is larger. */
	if (names > UINT32_MAX / 32)
		return -ENOMEM;
	if (heap->alloc(heap, sizeof(*t), &at))
		return -ENOMEM;
	t = table_of(heap, at);
	t->nbuckets = (__u32)((PLACES(names) + SL_NAMES_BUCKET - 1) / SL_NAMES_BUCKET);
	t->nbits = (__u32)((BITS(names) + BITS_UNIT) / BITS_UNIT * BITS_UNIT);
	if (fill(heap, t, counters)) {
		sl_names_free(heap, at);
		return -ENOMEM;
	}
	*out = at;
	return 0;
}

void sl_names_blocks(const struct sl_heap *heap, __u32 table, sl_block_fn *call, void *arg)
{
	const struct sl_names_table *t = table_of(heap, table);

	if (t->buckets)
		call(arg, t->buckets, t->nbuckets * SL_NAMES_BUCKET * 8);
	if (t->bits)
		call(arg, t->bits, t->nbits / 8);
	if (t->counters)
		call(arg, t->counters, counters_size(t));
	call(arg, table, sizeof(*t));
}

static void block_free(void *arg, __u32 offset, __u32 size)
{
	struct sl_heap *heap = arg;

	heap->free(heap, offset, size);
}

void sl_names_free(struct sl_heap *heap, __u32 table)
{
	sl_names_blocks(heap, table, block_free, heap);
}

/* --- entries --- */

#define IS(entry, hash) (((entry) & ~(__u64)SL_NAME_FORMS) == (hash))

/* Where an entry is, or where it could be put. */
struct spot {
	size_t place;
	bool is_there;
	bool is_free;
};

/* In one bucket; false: the entry may be in the next one. */
static bool look_into(const __u64 *entries, size_t first, __u64 hash, struct spot *spot)
{
	bool has_free = false;
	size_t at;

	for (at = first; at < first + SL_NAMES_BUCKET; at++) {
		if (IS(entries[at], hash) && entries[at] & SL_NAME_FORMS) {
			*spot = (struct spot) { .place = at, .is_there = true };
			return true;
		}
		has_free |= entries[at] == SL_NAMES_FREE;
		if (!spot->is_free &&
		    (entries[at] == SL_NAMES_FREE || entries[at] == SL_NAMES_GONE))
			*spot = (struct spot) { .place = at, .is_free = true };
	}
	return has_free;
}

static struct spot look(const struct sl_heap *heap, const struct sl_names_table *t, __u64 hash)
{
	const __u64 *entries = entries_of(heap, t);
	__u32 bucket = sl_names_bucket(hash, t->nbuckets), left;
	struct spot spot = {};

	for (left = t->nbuckets; left; left--) {
		if (look_into(entries, (size_t)bucket * SL_NAMES_BUCKET, hash, &spot))
			break;
		bucket = bucket + 1 == t->nbuckets ? 0 : bucket + 1;
	}
	return spot;
}

unsigned int sl_names_find(const struct sl_heap *heap, __u32 table, __u64 hash)
{
	const struct sl_names_table *t = table_of(heap, table);
	struct spot spot = look(heap, t, hash);

	return spot.is_there ? entries_of(heap, t)[spot.place] & SL_NAME_FORMS : 0;
}

struct sl_counter *sl_names_counter(const struct sl_heap *heap, __u32 table, __u64 hash)
{
	const struct sl_names_table *t = table_of(heap, table);
	struct spot spot = look(heap, t, hash);

	if (!spot.is_there || !t->counters)
		return NULL;
	return (struct sl_counter *)sl_heap_at(heap, t->counters) + spot.place;
}

/* The bit first: who finds the entry has looked at the bit before. */
static void put(const struct sl_heap *heap, struct sl_names_table *t, size_t place, __u64 hash,
		unsigned int forms)
{
	__u64 *entry = &entries_of(heap, t)[place], *bits = sl_heap_at(heap, t->bits);
	__u32 bit = sl_names_bit(hash, t->nbits);

	t->used += *entry == SL_NAMES_FREE;
	t->names++;
	if (t->counters)
		((struct sl_counter *)sl_heap_at(heap, t->counters))[place] =
			(struct sl_counter) {};
	bits[bit / 64] |= 1ULL << bit % 64;
	sl_heap_store(entry, hash | forms);
}

void sl_names_count_on(const struct sl_heap *heap, __u32 from, __u32 to)
{
	const struct sl_names_table *old = table_of(heap, from);
	const __u64 *entries = entries_of(heap, old);
	const struct sl_counter *counters;
	struct sl_counter *counter;
	size_t i;

	if (!old->counters)
		return;
	counters = sl_heap_at(heap, old->counters);
	for (i = 0; i < places_of(old); i++) {
		if (!(entries[i] & SL_NAME_FORMS))
			continue;
		counter = sl_names_counter(heap, to, entries[i] & ~(__u64)SL_NAME_FORMS);
		if (!counter)
			continue;
		/* Not as a whole: gcc 12.2 takes a function that does no more for one without effect. */
		counter->packets = counters[i].packets;
		counter->bytes = counters[i].bytes;
	}
}

static int grow(struct sl_heap *heap, __u32 *table)
{
	const struct sl_names_table *old = table_of(heap, *table);
	struct sl_names_table *new;
	const __u64 *entries = entries_of(heap, old);
	__u32 at = 0, before = *table;
	size_t i;

	if (sl_names_new(heap, GROW((size_t)old->names), old->counters, &at))
		return -ENOMEM;
	new = table_of(heap, at);
	for (i = 0; i < places_of(old); i++) {
		__u64 hash = entries[i] & ~(__u64)SL_NAME_FORMS;

		if (entries[i] & SL_NAME_FORMS)
			put(heap, new, look(heap, new, hash).place, hash,
			    entries[i] & SL_NAME_FORMS);
	}
	sl_names_count_on(heap, before, at);
	__atomic_store_n(table, at, __ATOMIC_RELEASE);
	sl_names_free(heap, before);
	return 0;
}

int sl_names_add(struct sl_heap *heap, __u32 *table, __u64 hash, unsigned int forms)
{
	struct sl_names_table *t = table_of(heap, *table);
	struct spot spot = look(heap, t, hash);
	__u64 *entry;

	if (spot.is_there) {
		entry = &entries_of(heap, t)[spot.place];
		sl_heap_store(entry, *entry | forms);
		return 0;
	}
	if (IS_FULL(t)) {
		if (grow(heap, table))
			return -ENOMEM;
		t = table_of(heap, *table);
		spot = look(heap, t, hash);
	}
	put(heap, t, spot.place, hash, forms);
	return 0;
}

/* A bucket with a free place has no entries of it further on. */
static bool has_free(const __u64 *entries, size_t place)
{
	const __u64 *bucket = entries + place / SL_NAMES_BUCKET * SL_NAMES_BUCKET;
	size_t i;

	for (i = 0; i < SL_NAMES_BUCKET; i++)
		if (bucket[i] == SL_NAMES_FREE)
			return true;
	return false;
}

void sl_names_delete(struct sl_heap *heap, __u32 table, __u64 hash, unsigned int forms)
{
	struct sl_names_table *t = table_of(heap, table);
	__u64 *entries = entries_of(heap, t);
	struct spot spot = look(heap, t, hash);
	size_t place = spot.place;
	__u64 left;

	if (!spot.is_there)
		return;
	left = entries[place] & ~(__u64)forms;
	if (left & SL_NAME_FORMS) {
		sl_heap_store(&entries[place], left);
		return;
	}
	t->names--;
	if (has_free(entries, place)) {
		t->used--;
		sl_heap_store(&entries[place], SL_NAMES_FREE);
	} else {
		sl_heap_store(&entries[place], SL_NAMES_GONE);
	}
}
