// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "body.h"

#include "inner.h"
#include "op.h"

static struct sl_wide wide(sl_u128 number)
{
	return (struct sl_wide) { .high = (__u64)(number >> 64), .low = (__u64)number };
}

static int add_addrs(struct sl_body_writing *w, const struct sl_cond *cond)
{
	bool source = cond->field == SL_FIELD_SADDR4 || cond->field == SL_FIELD_SADDR6;
	bool six = cond->field == SL_FIELD_SADDR6 || cond->field == SL_FIELD_DADDR6;
	struct sl_op_addrs *op;
	void *new;
	size_t i;
	int err;

	err = sl_body_op(w, SL_OP_ADDRS, sizeof(*op) + cond->set.count * sizeof(op->range[0]),
			 source ? SL_PART_SADDR : SL_PART_DADDR, &new);
	if (err)
		return err;
	op = new;
	op->l3 = six ? SL_L3_IP6 : SL_L3_IP4;
	op->count = (__u32)cond->set.count;
	for (i = 0; i < cond->set.count; i++) {
		op->range[i].low = wide(cond->set.v[i].low);
		op->range[i].high = wide(cond->set.v[i].high);
	}
	return 0;
}

/* In a rule of its own the list and the box would ask for some of these. */
static int add_cond(struct sl_body_writing *w, const struct sl_cond *cond)
{
	switch (sl_fields[cond->field].place) {
	case SL_PLACE_ADDR4:
	case SL_PLACE_ADDR6:
		return add_addrs(w, cond);
	case SL_PLACE_SPORT:
		return sl_body_add_ranges(w, cond, SL_OP_FIELD(SL_WORD_PORTS, 0, 16));
	case SL_PLACE_DPORT:
		return sl_body_add_ranges(w, cond, SL_OP_FIELD(SL_WORD_PORTS, 16, 16));
	case SL_PLACE_LINK:
	case SL_PLACE_XPORT:
		break;
	}
	return sl_body_add_cond(w, cond);
}

static __u32 classes_of(const struct sl_conf_match *match)
{
	unsigned int l3, l4;
	__u32 classes = 0;

	for (l3 = 0; l3 < SL_L3_MAX_; l3++) {
		for (l4 = 0; l4 < SL_L4_MAX_; l4++) {
			if (sl_match_reaches(match, (enum sl_l3)l3, (enum sl_l4)l4))
				classes |= 1U << (l3 * SL_L4_MAX_ + l4);
		}
	}
	return classes;
}

static int add_about(struct sl_body_writing *w, const struct sl_conf_match *match, __u32 depth)
{
	struct sl_op_about *op;
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_ABOUT, sizeof(*op), depth, &new);
	if (err)
		return err;
	op = new;
	op->classes = classes_of(match);
	w->about = (__u32)(w->block->base + ((char *)new - (char *)w->block->bytes));
	return 0;
}

static int add_tunnel(struct sl_body_writing *w, const struct sl_conf_match *match, __u32 depth)
{
	const struct sl_intervals *ids = &match->tunnel_id;
	struct sl_op_tunnel *op;
	void *new;
	size_t i;
	int err;

	if (!sl_match_asks_tunnel(match))
		return 0;
	err = sl_body_op(w, SL_OP_TUNNEL, sizeof(*op) + ids->count * sizeof(op->span[0]), depth,
			 &new);
	if (err)
		return err;
	op = new;
	for (i = 0; i < SL_TUNNEL_MAX_; i++)
		op->tunnels |= (__u32)sl_intervals_have(&match->tunnel, i) << i;
	op->count = (__u32)ids->count;
	for (i = 0; i < ids->count; i++) {
		op->span[i].low = (__u32)ids->v[i].low;
		op->span[i].high = (__u32)ids->v[i].high;
	}
	return 0;
}

/* What costs least comes first. */
static int add_packet(struct sl_body_writing *w, const struct sl_conf_match *match, __u32 depth)
{
	size_t i;
	int err;

	err = add_about(w, match, depth);
	for (i = 0; i < match->count && !err; i++)
		err = add_cond(w, &match->conds[i]);
	for (i = 0; i < match->nsets && !err; i++)
		err = sl_body_add_set(w, &match->sets[i]);
	return err ? err : sl_body_add_match(w, match);
}

int sl_inner_make(struct sl_block *block, const struct sl_conf_match *match, __u32 *at)
{
	struct sl_body_writing w = { .block = block };
	__u32 depth = 0;
	int err;

	if (!match->tunnel.count)
		return 0;
	((struct sl_ruleset *)sl_block_at(block, block->base))->needs |= SL_NEEDS_INNER;
	err = sl_block_take(block, sizeof(struct sl_asks), 8, &w.asks);
	if (!err)
		err = add_tunnel(&w, match, depth);
	while (!err && match->inner) {
		match = match->inner;
		err = add_packet(&w, match, ++depth);
		if (!err)
			err = add_tunnel(&w, match, depth);
	}
	if (!err)
		*at = w.asks;
	return err;
}

int sl_body_add_inner(struct sl_body_writing *w, __u32 asks)
{
	void *new;

	((struct sl_body *)sl_block_at(w->block, w->at))->needs |= SL_NEEDS_INNER;
	return sl_body_op(w, SL_OP_INNER, sizeof(struct sl_op), asks, &new);
}
