/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The stage that searches payloads, and the rules that it leads to. A rule that asks for a needle is
 * not met by packets without: what was found picks a list of records for each needle, and the walk
 * over the chain merges them with its own.
 */

#include "classify.h"
#include "scan.h"

/* Whether the packet is in one of a tree's boxes. */
static __always_inline bool scan_tree_has(__u64 tree, const struct sl_key *key)
{
	__u64 leaf = tree_leaf(tree, key);
	__u32 at = (__u32)leaf, end = at + (__u32)(leaf >> SL_REF_BYTES_SHIFT);

	if (key->l3 == SL_L3_IP6) {
		for (; at < end && sl_can_loop; at += sizeof(struct sl_record6))
			if (record6_fits(SL_AT(struct sl_record6, at), key))
				return true;
		return false;
	}
	for (; at < end && sl_can_loop; at += sizeof(struct sl_record4))
		if (record4_fits(SL_AT(struct sl_record4, at), key))
			return true;
	return false;
}

/* Whether the packet is in the box of any rule that asks for what is in payloads. */
SL_VERIFIED_ONCE bool sl_scan_asked(const struct sl_facts *facts, __u32 boxes)
{
	if (!facts)
		return false;
	for (__u32 i = sl_unknown(0); i < SL_TREES && sl_can_loop; i = sl_unknown(i + 1)) {
		__u64 tree = *SL_AT(__u64, boxes + i * (__u32)sizeof(tree));

		if (!tree)
			return false;
		if (scan_tree_has(tree, &facts->key))
			return true;
	}
	return false;
}

/* For the verifier, which loses what it knew of a loop's counter. */
static __always_inline __u32 hits_place(__u32 i)
{
	sl_recheck(i);
	return i & (SL_SCAN_HITS - 1);
}

static __always_inline void hits_add(struct sl_scanned *scanned, __u64 leaf)
{
	__u32 n = scanned->nlists;

	sl_recheck(n);
	if (!leaf || n >= SL_SCAN_HITS)
		return;
	scanned->begin[n] = (__u32)leaf;
	scanned->at[n] = (__u32)leaf;
	scanned->end[n] = (__u32)leaf + (__u32)(leaf >> SL_REF_BYTES_SHIFT);
	scanned->nlists++;
}

/* The records of one needle's rules; at: in a struct sl_needle_lists, where those of the class are. */
static __always_inline void hits_add_needle(struct sl_scanned *scanned, __u32 needle, __u32 dir,
					    __u32 at)
{
	__u32 lists = SL_AT(struct sl_needle, needle)->lists[dir & 1];

	if (lists)
		hits_add(scanned, *SL_AT(__u64, lists + at));
}

/* What the needles that were found lead to. */
static __always_inline void hits_open(struct sl_scanned *scanned, const struct sl_facts *facts,
				      __u32 tables, __u32 dir)
{
	const struct sl_scan __arena *scan = SL_AT(struct sl_scan, tables);
	__u32 at = (facts->key.l3 * SL_L4_MAX_ + facts->key.l4) * (__u32)sizeof(__u64);
	__u32 all = tables + (__u32)offsetof(struct sl_scan, all) +
		    dir * (__u32)sizeof(struct sl_needle_lists);
	__u32 count = scanned->nhits;

	if (count > SL_SCAN_HITS) {
		hits_add(scanned, *SL_AT(__u64, all + at));
		return;
	}
	for (__u32 i = sl_unknown(0); i < count && i < SL_SCAN_HITS && sl_can_loop;
	     i = sl_unknown(i + 1))
		hits_add_needle(scanned,
				scan->needles + scanned->hit[hits_place(i)] *
							(__u32)sizeof(struct sl_needle),
				dir, at);
}

_Static_assert(SL_DIR_MAX_ == 2, "dir & 1");

/* The stage: what it finds is in the scratch memory, for hits and for operations. */
SL_VERIFIED_ONCE int sl_scan_packet(SL_CTX *ctx, struct sl_facts *facts, __u32 ruleset)
{
	__u32 tables = SL_AT(struct sl_ruleset, ruleset)->scan, boxes, dir;
	struct sl_scratch *scratch = sl_scratch();

	sl_keep(ctx);
	if (!facts || !scratch)
		return 0;
	dir = facts->hook == SL_HOOK_TC_EGRESS ? SL_DIR_EGRESS : SL_DIR_INGRESS;
	boxes = tables + (__u32)offsetof(struct sl_scan, boxes) +
		((dir * SL_L3_MAX_ + facts->key.l3) * SL_L4_MAX_ + facts->key.l4) *
			(__u32)sizeof(struct sl_list);
	scratch->scanned.state = SL_SCAN_NOT;
	scratch->scanned.nlists = 0;
	if (SL_AT(struct sl_list, boxes)->tree[0] != SL_SCAN_ALL && !sl_scan_asked(facts, boxes))
		return 0;
	scratch->scanned.state = scan_payload(ctx, facts, scratch, tables);
	if (scratch->scanned.state == SL_SCAN_CUT && !facts->reason)
		facts->reason = SL_REASON_PATTERN_BUDGET;
	hits_open(&scratch->scanned, facts, tables, dir);
	facts->key.hits = scratch->scanned.nlists;
	return 0;
}

#define HITS_FIND(type, fits)                                                             \
	static __always_inline void hits_find_##type(                                     \
		struct sl_scanned *scanned, __u32 i, struct sl_leaves *leaves,            \
		const struct sl_key *key, __u32 from, __u32 *first)                       \
	{                                                                                 \
		__u32 at = scanned->at[hits_place(i)], end = scanned->end[hits_place(i)]; \
                                                                                          \
		while (at < end && sl_can_loop) {                                         \
			const struct type __arena *record = SL_AT(struct type, at);       \
			__u32 place = record->order & SL_ORDER_PLACE;                     \
                                                                                          \
			if (place >= *first)                                              \
				break;                                                    \
			if (place >= from && fits(record, key)) {                         \
				*first = sl_unknown(place);                               \
				leaves->order = record->order;                            \
				leaves->target = record->target;                          \
				break;                                                    \
			}                                                                 \
			at += sizeof(struct type);                                        \
		}                                                                         \
		scanned->at[hits_place(i)] = at;                                          \
	}

HITS_FIND(sl_record4, record4_fits)
HITS_FIND(sl_record6, record6_fits)

SL_VERIFIED_ONCE bool sl_hits_next(struct sl_leaves *leaves, const struct sl_key *key, __u32 from)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 first, count;

	if (!leaves || !key || !scratch)
		return false;
	/* Of the record that the chain itself has, or none. */
	first = leaves->from - 1;
	count = scratch->scanned.nlists;
	for (__u32 i = sl_unknown(0); i < count && i < SL_SCAN_HITS && sl_can_loop;
	     i = sl_unknown(i + 1)) {
		if (key->l3 == SL_L3_IP6)
			hits_find_sl_record6(&scratch->scanned, i, leaves, key, from, &first);
		else
			hits_find_sl_record4(&scratch->scanned, i, leaves, key, from, &first);
	}
	leaves->from = first + 1;
	return first != SL_NO_PLACE;
}
