/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* How packets are changed at XDP: nothing knows of them but the frame. */

#include "reject.h"
#include "rewrite.h"

static __always_inline int sl_view(struct xdp_md *ctx, struct bpf_dynptr *view)
{
	return bpf_dynptr_from_xdp(ctx, 0, view);
}

static __always_inline int sl_write(const struct bpf_dynptr *view, __u32 offset, void *bytes,
				    __u32 size, enum sl_covered covered)
{
	return bpf_dynptr_write(view, offset, bytes, size, 0);
}

static __always_inline int sl_fix_sum(struct xdp_md *ctx, const struct bpf_dynptr *view,
				      __u32 offset, __u32 diff, enum sl_sum sum, bool is_udp)
{
	__u16 room, *word;

	word = bpf_dynptr_slice_rdwr(view, offset, &room, sizeof(room));
	if (!word)
		return -1;
	*word = csum_change(*word, diff);
	if (is_udp && !*word)
		*word = 0xffff;
	/* Between two buffers it is a copy. */
	return word == &room ? bpf_dynptr_write(view, offset, &room, sizeof(room), 0) : 0;
}

/* The frame keeps its length: what is longer than the answer is padding. */
SL_VERIFIED_ONCE int sl_xdp_reject(struct xdp_md *ctx, const struct sl_facts *facts, __u32 kind)
{
	struct sl_scratch *scratch = sl_scratch();
	struct bpf_dynptr view;
	enum sl_reason reason;

	if (!facts || !scratch || sl_view(ctx, &view))
		return SL_REASON_REJECT_ROOM;
	reason = sl_answer_make(&view, facts, kind, &scratch->answer,
				facts->length - facts->network);
	if (reason)
		return reason;
	return sl_answer_write(&view, facts, &scratch->answer) ? SL_REASON_WRITE_REFUSED
							       : SL_REASON_NONE;
}

#define XDP_FRAME_LEAST 60 /* of Ethernet, checksum not counted */

/* Bytes that the frame of an answer is longer than that of the packet. */
static __always_inline int xdp_growth(const struct sl_facts *facts, const struct sl_answer *answer)
{
	__u32 length = facts->network + answer->size;
	__u32 least = facts->length < XDP_FRAME_LEAST ? facts->length : XDP_FRAME_LEAST;

	return (length < least ? least : length) - facts->length;
}

/*
 * Room for an answer that is longer than the packet is made before the frame, where drivers leave
 * 256 bytes; behind it there may be none. The link header moves to the new start. One view for all:
 * in the place of one that is done with, the compiler would put what the verifier takes for a view.
 */
static __always_inline int xdp_grow(struct xdp_md *ctx, const struct sl_facts *facts,
				    struct sl_scratch *scratch, struct bpf_dynptr *view, int growth)
{
	__u32 link = facts->network;

	sl_recheck(link);
	if (link > sizeof(scratch->header) || bpf_dynptr_read(scratch->header, link, view, 0, 0) ||
	    bpf_xdp_adjust_head(ctx, -growth) || sl_view(ctx, view))
		return -1;
	sl_recheck(link);
	if (link > sizeof(scratch->header))
		return -1;
	return bpf_dynptr_write(view, 0, scratch->header, link, 0);
}

/*
 * The frame gets the length of the answer. One in parts does not: veth of Linux 6.12 to 6.18 damages
 * it when it shrinks, and none is too short.
 */
SL_VERIFIED_ONCE int sl_xdp_reject_moves(struct xdp_md *ctx, const struct sl_facts *facts,
					 __u32 kind)
{
	const struct xdp_buff *xdp = bpf_cast_to_kern_ctx(ctx);
	bool is_whole = !(xdp->flags & SL_XDP_HAS_FRAGS);
	int growth;
	struct sl_scratch *scratch = sl_scratch();
	struct bpf_dynptr view;
	enum sl_reason reason;

	if (!facts || !scratch || bpf_dynptr_from_xdp(ctx, 0, &view))
		return SL_REASON_REJECT_ROOM;
	reason = sl_answer_make(&view, facts, kind, &scratch->answer,
				is_whole ? SL_ANSWER6_MAX : facts->length - facts->network);
	if (reason)
		return reason;
	growth = xdp_growth(facts, &scratch->answer);
	if (is_whole && (growth > 0 ? xdp_grow(ctx, facts, scratch, &view, growth)
				    : bpf_xdp_adjust_tail(ctx, growth)))
		return SL_REASON_REJECT_ROOM;
	if (bpf_dynptr_from_xdp(ctx, 0, &view))
		return SL_REASON_REJECT_ROOM;
	return sl_answer_write(&view, facts, &scratch->answer) ? SL_REASON_WRITE_REFUSED
							       : SL_REASON_NONE;
}

static __always_inline enum sl_reason sl_reject(struct sl_pkt *pkt, __u32 kind, const bool moves)
{
	return moves ? sl_xdp_reject_moves(pkt->ctx, sl_facts_of(pkt), kind)
		     : sl_xdp_reject(pkt->ctx, sl_facts_of(pkt), kind);
}
