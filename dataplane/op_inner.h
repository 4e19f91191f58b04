/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What rules ask of tunnels and of the packets in them: see inner.h, which has found them. Called
 * before the other operations of a body and not from among them, for the sake of the stack.
 */

#include "env.h"
#include "op_match.h"
#include "op_mss.h"
#include "op_set.h"

/* The packet at that depth, 1 or 2, if there is one; NULL when not. */
static __always_inline const struct sl_facts *op_inner_facts(__u32 depth)
{
	const struct sl_scratch *scratch = sl_scratch();

	if (!scratch || scratch->found.inner < depth)
		return NULL;
	return depth == 1 ? &scratch->inner[0].facts : &scratch->inner[1].facts;
}

static __always_inline bool op_about(const struct sl_facts *facts, __u32 at)
{
	const struct sl_op_about __arena *op = SL_AT(struct sl_op_about, at);

	return facts && (op->classes >> (facts->key.l3 * SL_L4_MAX_ + facts->key.l4) & 1) &&
	       (facts->key.link & op->link_mask) == op->link_value &&
	       (facts->key.xport & op->xport_mask) == op->xport_value;
}

OP_FIND(op_addrs_find, sl_op_addrs, range, struct sl_wide, op_wide_above, op_wide_below)

SL_VERIFIED_ONCE int sl_op_addrs(const struct sl_key *key, __u32 at)
{
	const struct sl_op_addrs __arena *op = SL_AT(struct sl_op_addrs, at);
	struct sl_wide addr = {};

	if (!key)
		return OP_LACKS;
	if (key->l3 != op->l3)
		return OP_YES;
	set_addr(key, op->op.arg, &addr);
	return op_addrs_find(at, op->count, addr) ? OP_YES : OP_NO;
}

OP_FIND(op_spans_of_tunnel, sl_op_tunnel, span, __u32, op_above, op_below)

/* A packet that no tunnel leads to has the tunnel "none", and no id. */
SL_VERIFIED_ONCE int sl_op_tunnel(__u32 at)
{
	const struct sl_op_tunnel __arena *op = SL_AT(struct sl_op_tunnel, at);
	const struct sl_scratch *scratch = sl_scratch();
	const struct sl_inner *inner;

	if (!scratch || scratch->found.inner < op->op.arg)
		return OP_LACKS;
	inner = op->op.arg ? &scratch->inner[1] : &scratch->inner[0];
	if (!(op->tunnels >> (inner->tunnel & 31) & 1))
		return OP_NO;
	if (!op->count)
		return OP_YES;
	if (!inner->has_id)
		return OP_LACKS;
	return op_spans_of_tunnel(at, op->count, inner->id) ? OP_YES : OP_NO;
}

/* One operation about the packet that facts are of, or about a tunnel. */
static __always_inline bool inner_asks(SL_CTX *ctx, const struct sl_facts *facts, __u32 at,
				       __u32 bytes)
{
	const struct sl_op __arena *op = SL_AT(struct sl_op, at);
	int found;

	if (op->kind == SL_OP_TUNNEL)
		return sl_op_tunnel(at) == OP_YES;
	if (!facts)
		return false;
	switch (op->kind) {
	case SL_OP_BITS:
		found = op_bits(&facts->key, at) ? OP_YES : OP_NO;
		break;
	case SL_OP_RANGES:
		found = op_ranges(&facts->key, at) ? OP_YES : OP_NO;
		break;
	case SL_OP_ADDRS:
		found = sl_op_addrs(&facts->key, at);
		break;
	case SL_OP_SET:
		found = sl_op_set(&facts->key, at, bytes);
		break;
	case SL_OP_LENGTH:
		found = sl_op_length(facts, at);
		break;
	case SL_OP_BYTES:
		found = sl_op_bytes(ctx, facts, at);
		break;
	case SL_OP_MSS:
		found = op_mss(ctx, facts, at);
		break;
	default:
		return false;
	}
	return found == (op->negate ? OP_NO : OP_YES);
}

/* All that the struct sl_asks at that offset has. bytes: of the whole packet, for sets that count. */
SL_VERIFIED_ONCE bool sl_inner_asks(SL_CTX *ctx, __u32 at, __u32 bytes)
{
	const struct sl_asks __arena *asks = SL_AT(struct sl_asks, at);
	const struct sl_facts *facts = NULL;

	sl_keep(ctx);
	at += sizeof(struct sl_asks);
	for (__u32 i = sl_unknown(0); i < asks->nops && sl_can_loop; i++) {
		const struct sl_op __arena *op = SL_AT(struct sl_op, at);

		if (op->kind == SL_OP_ABOUT) {
			facts = op_inner_facts(op->arg);
			if (!op_about(facts, at))
				return false;
		} else if (!inner_asks(ctx, facts, at, bytes)) {
			return false;
		}
		at += op->size;
	}
	return true;
}
