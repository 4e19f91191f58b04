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

static __always_inline __u32 sl_chain_offset(__u32 ruleset, enum sl_dir dir)
{
	return ruleset + (__u32)offsetof(struct sl_ruleset, chain) +
	       dir * (__u32)sizeof(struct sl_chain);
}

struct sl_decision {
	enum sl_verdict verdict;
	__u32 slot; /* of the rule or policy that decided, SL_NO_SLOT for none */
	__u32 arg; /* of the verdict, as in struct sl_body */
	__u32 from; /* not 0: place of the rule that is left to TC, with all behind it */
};

/* What the rule set is to a packet. */
struct sl_court {
	__u32 rules; /* offset of the struct sl_ruleset */
	__u32 slot; /* of the interface */
	__u32 counters; /* offset of this CPU's rule counters */
	enum sl_dir dir;
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

static __always_inline bool record_body(__u32 order, __u32 at, struct sl_pkt *pkt,
					const struct sl_court *court, struct sl_decision *decision)
{
	const struct sl_body __arena *body = SL_AT(struct sl_body, at);
	int said = sl_body_run(pkt, at, court->rules);

	if (said == SL_CONTINUE)
		return false;
	if (said == SL_BODY_LEFT) {
		decision->from = order & SL_ORDER_PLACE;
		return true;
	}
	decision->verdict = said;
	decision->slot = body->slot;
	decision->arg = body->arg;
	return true;
}

/* What the rule of a record that fits does; true when it decided. */
static __always_inline bool record_act(__u32 order, __u32 target, struct sl_pkt *pkt,
				       const struct sl_court *court, struct sl_decision *decision)
{
	__u32 verdict = order >> SL_ORDER_VERDICT_SHIFT & 7;

	if (order & SL_ORDER_BODY)
		return record_body(order, target, pkt, court, decision);
	if (verdict == SL_CONTINUE) {
		sl_count(court->counters + target * (__u32)sizeof(struct sl_counter), pkt->bytes);
		return false;
	}
	decision->verdict = verdict;
	decision->slot = target;
	return true;
}

/* From a tree to the leaf that holds all of its records that the packet can be in. */
static __always_inline __u64 tree_leaf(__u64 ref, const struct sl_key *key)
{
	while ((__s64)ref < 0 && sl_can_loop) {
		const __u64 *words = (const __u64 *)key;
		__u64 word = words[ref >> SL_REF_WORD_SHIFT & 7];
		__u32 child = (__u32)(word << (ref >> SL_REF_LEFT_SHIFT & 63) >>
				      (ref >> SL_REF_RIGHT_SHIFT & 63));

		ref = *SL_AT(__u64, (__u32)ref + child * (__u32)sizeof(ref));
	}
	return ref;
}

#ifdef __clang__
#define SL_UNROLL _Pragma("unroll")
#else
#define SL_UNROLL
#endif

/* Of a record of either kind; true when its rule decided. */
static __always_inline bool found_act(__u32 found, struct sl_pkt *pkt, const struct sl_court *court,
				      struct sl_decision *decision)
{
	const struct sl_record4 __arena *four = SL_AT(struct sl_record4, found);
	const struct sl_record6 __arena *six = SL_AT(struct sl_record6, found);

