/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "tree_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64U

/* Both kinds of content are words of 64 bits. */
static __u64 hash_of(const void *bytes, size_t size)
{
	const __u64 *words = bytes;
	__u64 hash = size;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

static struct sl_store_entry *find(const struct sl_store *store, __u64 hash, const void *bytes,
				   size_t size)
{
	size_t i = hash & (store->size - 1);

	for (;; i = (i + 1) & (store->size - 1)) {
		struct sl_store_entry *entry = &store->entries[i];

		if (!entry->at)
			return entry;
		if (entry->hash == hash && entry->size == size &&
		    memcmp(sl_block_at(store->block, entry->at), bytes, size) == 0)
			return entry;
	}
}

static int grow(struct sl_store *store)
{
	struct sl_store old = *store;
	size_t i, to;

	if (store->count * 2 < store->size)
		return 0;
	store->size = old.size ? old.size * 2 : 64;
	store->entries = calloc(store->size, sizeof(*store->entries));
	if (!store->entries) {
		*store = old;
		return -ENOMEM;
	}
	for (i = 0; i < old.size; i++) {
		if (!old.entries[i].at)
			continue;
		to = old.entries[i].hash & (store->size - 1);
		while (store->entries[to].at)
			to = (to + 1) & (store->size - 1);
		store->entries[to] = old.entries[i];
	}
	free(old.entries);
	return 0;
}

static int put(struct sl_store *store, const void *bytes, size_t size, __u32 align, __u32 *at)
{
	__u64 hash = hash_of(bytes, size);
	struct sl_store_entry *entry;
	int err;

	err = grow(store);
	if (err)
		return err;
	entry = find(store, hash, bytes, size);
	if (!entry->at) {
		err = sl_block_take(store->block, size, align, &entry->at);
		if (err)
			return err;
		entry->hash = hash;
		entry->size = (__u32)size;
		store->count++;
		memcpy(sl_block_at(store->block, entry->at), bytes, size);
	}
	*at = entry->at;
	return 0;
}

static int reserve(struct sl_store *store, size_t size)
{
	char *bytes;

	if (size <= store->room)
		return 0;
	bytes = realloc(store->bytes, size * 2);
	if (!bytes)
		return -ENOMEM;
	store->bytes = bytes;
	store->room = size * 2;
	return 0;
}

int sl_store_leaf(struct sl_store *store, enum sl_l3 l3, const struct sl_records *records,
		  const __u32 *numbers, size_t count, __u64 *ref)
{
	size_t one = sl_record_size(l3), size = count * one, i;
	__u32 at;
	int err;

	*ref = 0;
	if (!count)
		return 0;
	err = reserve(store, size);
	if (err)
		return err;
	for (i = 0; i < count; i++)
		memcpy(store->bytes + i * one, records->bytes + numbers[i] * one, one);
	err = put(store, store->bytes, size, size < CACHE_LINE ? (__u32)size : CACHE_LINE, &at);
	if (!err)
		*ref = at | (__u64)size << SL_REF_BYTES_SHIFT;
	return err;
}

int sl_store_children(struct sl_store *store, const __u64 *refs, size_t count, __u32 *at)
{
	size_t size = count * sizeof(*refs);

	return put(store, refs, size, size < CACHE_LINE ? (__u32)size : CACHE_LINE, at);
}

void sl_store_clear(struct sl_store *store)
{
	free(store->entries);
	free(store->bytes);
	*store = (struct sl_store) {};
}
