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
	__u64 flow; /* what the stage of flows said: see flow.h; 0: it was not asked */
};

/* What the rule set is to a packet. */
struct sl_court {
	__u32 rules; /* offset of the struct sl_ruleset */
	__u32 chain; /* offset of the struct sl_chain */
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
 * What a rule does that has a body, or counts and goes on; true when it decided. A global function:
 * inside the loops over records the verifier would walk it for each way through them.
 */
SL_VERIFIED_ONCE bool sl_rule_act(SL_CTX *ctx, struct sl_facts *facts, __u32 ruleset,
				  struct sl_decision *decision, __u64 order_target)
{
	__u32 order = order_target >> 32, target = (__u32)order_target;
	int said;

	sl_keep(ctx);
	if (!facts || !decision)
		return false;
	if (!(order & SL_ORDER_BODY)) {
		sl_count(sl_rule_counters(sl_cpu()) + target * (__u32)sizeof(struct sl_counter),
			 facts->bytes);
		return false;
	}
	said = sl_body_run(ctx, facts, target, ruleset);
	if (said == SL_CONTINUE)
		return false;
	if (said == SL_BODY_LEFT) {
		decision->from = order & SL_ORDER_PLACE;
		return true;
	}
	decision->verdict = said;
	decision->slot = SL_AT(struct sl_body, target)->slot;
	decision->arg = SL_AT(struct sl_body, target)->arg;
	return true;
}

/* What the rule of a record that fits does; true when it decided. */
static __always_inline bool record_act(__u32 order, __u32 target, struct sl_pkt *pkt,
				       const struct sl_court *court, struct sl_decision *decision)
{
	__u32 verdict = order >> SL_ORDER_VERDICT_SHIFT & 7;

	if ((order & SL_ORDER_BODY) && !sl_body_fits(target, &pkt->key))
		return false;
	if ((order & SL_ORDER_BODY) || verdict == SL_CONTINUE)
		return sl_rule_act(pkt->ctx, sl_facts_of(pkt), court->rules, decision,
				   (__u64)order << 32 | target);
	decision->verdict = verdict;
	decision->slot = target;
	return true;
}

/* One step down from a cut. */
static __always_inline __u64 tree_step(__u64 ref, const struct sl_key *key)
{
	const __u64 *words = (const __u64 *)key;
	__u64 word = words[ref >> SL_REF_WORD_SHIFT & 7];
	__u32 child = (__u32)(word << (ref >> SL_REF_LEFT_SHIFT & 63) >>
			      (ref >> SL_REF_RIGHT_SHIFT & 63));

	return *SL_AT(__u64, (__u32)ref + child * (__u32)sizeof(ref));
}

static __always_inline bool tree_is_cut(__u64 ref)
{
	return (__s64)ref < 0;
}

/* From a tree to the leaf that holds all of its records that the packet can be in. */
static __always_inline __u64 tree_leaf(__u64 ref, const struct sl_key *key)
{
	while (tree_is_cut(ref) && sl_can_loop)
		ref = tree_step(ref, key);
	return ref;
}

/* Whether there is one more record to look at, because the one at *at does not fit. */
static __always_inline bool record4_miss(__u32 *at, __u32 end, const struct sl_key *key)
{
	if (record4_fits(SL_AT(struct sl_record4, *at), key))
		return false;
	*at += sizeof(struct sl_record4);
	return *at < end;
}

/*
 * The first record from at on that fits; end or more for none. Four records for one look at the
 * loop's budget, which costs as much as a record does: on kernel 6.18, ten records took 9 ns one by
 * one, 6 ns so.
 */
static __always_inline __u32 record4_next(__u32 at, __u32 end, const struct sl_key *key)
{
	while (at < end && sl_can_loop) {
		if (!record4_miss(&at, end, key) || !record4_miss(&at, end, key) ||
		    !record4_miss(&at, end, key) || !record4_miss(&at, end, key))
			break;
	}
	return at;
}

/* The way of most packets: IPv4, or neither, and one tree. */
static __always_inline bool classify_one(__u64 tree, struct sl_pkt *pkt,
					 const struct sl_court *court, struct sl_decision *decision)
{
	__u64 leaf = tree_leaf(tree, &pkt->key);
	__u32 at = (__u32)leaf, end = at + (__u32)(leaf >> SL_REF_BYTES_SHIFT);

	while (sl_can_loop) {
		const struct sl_record4 __arena *record;

		at = record4_next(at, end, &pkt->key);
		if (at >= end)
			return false;
		record = SL_AT(struct sl_record4, at);
		if ((record->order & SL_ORDER_PLACE) >= pkt->key.from &&
		    record_act(record->order, record->target, pkt, court, decision))
			return true;
		at += sizeof(*record);
	}
	return false;
}

static __always_inline void leaf_set(struct sl_leaves *leaves, int i, __u64 leaf)
{
	leaves->at[i] = (__u32)leaf;
	leaves->end[i] = (__u32)leaf + (__u32)(leaf >> SL_REF_BYTES_SHIFT);
}

/* Down all trees at once, so that the processor waits for memory once a level and not once a tree. */
static __always_inline void leaves_find(struct sl_leaves *leaves, const struct sl_key *key)
{
	const struct sl_list __arena *list = SL_AT(struct sl_list, leaves->list);
	__u64 a = list->tree[0], b = list->tree[1], c = list->tree[2], d = list->tree[3];

	_Static_assert(SL_TREES == 4, "a variable each");
	while (tree_is_cut(a | b | c | d) && sl_can_loop) {
		if (tree_is_cut(a))
			a = tree_step(a, key);
		if (tree_is_cut(b))
			b = tree_step(b, key);
		if (tree_is_cut(c))
			c = tree_step(c, key);
		if (tree_is_cut(d))
			d = tree_step(d, key);
	}
	leaf_set(leaves, 0, a);
	leaf_set(leaves, 1, b);
	leaf_set(leaves, 2, c);
	leaf_set(leaves, 3, d);
	leaves->list = 0;
}

#define SL_NO_PLACE (SL_ORDER_PLACE + 1)

/*
 * The first record of a leaf that fits, if it stands before the place of *first, which it then is.
 * Where the leaf is not looked through to its end, leaves->at says how far.
 */
#define SL_FIND(type, fits)                                                             \
	static __always_inline void find_##type(struct sl_leaves *leaves, int i,        \
						const struct sl_key *key, __u32 *first) \
	{                                                                               \
		__u32 at = leaves->at[i], end = leaves->end[i];                         \
                                                                                        \
		while (at < end && sl_can_loop) {                                       \
			const struct type __arena *record = SL_AT(struct type, at);     \
			__u32 place = record->order & SL_ORDER_PLACE;                   \
                                                                                        \
			if (place >= *first)                                            \
				break;                                                  \
			if (place >= leaves->from && fits(record, key)) {               \
				*first = sl_unknown(place);                             \
				leaves->order = record->order;                          \
				leaves->target = record->target;                        \
				break;                                                  \
			}                                                               \
			at += sizeof(struct type);                                      \
		}                                                                       \
		leaves->at[i] = at;                                                     \
	}

