/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Token buckets as one word: the time at which the bucket will be full again (the generic cell rate
 * algorithm). A packet moves it on by what the packet costs, unless that were further ahead of now
 * than the bucket is deep. One compare-and-swap, so what many CPUs take together is exact, and an
 * untouched word of 0 is a full bucket.
 *
 * Times are in 1/16 ns: a packet of a fast rate costs little more than that, and a fraction that is
 * lost on each would be a rate that is wrong by as much.
 */

#include "env.h"

#define SL_BUCKET_SHIFT 4

struct sl_bucket {
	__u64 now; /* all in 1/16 ns */
	__u64 cost;
	__u64 burst;
};

static __always_inline struct sl_bucket sl_bucket_of(__u64 cost_ns_q8, __u64 burst_ns, __u32 units)
{
	return (struct sl_bucket) {
		.now = sl_clock() << SL_BUCKET_SHIFT,
		.cost = cost_ns_q8 * units >> (8 - SL_BUCKET_SHIFT),
		.burst = burst_ns << SL_BUCKET_SHIFT,
	};
}

/* The word after the packet, or 0 when the bucket holds too little. */
static __always_inline __u64 bucket_after(const struct sl_bucket *bucket, __u64 word)
{
	__u64 full = (__s64)(word - bucket->now) > 0 ? word : bucket->now;

	full += bucket->cost;
	return full - bucket->now <= bucket->burst ? full : 0;
}

/* In the arena, and in a map. */
#define SL_BUCKET_TAKE(name, space)                                                    \
	static __always_inline bool name(__u64 space *word, const struct sl_bucket *b) \
	{                                                                              \
		while (sl_can_loop) {                                                  \
			__u64 old = *(volatile __u64 space *)word;                     \
			__u64 then = bucket_after(b, old);                             \
                                                                                       \
			if (!then)                                                     \
				return false;                                          \
			if (__sync_val_compare_and_swap(word, old, then) == old)       \
				return true;                                           \
		}                                                                      \
		return false;                                                          \
	}

#define SL_BUCKET_MAP
SL_BUCKET_TAKE(sl_bucket_take, __arena)
SL_BUCKET_TAKE(sl_bucket_take_map, SL_BUCKET_MAP)

static __always_inline void limit_key(struct sl_limit_key *key, const struct sl_key *from,
				      __u32 per)
{
	bool six = from->l3 == SL_L3_IP6;

	if (per != SL_LIMIT_DADDR) {
		key->addr[0] = six ? from->addr[0] : from->addr[0] >> 32;
		key->addr[1] = six ? from->addr[1] : 0;
	}
	if (per != SL_LIMIT_SADDR) {
		key->addr[2] = six ? from->addr[2] : from->addr[0] & 0xffffffff;
		key->addr[3] = six ? from->addr[3] : 0;
	}
	if (per == SL_LIMIT_FLOW) {
		key->proto = from->xport >> SL_XPORT_PROTO_SHIFT;
		key->sport = from->sport;
		key->dport = from->dport;
	}
	key->l3 = from->l3;
	key->per = per;
}

enum limit_found {
	LIMIT_FREE, /* there were tokens */
	LIMIT_SPENT,
	LIMIT_UNKNOWN, /* no room for one more address or flow */
};

static __always_inline enum limit_found limit_of_key(const struct sl_facts *facts, __u32 slot,
						     __u32 per, __u32 index,
						     const struct sl_bucket *bucket)
{
	const struct sl_state __arena *state =
		SL_AT(struct sl_state, SL_ARENA_STATE + slot * (__u32)sizeof(struct sl_state));
	struct sl_limit_key key = { .slot = slot, .epoch = state->epoch, .index = index };
	__u64 *word;

	limit_key(&key, &facts->key, per);
	word = sl_limit_get(&key);
	if (!word)
		return LIMIT_UNKNOWN;
	return sl_bucket_take_map(word, bucket) ? LIMIT_FREE : LIMIT_SPENT;
}

/* Holds when there were tokens, with over when there were none; never when that is not known. */
SL_VERIFIED_ONCE int sl_op_limit(struct sl_facts *facts, __u32 slot, __u32 at)
{
	const struct sl_op_limit __arena *op = SL_AT(struct sl_op_limit, at);
	struct sl_state __arena *state =
		SL_AT(struct sl_state, SL_ARENA_STATE + slot * (__u32)sizeof(struct sl_state));
	enum limit_found found;
	struct sl_bucket bucket;

	if (!facts)
		return 0;
	bucket = sl_bucket_of(op->cost_ns_q8, op->burst_ns, op->bytes ? facts->bytes : 1);
	if (op->op.arg == SL_LIMIT_RULE)
		found = sl_bucket_take(&state->limit[op->index & (SL_STATE_LIMITS - 1)], &bucket)
				? LIMIT_FREE
				: LIMIT_SPENT;
	else
		found = limit_of_key(facts, slot, op->op.arg, op->index, &bucket);
	if (found == LIMIT_UNKNOWN)
		sl_undone(facts, SL_REASON_LIMIT_TABLE);
	return found == (op->over ? LIMIT_SPENT : LIMIT_FREE);
}
