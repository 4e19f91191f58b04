/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The name in the packet's message, as rules ask for it: see name.h. */

#include "../abi/op.h"
#include "../abi/sets.h"
#include "count.h"
#include "env.h"
#include "name.h"
#include "op_match.h"

/*
 * The stage: the hashes of the name that the packet has. Operations that ask for it are too deep on
 * the stack to make them.
 */
static __always_inline void sl_name_look(void)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 at = scratch ? scratch->found.app : 0;

	if (at && SL_AT(struct sl_app_found, at)->has & SL_APP_HAS_NAME)
		sl_name_hash(at + (__u32)offsetof(struct sl_app_found, name));
}

/* Offset of the name in a message of that application; 0: the packet has none. */
static __always_inline __u32 name_of(__u32 app)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 at = scratch ? scratch->found.app : 0;
	const struct sl_app_found __arena *found = SL_AT(struct sl_app_found, at);

	if (!at || found->app != app || !(found->has & SL_APP_HAS_NAME))
		return 0;
	return at + (__u32)offsetof(struct sl_app_found, name);
}

static __always_inline __u32 name_app(__u32 part)
{
	return part == SL_PART_QNAME ? SL_APP_DNS : part == SL_PART_SNI ? SL_APP_TLS : SL_APP_HTTP;
}

/* What is meant by the entry for that hash among those of an operation: SL_NAME_ bits. */
static __always_inline __u32 name_find(__u32 at, __u64 hash)
{
	const struct sl_op_name __arena *op = SL_AT(struct sl_op_name, at);
	__u32 low = sl_unknown(0), high = op->count;

	while (low < high && sl_can_loop) {
		__u32 middle = (low + high) / 2;
		__u64 entry = op->name[middle];

		if (hash > (entry | SL_NAME_FORMS))
			low = middle + 1;
		else if (hash < (entry & ~(__u64)SL_NAME_FORMS))
			high = middle;
		else
			return entry & SL_NAME_FORMS;
	}
	return 0;
}

/* Whether a set's table has an entry for that hash with the form that is asked for. */
static __always_inline bool names_have(__u32 at, __u64 hash, __u32 form, __u32 bytes)
{
	const struct sl_names_table __arena *table = SL_AT(struct sl_names_table, at);
	__u32 bit = sl_names_bit(hash, table->nbits),
	      bucket = sl_names_bucket(hash, table->nbuckets);
	__u32 left = table->nbuckets, free = sl_unknown(0);

	if (!(*SL_AT(__u64, table->bits + (bit >> 6) * 8) >> (bit & 63) & 1))
		return false;
	hash &= ~(__u64)SL_NAME_FORMS;
	for (; left && !free && sl_can_loop; left--) {
		const __u64 __arena *entry =
			SL_AT(__u64, table->buckets + bucket * SL_NAMES_BUCKET * 8);

		for (int i = 0; i < (int)SL_NAMES_BUCKET; i++) {
			__u64 is = entry[i];

			if ((is & ~(__u64)SL_NAME_FORMS) == hash) {
				if (!(is & form))
					return false;
				if (table->counters)
					sl_count(table->counters +
							 (bucket * SL_NAMES_BUCKET + i) *
								 (__u32)sizeof(struct sl_counter),
						 bytes);
				return true;
			}
			free |= !is;
		}
		bucket = bucket + 1 == table->nbuckets ? 0 : bucket + 1;
	}
	return false;
}

/* Whether the packet's name is in the set of names of the operation. */
SL_VERIFIED_ONCE int sl_op_names(__u32 at, __u32 bytes)
{
	const struct sl_op_set __arena *op = SL_AT(struct sl_op_set, at);
	const struct sl_names_body __arena *body =
		SL_AT(struct sl_names_body, SL_AT(struct sl_set, op->op.arg)->body);
	__u32 from = name_of(name_app(op->part[0])), i;
	const struct sl_name __arena *name = SL_AT(struct sl_name, from);
	__u32 table = *(const volatile __u32 __arena *)&body->table;

	if (!from)
		return OP_LACKS;
	for (i = sl_unknown(0); i < name->labels && sl_can_loop; i++) {
		if (names_have(table, name->hash[i & 127], i ? SL_NAME_BELOW : SL_NAME_SELF, bytes))
			return OP_YES;
	}
	return OP_NO;
}

SL_VERIFIED_ONCE int sl_op_name(__u32 at)
{
	__u32 from = name_of(SL_AT(struct sl_op, at)->arg), i;
	const struct sl_name __arena *name = SL_AT(struct sl_name, from);

	if (!from)
		return OP_LACKS;
	for (i = sl_unknown(0); i < name->labels && sl_can_loop; i++) {
		if (name_find(at, name->hash[i & 127]) & (i ? SL_NAME_BELOW : SL_NAME_SELF))
			return OP_YES;
	}
	return OP_NO;
}
