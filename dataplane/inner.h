/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Packets within packets. What a tunnel carries is parsed by the parsers of all packets, over a view
 * that begins and ends with it, and its facts are kept in scratch memory. Runs for rule sets alone
 * that ask for it.
 */

#include "parse.h"
#include "tunnel.h"
#include "window.h"

/* Parsed as if there were nothing before it, and now it is where it is. */
static __always_inline void inner_shift(struct sl_facts *facts, __u32 by,
					enum tunnel_carries carries)
{
	facts->frame = carries == TUNNEL_FRAME ? by : 0;
	facts->length += by;
	facts->cursor += by;
	if (facts->network || carries == TUNNEL_PACKET)
		facts->network += by;
	if (facts->transport)
		facts->transport += by;
	if (facts->payload)
		facts->payload += by;
	if (facts->end)
		facts->end += by;
	if (facts->ip_end)
		facts->ip_end += by;
}

static __always_inline void inner_parse(SL_CTX *ctx, const struct sl_facts *outer,
					struct sl_inner *inner, void *window,
					enum tunnel_carries carries)
{
	__u32 length = inner->end - inner->start;
	struct sl_facts *facts = &inner->facts;
	struct bpf_dynptr view;
	struct sl_bytes from = { .ctx = ctx, .view = &view };

	if (sl_view(ctx, &view) || bpf_dynptr_adjust(&view, inner->start, inner->end)) {
		facts->reason = SL_REASON_BAD_INNER;
		return;
	}
	facts->length = length;
	facts->bytes = length;
	facts->is_gso = outer->is_gso;
	window_open(&from, length, window);
	if (!from.window)
		from.window_len = 0;
	if (carries == TUNNEL_FRAME) {
		sl_parse(&from, facts);
	} else {
		facts->key.link = (__u64)facts->ethertype << SL_LINK_ETHERTYPE_SHIFT;
		sl_parse_network(&from, facts);
	}
	inner_shift(facts, inner->start, carries);
}

enum inner_found {
	INNER_NONE,
	INNER_TUNNEL, /* that carries nothing which could be read */
	INNER_FRAGMENT, /* of a tunnel */
	INNER_PACKET,
};

/*
 * The packet in the one that the facts are about. A global function to the verifier: all of parsing
 * is in it.
 */
SL_VERIFIED_ONCE int sl_inner_find(SL_CTX *ctx, const struct sl_facts *outer,
				   struct sl_inner *inner)
{
	struct sl_scratch *scratch = sl_scratch();
	enum tunnel_carries carries;

	if (!outer || !inner || !scratch)
		return INNER_NONE;
	inner->facts = (struct sl_facts) {};
	inner->tunnel = SL_TUNNEL_NONE;
	inner->has_id = 0;
	if (outer->reason)
		return INNER_NONE;
	if (outer->frag)
		return tunnel_kind(outer) == SL_TUNNEL_NONE ? INNER_NONE : INNER_FRAGMENT;
	carries = tunnel_open(ctx, outer, inner);
	if (carries == TUNNEL_NOTHING)
		return inner->tunnel == SL_TUNNEL_NONE ? INNER_NONE : INNER_TUNNEL;
	inner_parse(ctx, outer, inner, scratch->inner_window, carries);
	return INNER_PACKET;
}

/* That a packet in a tunnel is not one that Sluice reads is none of the outer one's faults. */
static __always_inline enum sl_reason inner_reason(__u8 reason)
{
	switch (reason) {
	case SL_REASON_NONE:
	case SL_REASON_UNKNOWN_ETHERTYPE:
	case SL_REASON_LLC:
	case SL_REASON_JUMBOGRAM:
		return SL_REASON_NONE;
	case SL_REASON_BAD_TUNNEL:
		return SL_REASON_BAD_TUNNEL;
	default:
		return SL_REASON_BAD_INNER;
	}
}

/* One step down; true when there may be another. What cannot be looked into is the frame's. */
static __always_inline bool inner_step(SL_CTX *ctx, struct sl_facts *facts,
				       const struct sl_facts *outer, struct sl_scratch *scratch,
				       const __u32 level)
{
	struct sl_inner *inner = &scratch->inner[level];
	int found = sl_inner_find(ctx, outer, inner);

	if (found == INNER_FRAGMENT)
		sl_blind(facts, SL_REASON_TUNNEL_FRAGMENT);
	else if (level == SL_INNER_DEPTH && found != INNER_NONE)
		sl_blind(facts, SL_REASON_TUNNEL_DEPTH);
	else if (level < SL_INNER_DEPTH && !facts->reason)
		facts->reason = inner_reason(inner->facts.reason);
	if (found != INNER_PACKET || level == SL_INNER_DEPTH)
		return false;
	scratch->found.inner = level + 1;
	return true;
}

/* Down to the second packet within a packet. */
SL_VERIFIED_ONCE int sl_inner(SL_CTX *ctx, struct sl_facts *facts)
{
	struct sl_scratch *scratch = sl_scratch();

	sl_keep(ctx);
	if (!facts || !scratch)
		return 0;
	scratch->found.inner = 0;
	scratch->inner[1].tunnel = SL_TUNNEL_NONE;
	if (inner_step(ctx, facts, facts, scratch, 0) &&
	    inner_step(ctx, facts, &scratch->inner[0].facts, scratch, 1))
		inner_step(ctx, facts, &scratch->inner[1].facts, scratch, 2);
	return 0;
}

static __always_inline void inner_trace(struct sl_trace_inner __arena *to,
					const struct sl_inner *inner, bool there)
{
	const struct sl_facts *facts = &inner->facts;

	to->tunnel = inner->tunnel;
	to->has_id = inner->has_id;
	to->id = inner->has_id ? inner->id : 0;
	if (!there)
		return;
	for (int i = 0; i < 8; i++)
		((__u64 __arena *)&to->key)[i] = ((const __u64 *)&facts->key)[i];
	to->reason = facts->reason;
	to->start = inner->start;
	to->network = facts->network;
	to->transport = facts->transport;
	to->payload = facts->payload;
	to->payload_length = facts->payload ? facts->end - facts->payload : 0;
}

/* What was found, for replay: of the rule set that is in force. */
SL_VERIFIED_ONCE int sl_inner_trace(void)
{
	const __u32 ruleset = SL_AT(struct sl_root, SL_ARENA_ROOT)->ruleset;
	struct sl_trace __arena *trace = SL_AT(struct sl_trace, SL_ARENA_TRACE);
	const struct sl_scratch *scratch = sl_scratch();
	__u32 found;

	if (!scratch || !ruleset || !(SL_AT(struct sl_ruleset, ruleset)->needs & SL_NEEDS_INNER))
		return 0;
	found = scratch->found.inner;
	inner_trace(&trace->inner[0], &scratch->inner[0], found > 0);
	if (found)
		inner_trace(&trace->inner[1], &scratch->inner[1], found > 1);
	return 0;
}
