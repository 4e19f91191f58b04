/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The maps of entries on the host, for dataplane/op_set.h: included behind it by the one file that
 * defines sl_coarse_now().
 */

/* Entries of sets: few, so looked through one by one. */
static struct {
	bool used, trie;
	__u32 slot;
	struct sl_set_lookup lookup;
} entries_of_sets[256];

static struct sl_set_lookup host_lookup;

static __always_inline struct sl_set_lookup *sl_set_lookup(void)
{
	return &host_lookup;
}

static bool prefix_has(const struct sl_set_prefix *a, const struct sl_set_prefix *key)
{
	for (__u32 bit = 0; bit < a->bits; bit++)
		if ((a->addr[bit / 8] ^ key->addr[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return a->bits <= key->bits;
}

static __always_inline struct sl_set_entry *sl_hash_find(__u32 slot, const struct sl_set_key *key)
{
	for (size_t i = 0; i < 256; i++)
		if (entries_of_sets[i].used && !entries_of_sets[i].trie &&
		    entries_of_sets[i].slot == slot &&
		    !memcmp(&entries_of_sets[i].lookup.key, key, sizeof(*key)))
			return &entries_of_sets[i].lookup.fresh;
	return NULL;
}

static __always_inline struct sl_set_entry *sl_trie_find(__u32 slot,
							 const struct sl_set_prefix *key)
{
	struct sl_set_entry *best = NULL;

	for (size_t i = 0; i < 256; i++)
		if (entries_of_sets[i].used && entries_of_sets[i].trie &&
		    entries_of_sets[i].slot == slot &&
		    prefix_has(&entries_of_sets[i].lookup.prefix, key) &&
		    (!best || best->bits < entries_of_sets[i].lookup.fresh.bits))
			best = &entries_of_sets[i].lookup.fresh;
	return best;
}

static long entry_put(bool trie, __u32 slot, const struct sl_set_lookup *lookup)
{
	for (size_t i = 0; i < 256; i++) {
		if (entries_of_sets[i].used)
			continue;
		entries_of_sets[i].used = true;
		entries_of_sets[i].trie = trie;
		entries_of_sets[i].slot = slot;
		entries_of_sets[i].lookup = *lookup;
		return 0;
	}
	return -ENOSPC;
}

static __always_inline long sl_hash_put(__u32 slot, const struct sl_set_key *key,
					const struct sl_set_entry *entry)
{
	struct sl_set_lookup lookup = { .key = *key, .fresh = *entry };

	return entry_put(false, slot, &lookup);
}

static __always_inline long sl_trie_put(__u32 slot, const struct sl_set_prefix *key,
					const struct sl_set_entry *entry)
{
	struct sl_set_lookup lookup = { .prefix = *key, .fresh = *entry };

	return entry_put(true, slot, &lookup);
}
