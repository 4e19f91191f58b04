/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The walk over a chain's records: the first terminal one that matches decides. What the packet
 * is picks the list (see abi/rule.h), so most records of other protocols are never met.
 */

#include "arena.h"
#include "body.h"
#include "count.h"
#include "pkt.h"

struct sl_decision {
	enum sl_verdict verdict;
	__u32 slot; /* of the rule or policy that decided, SL_NO_SLOT for none */
};

static __always_inline bool record4_fits(const struct sl_record4 __arena *record,
					 const struct sl_key *key)
{
	return (__u16)(key->dport - record->dport_low) <= record->dport_span &&
	       (key->addr[0] & record->addr_mask) == record->addr_value &&
	       (__u16)(key->sport - record->sport_low) <= record->sport_span;
}

/* high and low: how an address differs from one with a prefix of len bits. */
static __always_inline bool prefix_fits(__u64 high, __u64 low, __u32 len)
{
	if (len > 64)
		return !high && !(low >> ((128 - len) & 63));
	return !len || !(high >> ((64 - len) & 63));
}

static __always_inline bool record6_fits(const struct sl_record6 __arena *record,
					 const struct sl_key *key)
{
	return (__u16)(key->dport - record->dport_low) <= record->dport_span &&
	       prefix_fits(key->addr[2] ^ record->addr_value[2],
			   key->addr[3] ^ record->addr_value[3], record->daddr_len) &&
	       prefix_fits(key->addr[0] ^ record->addr_value[0],
			   key->addr[1] ^ record->addr_value[1], record->saddr_len) &&
	       (__u16)(key->sport - record->sport_low) <= record->sport_span;
}

/*
 * What the rule of a record that fits does; true when it decided. rules: offset of this CPU's rule
 * counters.
 */
static __always_inline bool record_act(__u32 order, __u32 target, const struct sl_pkt *pkt, __u32 rules,
				       struct sl_decision *decision)
{
	__u32 verdict = order >> SL_ORDER_VERDICT_SHIFT & 7, slot = target;

	if (order & SL_ORDER_BODY) {
		const struct sl_body __arena *body = SL_AT(struct sl_body, target);

		if (!sl_body_run(target, pkt))
			return false;
		verdict = body->action;
		slot = body->slot;
	}
	if (verdict == SL_CONTINUE) {
		sl_count(rules + slot * (__u32)sizeof(struct sl_counter), pkt->bytes);
		return false;
	}
	decision->verdict = verdict;
	decision->slot = slot;
	return true;
}

/*
 * Records met for one look at the loop's budget, which costs as much as a record does. Kernel 6.18:
 * ten records took 9 ns one by one, 6 ns so.
 */
#define SL_WALK_STRIDE 4

#ifdef __clang__
#define SL_UNROLL _Pragma("unroll")
#else
#define SL_UNROLL
#endif

#define SL_WALK(type, fits)                                                                 \
	static __always_inline void walk_##type(__u32 at, __u32 end, const struct sl_pkt *pkt,    \
						__u32 rules, struct sl_decision *decision)  \
	{                                                                                   \
		while (at < end && sl_can_loop) {                                           \
			SL_UNROLL for (int i = 0; i < SL_WALK_STRIDE; i++)                  \
			{                                                                   \
				const struct type __arena *record = SL_AT(struct type, at); \
                                                                                            \
				if (fits(record, &pkt->key) &&                              \
				    (record->order & SL_ORDER_PLACE) >= pkt->key.from &&    \
				    record_act(record->order, record->target, pkt, rules,   \
					       decision))                                   \
					return;                                             \
				at += sizeof(struct type);                                  \
				if (at >= end)                                              \
					return;                                             \
			}                                                                   \
		}                                                                           \
	}

SL_WALK(sl_record4, record4_fits)
SL_WALK(sl_record6, record6_fits)

/* decision->verdict stays SL_CONTINUE when no rule decides. */
static __always_inline void sl_classify(const struct sl_chain __arena *chain, const struct sl_pkt *pkt,
					__u32 rules, struct sl_decision *decision)
{
	__u64 leaf = chain->list[pkt->key.l3][pkt->key.l4].tree[0];
	__u32 at = (__u32)leaf, end = at + (__u32)(leaf >> SL_REF_BYTES_SHIFT);

	if (pkt->key.l3 == SL_L3_IP6)
		walk_sl_record6(at, end, pkt, rules, decision);
	else
		walk_sl_record4(at, end, pkt, rules, decision);
}
