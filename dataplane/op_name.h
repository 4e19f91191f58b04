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
 * The name that the packet has, with its hashes, which operations are too deep on the stack to make.
 * Its offset; 0: there is none.
 */
static __always_inline __u32 sl_name_look(void)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 at = scratch ? scratch->found.app : 0;

	if (!at || !(SL_AT(struct sl_app_found, at)->has & SL_APP_HAS_NAME))
		return 0;
	at += (__u32)offsetof(struct sl_app_found, name);
	if (!SL_AT(struct sl_name, at)->hashed)
		sl_name_hash(at);
	return at;
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

/* Offset of the entry for that hash in a set's table; 0: there is none. A table is never full. */
static __always_inline __u32 names_find(__u32 at, __u64 hash)
{
	const struct sl_names_table __arena *table = SL_AT(struct sl_names_table, at);
	__u32 bit = sl_names_bit(hash, table->nbits), entry;
	bool has_free = false;

	if (!(*SL_AT(__u64, table->bits + (bit >> 6) * 8) >> (bit & 63) & 1))
		return 0;
	entry = table->buckets + sl_names_bucket(hash, table->nbuckets) * SL_NAMES_BUCKET * 8;
	hash &= ~(__u64)SL_NAME_FORMS;
	while (!has_free && sl_can_loop) {
		for (__u32 i = 0; i < SL_NAMES_BUCKET; i++, entry += 8) {
			__u64 is = *SL_AT(__u64, entry);

			if ((is & ~(__u64)SL_NAME_FORMS) == hash)
				return entry;
			has_free |= !is;
		}
		if (entry == table->buckets + table->nbuckets * SL_NAMES_BUCKET * 8)
			entry = table->buckets;
	}
	return 0;
}

static __always_inline void names_count(__u32 at, __u32 entry, __u32 bytes)
{
	const struct sl_names_table __arena *table = SL_AT(struct sl_names_table, at);

	if (table->counters)
		sl_count(table->counters +
				 (entry - table->buckets) / 8 * (__u32)sizeof(struct sl_counter),
			 bytes);
}

/* Whether the packet's name is in the set of names of the operation. */
SL_VERIFIED_ONCE int sl_op_names(__u32 at, __u32 bytes)
{
	const struct sl_op_set __arena *op = SL_AT(struct sl_op_set, at);
	const struct sl_names_body __arena *body =
		SL_AT(struct sl_names_body, SL_AT(struct sl_set, op->op.arg)->body);
	__u32 table = *(const volatile __u32 __arena *)&body->table;
	__u32 name = name_of(name_app(op->part[0])), i, entry;

	if (!name)
		return OP_LACKS;
	for (i = sl_unknown(0); i < SL_AT(struct sl_name, name)->labels && sl_can_loop; i++) {
		entry = names_find(table, SL_AT(struct sl_name, name)->hash[i & 127]);
		if (!entry || !(*SL_AT(__u64, entry) & (i ? SL_NAME_BELOW : SL_NAME_SELF)))
			continue;
		names_count(table, entry, bytes);
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
