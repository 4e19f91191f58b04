/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Rules that are found by the name in the packet's message: abi/rule.h has how they lie. What the
 * stage finds is merged with the leaves of the trees in the order of the rules.
 */

#include "classify.h"
#include "op_name.h"

/* The records for a name, or for names below it; 0: there are none. */
static __always_inline __u32 named_find(__u32 at, __u64 hash, bool self)
{
	const struct sl_named_index __arena *index = SL_AT(struct sl_named_index, at);
	__u32 i = (__u32)(hash >> 32) & index->mask;

	hash &= ~(__u64)SL_NAME_FORMS;
	while (sl_can_loop) {
		const struct sl_named_entry __arena *entry = SL_AT(
			struct sl_named_entry, at + (__u32)sizeof(struct sl_named_index) +
						       i * (__u32)sizeof(struct sl_named_entry));

		if (!entry->self && !entry->below)
			return 0;
		if (entry->hash == hash)
			return self ? entry->self : entry->below;
		i = (i + 1) & index->mask;
	}
	return 0;
}

/* From the name itself to its last label: the first that is known has those above it, too. */
SL_VERIFIED_ONCE __u32 sl_named_look(__u32 index, __u32 at)
{
	const struct sl_name __arena *name = SL_AT(struct sl_name, at);
	__u32 level = sl_unknown(0), i;

	for (i = sl_unknown(0); i < name->labels && !level && sl_can_loop; i = sl_unknown(i + 1))
		level = named_find(index, name->hash[i & 127], !i);
	return level;
}

/* The stage: the hashes of the name that the packet has, and the rules that ask for it. */
static __always_inline void sl_name_stage(struct sl_pkt *pkt, __u32 ruleset)
{
	const struct sl_ruleset __arena *rules = SL_AT(struct sl_ruleset, ruleset);
	__u32 index = rules->names[pkt->hook == SL_HOOK_TC_EGRESS ? SL_DIR_EGRESS : SL_DIR_INGRESS];
	struct sl_scratch *scratch = sl_scratch();
	__u32 at = sl_name_look();

	if (!index || !at || !scratch)
		return;
	scratch->found.names = sl_named_look(index, at);
	pkt->key.named = scratch->found.names != 0;
}

/* One part of a level, if it is of the packet's class. */
#define NAMED_FIND(type, fits)                                                                  \
	static __always_inline void named_##type(struct sl_leaves *leaves, __u32 at, __u32 end, \
						 const struct sl_key *key, __u32 from,          \
						 __u32 *first)                                  \
	{                                                                                       \
		for (; at < end && sl_can_loop; at += sizeof(struct type)) {                    \
			const struct type __arena *record = SL_AT(struct type, at);             \
			__u32 place = record->order & SL_ORDER_PLACE;                           \
                                                                                                \
			if (place >= *first)                                                    \
				return;                                                         \
			if (place < from || !fits(record, key))                                 \
				continue;                                                       \
			*first = sl_unknown(place);                                             \
			leaves->order = record->order;                                          \
			leaves->target = record->target;                                        \
			return;                                                                 \
		}                                                                               \
	}

NAMED_FIND(sl_record4, record4_fits)
NAMED_FIND(sl_record6, record6_fits)

static __always_inline void named_part(struct sl_leaves *leaves, __u32 at, const struct sl_key *key,
				       __u32 from, __u32 *first)
{
	const struct sl_named_part __arena *part = SL_AT(struct sl_named_part, at);

	if (part->class != (__u32)key->l3 * SL_L4_MAX_ + key->l4)
		return;
	if (key->l3 == SL_L3_IP6)
		named_sl_record6(leaves, part->at, part->end, key, from, first);
	else
		named_sl_record4(leaves, part->at, part->end, key, from, first);
}

SL_VERIFIED_ONCE bool sl_named_next(struct sl_leaves *leaves, const struct sl_key *key, __u32 from)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 first, at, i;

	if (!leaves || !key || !scratch)
		return false;
	first = sl_unknown(leaves->from - 1);
	for (at = scratch->found.names; at && sl_can_loop;
	     at = SL_AT(struct sl_named_level, at)->next) {
		__u32 count = SL_AT(struct sl_named_level, at)->count;

		for (i = sl_unknown(0); i < count && sl_can_loop; i = sl_unknown(i + 1))
			named_part(leaves,
				   at + (__u32)(sizeof(struct sl_named_level) +
						i * sizeof(struct sl_named_part)),
				   key, from, &first);
	}
	leaves->from = first + 1;
	return first != SL_NO_PLACE;
}
