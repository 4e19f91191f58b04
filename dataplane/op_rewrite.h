/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Operations that set a field of the packet: which bytes these are, and what to put there. */

#include "op_mss.h"
#include "rewrite.h"

/* Later rules see what this one has set, as they would if TC parsed the packet anew. */
static __always_inline void set_key(struct sl_facts *facts, __u32 shift, __u64 mask, __u64 value)
{
	facts->key.xport = (facts->key.xport & ~(mask << shift)) | (value & mask) << shift;
}

static __always_inline bool set_dscp(struct sl_facts *facts, __u32 value, struct sl_rewrite *to)
{
	if (!facts->ip_end)
		return false;
	if (facts->key.l3 == SL_L3_IP4) {
		to->offset = facts->network + 1;
		to->length = 1;
		to->value[0] = value << 2;
		to->mask[0] = 0xfc;
	} else {
		to->offset = facts->network;
		to->length = 2;
		to->value[0] = value >> 2;
		to->mask[0] = 0x0f;
		to->value[1] = value << 6;
		to->mask[1] = 0xc0;
	}
	set_key(facts, SL_XPORT_DSCP_SHIFT, 0x3f, value);
	return true;
}

static __always_inline bool set_ttl(struct sl_facts *facts, __u32 value, struct sl_rewrite *to)
{
	if (!facts->ip_end)
		return false;
	to->offset = facts->network + (facts->key.l3 == SL_L3_IP4 ? 8 : 7);
	to->length = 1;
	to->value[0] = value;
	to->mask[0] = 0xff;
	set_key(facts, SL_XPORT_TTL_SHIFT, 0xff, value);
	return true;
}

/* Only down: who offers less knows why. */
static __always_inline bool set_mss(__u64 mss, __u32 value, struct sl_rewrite *to)
{
	if ((mss & 0xffff) <= value)
		return false;
	to->offset = (__u32)(mss >> 16);
	to->length = 2;
	to->value[0] = value >> 8;
	to->value[1] = value;
	to->mask[0] = to->mask[1] = 0xff;
	return true;
}

static __always_inline bool set_bytes(struct sl_facts *facts, __u32 at, struct sl_rewrite *to)
{
	const struct sl_op_write __arena *op = SL_AT(struct sl_op_write, at);
	struct sl_layer layer;

	if (!sl_layer_find(facts, op->base, &layer) ||
	    op->op.arg + op->length > layer.end - layer.start) {
		sl_undone(facts, SL_REASON_WRITE_PAST);
		return false;
	}
	to->offset = layer.start + op->op.arg;
	to->length = op->length;
	for (int i = 0; i < SL_REWRITE_MAX; i++) {
		to->value[i] = op->value[i];
		to->mask[i] = op->mask[i];
	}
	return true;
}

/*
 * SET_DSCP, SET_TTL, SET_MSS, SET_BYTES. What the packet does not have is not set. mss: of SET_MSS,
 * what sl_mss() found, which is not asked here for the sake of the stack.
 */
SL_VERIFIED_ONCE int sl_op_rewrite(SL_CTX *ctx, struct sl_facts *facts, __u32 at, __u64 mss)
{
	const struct sl_op __arena *op = SL_AT(struct sl_op, at);
	struct sl_scratch *scratch = sl_scratch();
	struct bpf_dynptr view;
	bool has;

	if (!facts || !scratch || sl_view(ctx, &view))
		return 0;
	switch (op->kind) {
	case SL_OP_SET_DSCP:
		has = set_dscp(facts, op->arg, &scratch->rewrite);
		break;
	case SL_OP_SET_TTL:
		has = set_ttl(facts, op->arg, &scratch->rewrite);
		break;
	case SL_OP_SET_MSS:
		has = set_mss(mss, op->arg, &scratch->rewrite);
		break;
	default:
		has = set_bytes(facts, at, &scratch->rewrite);
		break;
	}
	if (has)
		sl_undone(facts, rewrite(ctx, &view, facts, &scratch->rewrite));
	return 0;
}
