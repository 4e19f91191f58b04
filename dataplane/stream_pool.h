/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Places where messages are put together, taken and given free, by many CPUs at a time: abi/stream.h. */

#include "arena.h"
#include "flow_table.h"

#define STREAM_LOOKS 64U /* places that are looked at for a free one */
#define STREAM_TRIES 4U
#define STREAM_IDLE  SL_FLOW_TICKS(60) /* who waits longer is given up by everybody */

/* How much better than another one it is to take this place; nobody loses by those from FREE on. */
#define STREAM_WORTH_FREE (1ULL << 32)
static __always_inline __u64 stream_worth(__u32 at, __u32 now)
{
	const struct sl_stream __arena *stream = SL_AT(struct sl_stream, at);
	__u32 idle = now - *(const volatile __u32 __arena *)&stream->seen;

	if (!*(const volatile __u32 __arena *)&stream->ticket)
		return ~0ULL;
	if (idle >= 1U << 31)
		idle = 0;
	return (stream->whole || idle > STREAM_IDLE ? STREAM_WORTH_FREE : 0) + idle + 1;
}

/* The place to take: a free one, one that nobody waits at, or, if others may lose theirs, the oldest. */
static __always_inline __u32 stream_choose(const struct sl_flow_conf __arena *conf, __u32 hand,
					   __u32 now, bool evicts)
{
	__u64 best = evicts ? 0 : STREAM_WORTH_FREE - 1;
	__u32 chosen = SL_STREAMS_MAX;

	for (__u32 i = sl_unknown(0); i < STREAM_LOOKS && sl_can_loop; i = sl_unknown(i + 1)) {
		__u32 place = (hand + i) & (conf->streams - 1);
		__u64 worth = stream_worth(sl_stream_offset(place), now);

		if (worth <= best)
			continue;
		best = worth;
		chosen = sl_unknown(place);
		if (!(worth + 1))
			break;
	}
	return chosen;
}

/* A place for the side, which notes it; false: there is none to be had. */
SL_VERIFIED_ONCE bool sl_stream_take(__u32 side_at, __u32 ruleset, __u32 now)
{
	const struct sl_flow_conf __arena *conf = &SL_AT(struct sl_ruleset, ruleset)->flows;
	struct sl_stream_pool __arena *pool = SL_AT(struct sl_stream_pool, SL_ARENA_STREAMS);
	struct sl_flow_side __arena *side = SL_AT(struct sl_flow_side, side_at);
	bool evicts =
		!(SL_AT(struct sl_ruleset, ruleset)->drop_reasons >> SL_REASON_STREAM_TABLE & 1);
	__u32 hand = __sync_fetch_and_add(&pool->hand, 1);
	/* Odd, so that it is never 0. */
	__u32 ticket = __sync_fetch_and_add(&pool->tickets, 2) | 1;

	for (__u32 i = sl_unknown(0); i < STREAM_TRIES && sl_can_loop; i = sl_unknown(i + 1)) {
		__u32 place = stream_choose(conf, hand, now, evicts), old;
		struct sl_stream __arena *stream = SL_AT(struct sl_stream, sl_stream_offset(place));

		if (place >= SL_STREAMS_MAX)
			return false;
		old = *(volatile __u32 __arena *)&stream->ticket;
		if (__sync_val_compare_and_swap(&stream->ticket, old, ticket) != old)
			continue;
		stream->nranges = 0;
		stream->whole = 0;
		stream->seen = now;
		side->stream = (__u16)place;
		side->ticket = ticket;
		return true;
	}
	return false;
}

/* The side's place, 0: it has none, or somebody else has taken it. */
static __always_inline __u32 stream_of(const struct sl_flow_side __arena *side)
{
	__u32 at = sl_stream_offset(side->stream & (SL_STREAMS_MAX - 1));

	if (!side->ticket ||
	    *(const volatile __u32 __arena *)&SL_AT(struct sl_stream, at)->ticket != side->ticket)
		return 0;
	return at;
}

static __always_inline void stream_free(struct sl_flow_side __arena *side)
{
	__u32 at = stream_of(side);

	if (at)
		__sync_val_compare_and_swap(&SL_AT(struct sl_stream, at)->ticket, side->ticket, 0);
	side->ticket = 0;
}
