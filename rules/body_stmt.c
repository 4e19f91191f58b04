/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "body.h"

#include <errno.h>
#include <string.h>

#include "arena.h"
#include "event.h"
#include "op.h"
#include "sets.h"
#include "stmt.h"

#define NS	  1000000000ULL
#define COST_MAX  (1ULL << 46) /* see struct sl_op_limit */
#define BURST_MAX (1ULL << 58)

/* Of one packet, byte or event, in 1/256 ns: at least a little, so that there is a rate at all. */
static __u64 cost(__u64 rate, __u32 unit_s, __u64 max)
{
	unsigned __int128 q8 = ((unsigned __int128)unit_s * NS << 8) / rate;

	if (q8 > max)
		return max;
	return q8 ? (__u64)q8 : 1;
}

static __u64 depth(__u64 burst, __u64 cost_q8)
{
	unsigned __int128 ns = ((unsigned __int128)burst * cost_q8 + 255) >> 8;

	return ns < BURST_MAX ? (__u64)ns : BURST_MAX - 1;
}

static int add_limit(struct sl_body_writing *w, const struct sl_conf_limit *limit)
{
	struct sl_op_limit *op;
	void *new;
	int err;

	if (w->limits == SL_STATE_LIMITS)
		return -E2BIG;
	err = sl_body_op(w, SL_OP_LIMIT, sizeof(*op), limit->per, &new);
	if (err)
		return err;
	op = new;
	op->over = limit->over;
	op->bytes = limit->bytes;
	op->index = w->limits++;
	op->cost_ns_q8 = cost(limit->rate, limit->unit_s, limit->bytes ? COST_MAX - 1 : ~0ULL >> 8);
	op->burst_ns = depth(limit->burst, op->cost_ns_q8);
	return 0;
}

static int add_log(struct sl_body_writing *w, const struct sl_conf_log *log)
{
	struct sl_op_log *op;
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_LOG, sizeof(*op),
			 log->snap < SL_SNAP_MAX ? log->snap : SL_SNAP_MAX, &new);
	if (err)
		return err;
	op = new;
	op->sample = log->sample;
	if (!log->rate)
		return 0;
	op->cost_ns_q8 = cost(log->rate, log->unit_s, ~0ULL >> 8);
	op->burst_ns = depth(log->burst, op->cost_ns_q8);
	return 0;
}

static int add_mark(struct sl_body_writing *w, enum sl_op_kind kind,
		    const struct sl_conf_mark *mark)
{
	void *new;
	int err;

	err = sl_body_op(w, kind, sizeof(struct sl_op_mark), mark->value, &new);
	if (!err)
		((struct sl_op_mark *)new)->mask = mark->mask;
	return err;
}

static int add_vlan(struct sl_body_writing *w, const struct sl_conf_vlan *vlan)
{
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_SET_VLAN, sizeof(struct sl_op_vlan), vlan->value, &new);
	if (!err)
		((struct sl_op_vlan *)new)->change = vlan->change;
	return err;
}

static int add_write(struct sl_body_writing *w, const struct sl_conf_write *bytes)
{
	struct sl_op_write *op;
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_SET_BYTES, sizeof(*op), bytes->offset, &new);
	if (err)
		return err;
	op = new;
	op->base = (__u8)bytes->base;
	op->length = bytes->length;
	memcpy(op->value, bytes->value, sizeof(op->value));
	memcpy(op->mask, bytes->mask, sizeof(op->mask));
	return 0;
}

static int add_ban(struct sl_body_writing *w, const struct sl_conf_ban *ban)
{
	__u32 set = sl_body_set(w, ban->set, ban->part);
	struct sl_op_ban *op;
	void *new;
	int err;

	err = sl_body_op(w, SL_OP_BAN, sizeof(*op), set, &new);
	if (err)
		return err;
	op = new;
	memcpy(op->part, ban->part, sizeof(op->part));
	return 0;
}

static int add_number(struct sl_body_writing *w, enum sl_op_kind kind, __u32 number)
{
	void *new;

	return sl_body_op(w, kind, sizeof(struct sl_op), number, &new);
}

static int add_stmt(struct sl_body_writing *w, const struct sl_conf_stmt *stmt)
{
	switch (stmt->kind) {
	case SL_OP_LIMIT:
		return add_limit(w, &stmt->limit);
	case SL_OP_LOG:
		return add_log(w, &stmt->log);
	case SL_OP_MARK:
	case SL_OP_PRIORITY:
		return add_mark(w, stmt->kind, &stmt->mark);
	case SL_OP_SET_VLAN:
		return add_vlan(w, &stmt->vlan);
	case SL_OP_SET_BYTES:
		return add_write(w, &stmt->bytes);
	case SL_OP_BAN:
		return add_ban(w, &stmt->ban);
	case SL_OP_MIRROR:
		return add_number(w, stmt->kind, stmt->port);
	default:
		return add_number(w, stmt->kind, stmt->number);
	}
}

int sl_body_add_stmts(struct sl_body_writing *w, const struct sl_conf_rule *rule)
{
	size_t i;
	int err = 0;

	for (i = 0; i < rule->nstmts && !err; i++)
		err = add_stmt(w, &rule->stmts[i]);
	return err;
}
