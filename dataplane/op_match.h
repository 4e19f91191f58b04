/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Operations that ask something of the packet. Each gets the offset of its operation in the arena.
 * Those that read the packet's bytes are global functions; what a field of the key answers is
 * inline.
 */

#include "env.h"
#include "layer.h"

/* A field of the key, see SL_OP_FIELD. */
static __always_inline __u32 op_field(const struct sl_key *key, __u32 arg)
{
	__u64 word = (arg >> 8 & 0xff) == SL_WORD_LINK ? key->link : key->xport;

	return (__u32)(word >> (arg & 63)) & ((1U << (arg >> 16 & 31)) - 1);
}

static __always_inline bool op_bits(const struct sl_key *key, __u32 at)
{
	const struct sl_op_bits __arena *op = SL_AT(struct sl_op_bits, at);
	__u32 field = op_field(key, op->op.arg);

	return op->bits[field >> 6 & 3] >> (field & 63) & 1;
}

/* Ranges are disjoint and ascend, so that half of them are out of the question at each step. */
#define OP_FIND(name, type, ranges, number, above, below)                     \
	static __always_inline bool name(__u32 at, __u32 count, number value) \
	{                                                                     \
		const struct type __arena *op = SL_AT(struct type, at);       \
		__u32 low = sl_unknown(0), high = count;                      \
                                                                              \
		while (low < high && sl_can_loop) {                           \
			__u32 middle = (low + high) / 2;                      \
                                                                              \
			if (above(value, op->ranges[middle].high))            \
				low = middle + 1;                             \
			else if (below(value, op->ranges[middle].low))        \
				high = middle;                                \
			else                                                  \
				return true;                                  \
		}                                                             \
		return false;                                                 \
	}

#define op_above(a, b)	    ((a) > (b))
#define op_below(a, b)	    ((a) < (b))
#define op_wide_above(a, b) ((a).high > (b).high || ((a).high == (b).high && (a).low > (b).low))
#define op_wide_below(a, b) ((a).high < (b).high || ((a).high == (b).high && (a).low < (b).low))

OP_FIND(op_ranges_find, sl_op_ranges, range, __u32, op_above, op_below)
OP_FIND(op_spans_find, sl_op_spans, span, __u32, op_above, op_below)
OP_FIND(op_bytes_find, sl_op_bytes, range, struct sl_wide, op_wide_above, op_wide_below)

static __always_inline bool op_ranges(const struct sl_key *key, __u32 at)
{
	const struct sl_op_ranges __arena *op = SL_AT(struct sl_op_ranges, at);

	return op_ranges_find(at, op->count, op_field(key, op->op.arg));
}

/* What a match that a packet can lack the field for found: such a packet never matches. */
enum op_found {
	OP_LACKS,
	OP_NO,
	OP_YES,
};

/* The first length bytes as a number, right-aligned. */
static __always_inline void op_wide(struct sl_wide *wide, __u32 length)
{
	__u32 spare = 8 * (16 - length);

	wide->high = __builtin_bswap64(wide->high);
	wide->low = __builtin_bswap64(wide->low);
	if (spare >= 64) {
		wide->low = wide->high;
		wide->high = 0;
		spare -= 64;
	}
	if (spare) {
		wide->low = wide->low >> (spare & 63) | wide->high << ((64 - spare) & 63);
		wide->high >>= spare & 63;
	}
}

SL_VERIFIED_ONCE int sl_op_bytes(SL_CTX *ctx, const struct sl_facts *facts, __u32 at)
{
	const struct sl_op_bytes __arena *op = SL_AT(struct sl_op_bytes, at);
	__u32 length = op->length;
	struct sl_wide wide = {};
	struct bpf_dynptr view, layer;

	if (!facts || !length || sl_view(ctx, &view) ||
	    !sl_layer_view(&view, facts, op->base, &layer))
		return OP_LACKS;
	sl_recheck(length);
	if (length > sizeof(wide) || bpf_dynptr_read(&wide, length, &layer, op->op.arg, 0))
		return OP_LACKS;
	op_wide(&wide, length);
	wide.high &= op->mask.high;
	wide.low &= op->mask.low;
	return op_bytes_find(at, op->count, wide) ? OP_YES : OP_NO;
}

