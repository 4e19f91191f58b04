/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "body.h"

#include "op.h"

static struct sl_wide wide(sl_u128 number)
{
	return (struct sl_wide) { .high = (__u64)(number >> 64), .low = (__u64)number };
}

static int add_raw(struct sl_body_writing *w, const struct sl_cond_raw *raw)
{
	struct sl_op_bytes *op;
	void *new;
	size_t i;
	int err;

	err = sl_body_op(w, SL_OP_BYTES, sizeof(*op) + raw->set.count * sizeof(op->range[0]),
			 raw->offset, &new);
	if (err)
		return err;
	op = new;
	op->base = (__u8)raw->base;
	op->length = raw->length;
	op->mask = wide(raw->mask);
	op->count = (__u32)raw->set.count;
	for (i = 0; i < raw->set.count; i++) {
		op->range[i].low = wide(raw->set.v[i].low);
		op->range[i].high = wide(raw->set.v[i].high);
	}
	return 0;
}

static int add_spans(struct sl_body_writing *w, enum sl_op_kind kind, __u32 arg,
		     const struct sl_intervals *set)
{
	struct sl_op_spans *op;
	void *new;
	size_t i;
	int err;

	err = sl_body_op(w, kind, sizeof(*op) + set->count * sizeof(op->span[0]), arg, &new);
	if (err)
		return err;
	op = new;
	op->count = (__u32)set->count;
	for (i = 0; i < set->count; i++) {
		op->span[i].low = (__u32)set->v[i].low;
		op->span[i].high = (__u32)set->v[i].high;
	}
	return 0;
}

static int add_flow(struct sl_body_writing *w, const struct sl_cond_length *cond)
{
	struct sl_ruleset *rules = sl_block_at(w->block, w->block->base);
	const struct sl_intervals *set = &cond->set;
	struct sl_op_amounts *op;
	void *new;
	size_t i;
	int err;

	rules->needs |= SL_NEEDS_FLOW;
	err = sl_body_op(w, SL_OP_FLOW, sizeof(*op) + set->count * sizeof(op->amount[0]), cond->of,
			 &new);
	if (err)
		return err;
	op = new;
	op->count = (__u32)set->count;
	for (i = 0; i < set->count; i++) {
		op->amount[i].low = (__u64)set->v[i].low;
		op->amount[i].high = (__u64)set->v[i].high;
	}
	return 0;
}

static int add_number(struct sl_body_writing *w, const struct sl_cond_length *cond)
{
	struct sl_ruleset *rules = sl_block_at(w->block, w->block->base);

	if (cond->of >= SL_NUMBER_FLOW_STATE && cond->of < SL_NUMBER_APP)
		return add_flow(w, cond);
	if (cond->of < SL_NUMBER_APP)
		return add_spans(w, SL_OP_LENGTH, cond->of, &cond->set);
	rules->needs |= SL_NEEDS_APP;
	return add_spans(w, SL_OP_APP_NUMBER, cond->of, &cond->set);
}

static int add_iface(struct sl_body_writing *w, const struct sl_cond_iface *cond)
{
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_IFACE, sizeof(struct sl_op_iface), cond->pattern, &new);
	if (!err)
		((struct sl_op_iface *)new)->op.negate = cond->negate;
	return err;
}

/* What costs least comes first. */
int sl_body_add_match(struct sl_body_writing *w, const struct sl_conf_match *match)
{
	size_t i;
	int err = 0;

	for (i = 0; i < match->nifaces && !err; i++)
		err = add_iface(w, &match->ifaces[i]);
	for (i = 0; i < match->nlengths && !err; i++)
		err = add_number(w, &match->lengths[i]);
	for (i = 0; i < match->nraws && !err; i++)
		err = add_raw(w, &match->raws[i]);
	if (!err && match->mss.count)
		err = add_spans(w, SL_OP_MSS, 0, &match->mss);
	return err;
}