SL_FIND(sl_record4, record4_fits)
SL_FIND(sl_record6, record6_fits)

/*
 * With the records of rules that the packet's name leads to: see by_name.h. from: what leaves->from
 * was before leaves were looked through.
 */
SL_VERIFIED_ONCE bool sl_named_next(struct sl_leaves *leaves, const struct sl_key *key, __u32 from);

/*
 * Leaves of several trees, merged: of the first records that fit, one a leaf, the one that stands
 * first in the chain. A leaf is only looked through as far as it is ahead of what another one has
 * found. False: there is none any more. A global function to the verifier: walked once.
 */
SL_VERIFIED_ONCE bool sl_leaves_next(struct sl_leaves *leaves, const struct sl_key *key)
{
	__u32 first = sl_unknown(SL_NO_PLACE), from;

	if (!leaves || !key)
		return false;
	from = leaves->from;
	if (leaves->list)
		leaves_find(leaves, key);
	SL_UNROLL for (int i = 0; i < SL_TREES; i++)
	{
		if (key->l3 == SL_L3_IP6)
			find_sl_record6(leaves, i, key, &first);
		else
			find_sl_record4(leaves, i, key, &first);
	}
	leaves->from = first + 1;
	return key->named ? sl_named_next(leaves, key, from) : first != SL_NO_PLACE;
}

/*
 * The same with the records of rules that the payload's needles lead to: see hits.h. from: what
 * leaves->from was before sl_leaves_next().
 */
SL_VERIFIED_ONCE bool sl_hits_next(struct sl_leaves *leaves, const struct sl_key *key, __u32 from);

/*
 * A rule that mirrors out of its own interface has this program run once more before it goes on, and
 * that walk leaves nothing of this one: it begins again behind the rule.
 */
static __always_inline bool classify_many(__u32 list, struct sl_pkt *pkt,
					  const struct sl_court *court,
					  struct sl_decision *decision)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_leaves *leaves;
	__u32 walk, order, from;
	bool any;

	if (!scratch)
		return false;
	leaves = &scratch->leaves;
	leaves->list = list;
	leaves->from = pkt->key.from;
	walk = ++leaves->walks;
	while (sl_can_loop) {
		from = leaves->from;
		any = sl_leaves_next(leaves, &pkt->key);
		if (pkt->key.hits)
			any = sl_hits_next(leaves, &pkt->key, from);
		if (!any)
			return false;
		order = leaves->order;
		if (record_act(order, leaves->target, pkt, court, decision))
			return true;
		if (leaves->walks != walk) {
			walk = leaves->walks;
			leaves->list = list;
			leaves->from = (order & SL_ORDER_PLACE) + 1;
			sl_scan_rewind(&scratch->scanned);
		}
	}
	return false;
}

/* True when a rule decides, or is left to TC with all behind it. */
static __always_inline bool sl_classify(struct sl_pkt *pkt, const struct sl_court *court,
					struct sl_decision *decision)
{
	__u32 at = court->chain +
		   (pkt->key.l3 * SL_L4_MAX_ + pkt->key.l4) * (__u32)sizeof(struct sl_list);
	const struct sl_list __arena *list = SL_AT(struct sl_list, at);

	if (!list->tree[0])
		return false;
	if (list->tree[1] || pkt->key.l3 == SL_L3_IP6)
		return classify_many(at, pkt, court, decision);
	return classify_one(list->tree[0], pkt, court, decision);
}
