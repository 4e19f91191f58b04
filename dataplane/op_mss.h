/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* The maximum segment size that a SYN offers, RFC 9293, 3.7.1: among the options of TCP. */

#include "op_match.h"

#define SL_TCP_FIN 0x01
#define SL_TCP_SYN 0x02
#define SL_TCP_RST 0x04
#define SL_TCP_ACK 0x10

#define SL_OPTION_END	   0
#define SL_OPTION_NONE	   1
#define SL_OPTION_MSS	   2
#define SL_OPTION_MSS_SIZE 4

/* Where in the options the MSS is, or a negative number. An option that lies ends the search. */
static __always_inline int mss_find(const __u8 *options, __u32 size)
{
	__u32 at = sl_unknown(0);

	while (at < size && sl_can_loop) {
		__u32 kind, length;

		if (at >= 40)
			return -1;
		kind = options[at];
		if (kind == SL_OPTION_END)
			return -1;
		if (kind == SL_OPTION_NONE) {
			at++;
			continue;
		}
		if (at + 1 >= size || at + 1 >= 40)
			return -1;
		length = options[at + 1];
		if (length < 2 || length > size - at)
			return -1;
		if (kind == SL_OPTION_MSS)
			return length == SL_OPTION_MSS_SIZE ? (int)at + 2 : -1;
		at += length;
	}
	return -1;
}

/* Offset in the frame << 16 | MSS; 0: the packet has none. */
SL_VERIFIED_ONCE __u64 sl_mss(SL_CTX *ctx, const struct sl_facts *facts)
{
	struct sl_scratch *scratch = sl_scratch();
	struct bpf_dynptr view;
	__u32 size, start;
	int at;

	if (!facts || !scratch || facts->key.l4 != SL_L4_TCP ||
	    !(facts->key.xport >> SL_XPORT_FLAGS_SHIFT & SL_TCP_SYN))
		return 0;
	start = facts->transport + 20;
	size = facts->payload - start;
	sl_recheck(size);
	if (size > sizeof(scratch->options) || sl_view(ctx, &view) ||
	    bpf_dynptr_read(scratch->options, size, &view, start, 0))
		return 0;
	at = mss_find(scratch->options, size);
	sl_recheck(at);
	if (at < 0 || at > 38)
		return 0;
	return (__u64)(start + at) << 16 | scratch->options[at] << 8 | scratch->options[at + 1];
}

static __always_inline int op_mss(SL_CTX *ctx, const struct sl_facts *facts, __u32 at)
{
	__u64 mss = sl_mss(ctx, facts);

	if (!mss)
		return OP_LACKS;
	return op_spans_find(at, SL_AT(struct sl_op_spans, at)->count, mss & 0xffff) ? OP_YES
										     : OP_NO;
}