	if (pkt->key.l3 == SL_L3_IP6)
		return record_act(six->order, six->target, pkt, court, decision);
	return record_act(four->order, four->target, pkt, court, decision);
}

/* The next record that fits, end if none does. */
#define SL_WALK(type, fits)                                                                     \
	static __always_inline __u32 next_##type(__u32 at, __u32 end, const struct sl_key *key) \
	{                                                                                       \
		while (at < end && sl_can_loop) {                                               \
			const struct type __arena *record = SL_AT(struct type, at);             \
                                                                                                \
			if (fits(record, key) && (record->order & SL_ORDER_PLACE) >= key->from) \
				return at;                                                      \
			at += sizeof(struct type);                                              \
		}                                                                               \
		return end;                                                                     \
	}

SL_WALK(sl_record4, record4_fits)
SL_WALK(sl_record6, record6_fits)

/* Rules act outside of the loop over records, which the verifier would else unroll with them. */
static __always_inline void classify_one(__u64 leaf, struct sl_pkt *pkt,
					 const struct sl_court *court, struct sl_decision *decision)
{
	__u32 at = (__u32)leaf, end = at + (__u32)(leaf >> SL_REF_BYTES_SHIFT);
	bool six = pkt->key.l3 == SL_L3_IP6;

	while (sl_can_loop) {
		at = six ? next_sl_record6(at, end, &pkt->key)
			 : next_sl_record4(at, end, &pkt->key);
		if (at >= end || found_act(at, pkt, court, decision))
			return;
		at += six ? sizeof(struct sl_record6) : sizeof(struct sl_record4);
	}
}

/* Where the walk stands in the leaves of several trees. */
struct sl_leaves {
	__u32 list; /* offset of struct sl_list; 0: the leaves are found */
	__u32 from; /* place of the first rule that has not acted yet */
	__u32 at[SL_TREES];
	__u32 end[SL_TREES];
};

static __always_inline void leaves_find(struct sl_leaves *leaves, const struct sl_key *key)
{
	const struct sl_list __arena *list = SL_AT(struct sl_list, leaves->list);

	SL_UNROLL for (int i = 0; i < SL_TREES; i++)
	{
		__u64 leaf = tree_leaf(list->tree[i], key);

		leaves->at[i] = (__u32)leaf;
		leaves->end[i] = (__u32)leaf + (__u32)(leaf >> SL_REF_BYTES_SHIFT);
	}
	leaves->list = 0;
}

#define SL_NO_PLACE (SL_ORDER_PLACE + 1)

/* The first record at or behind at that fits, as far as it stands before the place of *first. */
#define SL_FIND(type, fits)                                                                     \
	static __always_inline __u32 find_##type(__u32 at, __u32 end, const struct sl_key *key, \
						 __u32 from, __u32 *first, __u32 *found)        \
	{                                                                                       \
		while (at < end && sl_can_loop) {                                               \
			const struct type __arena *record = SL_AT(struct type, at);             \
			__u32 place = record->order & SL_ORDER_PLACE;                           \
                                                                                                \
			if (place >= *first)                                                    \
				break;                                                          \
			if (place >= from && fits(record, key)) {                               \
				*first = sl_unknown(place);                                     \
				*found = at;                                                    \
				break;                                                          \
			}                                                                       \
			at += sizeof(struct type);                                              \
		}                                                                               \
		return at;                                                                      \
	}

SL_FIND(sl_record4, record4_fits)
SL_FIND(sl_record6, record6_fits)

/*
 * Leaves of several trees, merged: of the first records that fit, one a leaf, the one that stands
 * first in the chain. A leaf is only looked through as far as it is ahead of what another one has
 * found. Offset of the record, 0 for none. A global function to the verifier: walked once.
 */
SL_VERIFIED_ONCE __u32 sl_leaves_next(struct sl_leaves *leaves, const struct sl_key *key)
{
	__u32 first = sl_unknown(SL_NO_PLACE), found = sl_unknown(0);

	if (!leaves || !key)
		return 0;
	if (leaves->list)
		leaves_find(leaves, key);
	SL_UNROLL for (int i = 0; i < SL_TREES; i++)
	{
		if (key->l3 == SL_L3_IP6)
			leaves->at[i] = find_sl_record6(leaves->at[i], leaves->end[i], key,
							leaves->from, &first, &found);
		else
			leaves->at[i] = find_sl_record4(leaves->at[i], leaves->end[i], key,
							leaves->from, &first, &found);
	}
	leaves->from = first + 1;
	return found;
}

static __always_inline void classify_many(__u32 list, struct sl_pkt *pkt,
					  const struct sl_court *court,
					  struct sl_decision *decision)
{
	struct sl_leaves leaves;

	leaves.list = list;
	leaves.from = pkt->key.from;
	while (sl_can_loop) {
		__u32 found = sl_leaves_next(&leaves, &pkt->key);

		if (!found || found_act(found, pkt, court, decision))
			return;
	}
}

/* decision->verdict stays SL_CONTINUE when no rule decides. */
static __always_inline void sl_classify(struct sl_pkt *pkt, const struct sl_court *court,
					struct sl_decision *decision)
{
	__u32 at = sl_chain_offset(court->rules, court->dir) +
		   (pkt->key.l3 * SL_L4_MAX_ + pkt->key.l4) * (__u32)sizeof(struct sl_list);
	const struct sl_list __arena *list = SL_AT(struct sl_list, at);

	if (list->tree[1])
		classify_many(at, pkt, court, decision);
	else
		classify_one(tree_leaf(list->tree[0], &pkt->key), pkt, court, decision);
}
