/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What a rule asks beyond its boxes: see abi/op.h. Most bodies are answered by two masked compares,
 * which are in line; operations are out of line, and a rule set without any never gets there.
 */

#include "../abi/op.h"
#include "arena.h"
#include "op_set.h"
#include "pkt.h"

/* The field that op.arg names. */
static __always_inline __u32 body_field(__u32 arg, __u64 link, __u64 xport)
{
	__u64 word = (arg >> 8 & 0xff) == SL_WORD_LINK ? link : xport;
	__u32 mask = (1U << (arg >> 16 & 31)) - 1;

	return (__u32)(word >> (arg & 63)) & mask;
}

static __always_inline bool op_bits(__u32 at, __u32 field)
{
	const struct sl_op_bits __arena *bits = SL_AT(struct sl_op_bits, at);

	return bits->bits[field >> 6 & 3] >> (field & 63) & 1;
}

static __always_inline bool op_ranges(__u32 at, __u32 field)
{
	const struct sl_op_ranges __arena *ranges = SL_AT(struct sl_op_ranges, at);
	__u32 low = sl_unknown(0), high = ranges->count;

	while (low < high && sl_can_loop) {
		__u32 middle = (low + high) / 2;

		if (field > ranges->range[middle].high)
			low = middle + 1;
		else if (field < ranges->range[middle].low)
			high = middle;
		else
			return true;
	}
	return false;
}

static __always_inline bool op_holds(const struct sl_key *key, __u32 at, __u32 bytes)
{
	const struct sl_op __arena *op = SL_AT(struct sl_op, at);
	__u32 field = body_field(op->arg, key->link, key->xport);

	switch (op->kind) {
	case SL_OP_BITS:
		return op_bits(at, field) != op->negate;
	case SL_OP_RANGES:
		return op_ranges(at, field) != op->negate;
	case SL_OP_SET:
		return sl_op_set(key, at, bytes) == (op->negate ? SL_SET_OUT : SL_SET_IN);
	default:
		return false;
	}
}

/* Whether all operations of the body hold. A global function: verified once, not at each call. */
SL_VERIFIED_ONCE bool sl_body_ops(const struct sl_key *key, __u32 body, __u32 bytes)
{
	__u32 left = SL_AT(struct sl_body, body)->nops;
	__u32 at = body + (__u32)sizeof(struct sl_body);

	if (!key)
		return false;
	while (left && sl_can_loop) {
		if (!op_holds(key, at, bytes))
			return false;
		at += SL_AT(struct sl_op, at)->size;
		left--;
	}
	return !left;
}

/* Whether the packet is one that the body is about. */
static __always_inline bool sl_body_run(__u32 at, const struct sl_pkt *pkt)
{
	const struct sl_body __arena *body = SL_AT(struct sl_body, at);

	if ((pkt->key.link & body->link_mask) != body->link_value ||
	    (pkt->key.xport & body->xport_mask) != body->xport_value)
		return false;
	return !body->nops || sl_body_ops(&pkt->key, at, pkt->bytes);
}
