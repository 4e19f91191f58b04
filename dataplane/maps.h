/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The maps that all programs share, and what of them the pipeline uses. BPF only. */

#include "../abi/arena.h"
#include "../abi/frag.h"
#include "../abi/prog.h"
#include "bpf.h"

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

const volatile struct sl_prog_config sl_config = {};

/* A program without a mention of the arena may not use arena pointers. */
#define SL_USE_ARENA() asm volatile("" ::"r"(&sluice_arena))

static const struct sl_frag frag_new = {};

static __always_inline void sl_frag_forget(const struct sl_frag_key *key)
{
	bpf_map_delete_elem(&sluice_frags, key);
}

static __always_inline struct sl_frag *sl_frag_get(const struct sl_frag_key *key)
{
	__u64 now = bpf_ktime_get_coarse_ns();
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
