/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The maps that all programs share, and what of them the pipeline uses. BPF only. */

#include "../abi/arena.h"
#include "../abi/frag.h"
#include "../abi/prog.h"
#include "../abi/sets.h"
#include "bpf.h"
#include "env.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, SL_ARENA_PAGES);
	__ulong(map_extra, SL_ARENA_ADDR);
} sluice_arena SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_FRAG_ENTRIES);
	__type(key, struct sl_frag_key);
	__type(value, struct sl_frag);
} sluice_frags SEC(".maps");

struct sl_set_hash {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct sl_set_key));
	__uint(value_size, sizeof(struct sl_set_entry));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SL_SET_MAPS);
	__type(key, __u32);
	__array(values, struct sl_set_hash);
} sluice_sets SEC(".maps");

struct sl_set_trie {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct sl_set_prefix));
	__uint(value_size, sizeof(struct sl_set_entry));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, SL_SET_MAPS);
	__type(key, __u32);
	__array(values, struct sl_set_trie);
} sluice_tries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SL_LIMIT_ENTRIES);
	__type(key, struct sl_limit_key);
	__type(value, __u64);
} sluice_limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SL_EVENTS_SIZE);
} sluice_events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_set_lookup);
} sluice_lookup SEC(".maps");

/* Each program has its own: one may send a packet through another while it is not done itself. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sl_scratch);
} sluice_scratch SEC(".maps");

const volatile struct sl_prog_config sl_config = {};

/* A program without a mention of the arena may not use arena pointers. */
#define SL_USE_ARENA() asm volatile("" ::"r"(&sluice_arena))

/*
 * The kernel's coarse clock goes on when jiffies do, and these cost a load where the clock costs a call
 * (13 ns on 6.18): who comes first asks for all. The words of two who come at a time are of one tick.
 */
static __always_inline __u64 sl_coarse_now(void)
{
	struct sl_clock __arena *clock = &SL_AT(struct sl_root, SL_ARENA_ROOT)->clock;
	__u64 jiffies = bpf_jiffies64(), now;

	if (sl_often(*(volatile __u64 __arena *)&clock->jiffies == jiffies))
		return *(volatile __u64 __arena *)&clock->now;
	now = bpf_ktime_get_coarse_ns();
	*(volatile __u64 __arena *)&clock->now = now;
	__sync_lock_test_and_set(&clock->jiffies, jiffies);
	return now;
}

static const struct sl_frag frag_new = {};

static __always_inline void sl_frag_forget(const struct sl_frag_key *key)
{
	bpf_map_delete_elem(&sluice_frags, key);
}

static __always_inline struct sl_frag *sl_frag_get(const struct sl_frag_key *key)
{
	__u64 now = sl_coarse_now();
	struct sl_frag *frag = bpf_map_lookup_elem(&sluice_frags, key);

	/* 0: another CPU has made it and not yet dated it. */
	if (frag && (!frag->since || now - frag->since < SL_FRAG_TIMEOUT_NS))
		return frag;
	if (frag)
		sl_frag_forget(key);
	bpf_map_update_elem(&sluice_frags, key, &frag_new, BPF_NOEXIST);
	frag = bpf_map_lookup_elem(&sluice_frags, key);
	if (frag && !frag->since)
		frag->since = now;
	return frag;
}

/* NULL: never; the verifier cannot know. */
static __always_inline struct sl_set_lookup *sl_set_lookup(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sluice_lookup, &zero);
}

static __always_inline struct sl_set_entry *sl_hash_find(__u32 slot, const struct sl_set_key *key)
{
	void *map = bpf_map_lookup_elem(&sluice_sets, &slot);

	return map ? bpf_map_lookup_elem(map, key) : NULL;
}

static __always_inline struct sl_set_entry *sl_trie_find(__u32 slot,
							 const struct sl_set_prefix *key)
{
	void *map = bpf_map_lookup_elem(&sluice_tries, &slot);

	return map ? bpf_map_lookup_elem(map, key) : NULL;
}

static __always_inline long sl_hash_put(__u32 slot, const struct sl_set_key *key,
					const struct sl_set_entry *entry)
{
	void *map = bpf_map_lookup_elem(&sluice_sets, &slot);

	return map ? bpf_map_update_elem(map, key, entry, BPF_ANY) : -1;
}

static __always_inline long sl_trie_put(__u32 slot, const struct sl_set_prefix *key,
					const struct sl_set_entry *entry)
{
	void *map = bpf_map_lookup_elem(&sluice_tries, &slot);

	return map ? bpf_map_update_elem(map, key, entry, BPF_ANY) : -1;
}

static __always_inline struct sl_scratch *sl_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sluice_scratch, &zero);
}

static __always_inline __u32 sl_random(void)
{
	return bpf_get_prandom_u32();
}

static __always_inline __u64 sl_clock(void)
{
	return bpf_ktime_get_ns();
}

static __always_inline __u32 sl_cpu(void)
{
	return bpf_get_smp_processor_id();
}

static __always_inline __u32 sl_iface_slot(void)
{
	return sl_config.slot;
}

static __always_inline __u32 sl_rule_counters(__u32 cpu)
{
	return sl_rule_counter_offset(0, sl_config.rule_shift, cpu);
}

static __always_inline __u32 sl_hook_counters(__u32 cpu)
{
	return sl_config.stats + cpu * SL_PAGE_SIZE;
}

static __always_inline bool sl_is_traced(void)
{
	return sl_config.trace;
}

static __always_inline bool sl_event_emit(const void *event, __u32 size)
{
	return !bpf_ringbuf_output(&sluice_events, (void *)event, size, 0);
}

static __always_inline __u64 *sl_limit_get(const struct sl_limit_key *key)
{
	static const __u64 full = 0;
	__u64 *word = bpf_map_lookup_elem(&sluice_limits, key);

	if (word)
		return word;
	bpf_map_update_elem(&sluice_limits, key, &full, BPF_NOEXIST);
	return bpf_map_lookup_elem(&sluice_limits, key);
}