/* Is there a packet, or a payload, whose length it could be? */
static __always_inline bool op_length_of(const struct sl_facts *facts, __u32 of, __u32 *length)
{
	switch (of) {
	case SL_LENGTH_FRAME:
		*length = facts->bytes;
		return true;
	case SL_LENGTH_PACKET:
		*length = facts->ip_end - facts->network;
		return facts->ip_end;
	default:
		*length = facts->end - facts->payload;
		return facts->payload;
	}
}

SL_VERIFIED_ONCE int sl_op_length(const struct sl_facts *facts, __u32 at)
{
	const struct sl_op_spans __arena *op = SL_AT(struct sl_op_spans, at);
	__u32 length;

	if (!facts || !op_length_of(facts, op->op.arg, &length))
		return OP_LACKS;
	return op_spans_find(at, op->count, length) ? OP_YES : OP_NO;
}

/* Whether there is such a message in the packet, read as far as the number needs. */
static __always_inline bool op_app_has(const struct sl_app_found __arena *found, __u32 of)
{
	if (of == SL_NUMBER_APP)
		return true;
	if (!(found->has & SL_APP_HAS_MESSAGE))
		return false;
	if (of == SL_NUMBER_DNS_QTYPE)
		return found->has & SL_APP_HAS_TYPE;
	if (of <= SL_NUMBER_DNS_RCODE)
		return found->app == SL_APP_DNS;
	return found->app == (of == SL_NUMBER_TLS_VERSION ? SL_APP_TLS : SL_APP_QUIC);
}

static __always_inline __u32 op_app_number_of(const struct sl_app_found __arena *found, __u32 of)
{
	switch (of) {
	case SL_NUMBER_APP:
		return found->app;
	case SL_NUMBER_DNS:
		return found->dns_response;
	case SL_NUMBER_DNS_QTYPE:
		return found->dns_qtype;
	case SL_NUMBER_DNS_OPCODE:
		return found->dns_opcode;
	case SL_NUMBER_DNS_RCODE:
		return found->dns_rcode;
	case SL_NUMBER_TLS_VERSION:
		return found->tls_version;
	case SL_NUMBER_QUIC_VERSION:
		return found->quic_version;
	default:
		return found->quic_type;
	}
}

SL_VERIFIED_ONCE int sl_op_app_number(__u32 at)
{
	const struct sl_op_spans __arena *op = SL_AT(struct sl_op_spans, at);
	const struct sl_scratch *scratch = sl_scratch();
	const struct sl_app_found __arena *found;

	if (!scratch || !scratch->found.app)
		return OP_LACKS;
	found = SL_AT(struct sl_app_found, scratch->found.app);
	if (!op_app_has(found, op->op.arg))
		return OP_LACKS;
	return op_spans_find(at, op->count, op_app_number_of(found, op->op.arg)) ? OP_YES : OP_NO;
}

static __always_inline bool op_iface(__u32 ruleset, __u32 at)
{
	const struct sl_ruleset __arena *rules = SL_AT(struct sl_ruleset, ruleset);
	__u32 index = SL_AT(struct sl_op_iface, at)->op.arg, slot = sl_iface_slot();
	const struct sl_pattern __arena *pattern = SL_AT(
		struct sl_pattern, rules->patterns + index * (__u32)sizeof(struct sl_pattern));

	return pattern->slots[slot >> 6 & 3] >> (slot & 63) & 1;
}

static __always_inline bool op_one_in(__u32 n)
{
	return (__u64)sl_random() * n >> 32 == 0;
}
