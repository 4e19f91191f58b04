/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Messages over TCP. A segment that has a message whole is read where it is, which is all that most
 * flows need. One that has the beginning of a message, or bytes of one whose beginning is missing,
 * is kept (abi/stream.h), until the bytes from the first on are a message: then this segment and all
 * that carry bytes of it later have its fields.
 *
 * Of bytes that come twice the first ones count, and that others came is a reason. A segment that is
 * whole in itself is judged by what it says. The first message of each side is put together in
 * whatever order its segments come; of later ones the first segment must come first.
 */

#include "flow.h"
#include "stream_put.h"
#include "stream_side.h"

/* The last bytes of the name, which tell more than the first. */
static __always_inline void stream_note_name(struct sl_flow_app __arena *app, __u32 name)
{
	__u32 length = SL_AT(struct sl_name, name)->length;
	__u32 from = name + (__u32)offsetof(struct sl_name, text);
	__u32 kept = length < SL_FLOW_NAME ? length : SL_FLOW_NAME;

	*(volatile __u8 __arena *)&app->length = 0;
	from += length - kept;
	for (__u32 i = sl_unknown(0); i < kept && sl_can_loop; i = sl_unknown(i + 8))
		*(__u64 __arena *)(app->name + i) = *SL_AT(const __u64, from + i);
	*(volatile __u8 __arena *)&app->length = (__u8)length;
}

/* What the message in the work area says of the flow. */
SL_VERIFIED_ONCE int sl_stream_note(__u32 app_at, __u32 work)
{
	const struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	struct sl_flow_app __arena *app = SL_AT(struct sl_flow_app, app_at);

	if (!found->app)
		return 0;
	if (app->app != found->app) {
		app->length = 0;
		app->app = found->app;
	}
	if (found->has & SL_APP_HAS_NAME)
		stream_note_name(app, work + (__u32)offsetof(struct sl_app_found, name));
	return 0;
}

/* Of a flow without an entry, what is to be put there when it gets one: see sl_flow_learn(). */
static __always_inline __u32 stream_fresh(struct sl_found *found, __u32 work)
{
	__u32 at = work + (__u32)offsetof(struct sl_work, fresh);

	for (__u32 i = 0; i < sizeof(struct sl_flow_app); i += 8)
		*SL_AT(__u64, at + i) = 0;
	found->fresh = at;
	return at;
}

/* Where the flow's struct sl_flow_app is. */
static __always_inline __u32 stream_app(struct sl_found *found, __u32 work)
{
	return found->flow ? sl_flow_app(found->flow) : stream_fresh(found, work);
}

/* True: the segment's bytes from st->from on are at st->at. */
static __always_inline bool stream_place(const struct sl_facts *facts, struct sl_found *found,
					 __u32 seq)
{
	struct sl_flow_side __arena *side = SL_AT(struct sl_flow_side, found->stream.side);
	struct sl_streaming *st = &found->stream;
	__u32 isn =
		found->flow ? flow_more(found->flow)->isn[found->flow_side & 1] : found->flow_isn;

	if (side->state == SL_SIDE_NEW)
		side->base = isn ? isn + 1 : seq;
	st->seq = seq;
	st->from = facts->payload;
	st->length = facts->end - facts->payload;
	st->at = seq - side->base;
	/* The receiver takes no byte from before the first. */
	if (st->at >> 31 && st->at + st->length && !((st->at + st->length) >> 31)) {
		st->from -= st->at;
		st->length += st->at;
		st->seq = side->base;
		st->at = 0;
	}
	return st->length != 0;
}

static __always_inline bool stream_is_first(const struct sl_facts *facts,
					    const struct sl_found *found)
{
	return !found->flow || SL_AT(struct sl_flow, found->flow)->point[found->flow_side & 1] >>
					       SL_FLOW_POINT_SHIFT ==
				       SL_FLOW_POINT(sl_iface_slot(), facts->hook);
}

/* More than anybody needs; who holds it does not sleep. */
#define STREAM_SPINS 8192U

static __always_inline bool stream_lock(__u32 at)
{
	struct sl_flow_app __arena *app = SL_AT(struct sl_flow_app, at);

	for (__u32 i = sl_unknown(0); i < STREAM_SPINS && sl_can_loop; i = sl_unknown(i + 1))
		if (!__sync_val_compare_and_swap(&app->lock, 0, 1))
			return true;
	return false;
}

static __always_inline void stream_unlock(__u32 at)
{
	__sync_val_compare_and_swap(&SL_AT(struct sl_flow_app, at)->lock, 1, 0);
}

/* The stream that the bytes go to; 0: there is none to be had. */
static __always_inline __u32 stream_open(struct sl_found *found, __u32 ruleset)
{
	struct sl_flow_side __arena *side = SL_AT(struct sl_flow_side, found->stream.side);
	__u32 now = flow_ticks(found->flow_now), at = stream_of(side);

	/* What was put together is lost with the place. */
	if (!at && side->state == SL_SIDE_PART && side->ticket)
		return 0;
	if (!at && !sl_stream_take(found->stream.side, ruleset, now))
		return 0;
	at = sl_stream_offset(side->stream & (SL_STREAMS_MAX - 1));
	SL_AT(struct sl_stream, at)->seen = now;
	return at;
}

/*
 * Puts the segment to the bytes that have come before it, and what there is from the first byte on
 * into the work area: *have of it. The reason why not, or SL_REASON_NONE.
 */
static __always_inline __u32 stream_gather(SL_CTX *ctx, const struct sl_facts *facts,
					   struct sl_found *found, __u32 ruleset, __u32 work)
{
	struct sl_flow_side __arena *side = SL_AT(struct sl_flow_side, found->stream.side);
	__u32 room = SL_APP_BYTES - found->stream.at, bytes = app_bytes(work), at, to;
	__u32 length = found->stream.length < room ? found->stream.length : room;
	int put;

	found->stream.have = 0;
	at = stream_open(found, ruleset);
	if (!at || sl_fetch(ctx, facts, found->stream.from, length, bytes))
		return SL_REASON_STREAM_TABLE;
	to = sl_stream_bytes_offset(side->stream & (SL_STREAMS_MAX - 1));
	put = sl_stream_put(at, to, bytes, found->stream.at, found->stream.at + length);
	if (put == STREAM_PARTS)
		return SL_REASON_STREAM_SIZE;
	found->stream.have = stream_have(at);
	bytes_move(bytes, to, found->stream.have);
	/* Somebody else has the place by now: what was read may be theirs. */
	if (!stream_of(side)) {
		found->stream.have = 0;
		return SL_REASON_STREAM_TABLE;
	}
	return put == STREAM_DIFFERS ? SL_REASON_STREAM_OVERLAP : SL_REASON_NONE;
}

/* What becomes of the side by what its first bytes are. The reason why they are no message yet. */
static __always_inline __u32 stream_gathered(struct sl_found *found, int read)
{
	struct sl_flow_side __arena *side = SL_AT(struct sl_flow_side, found->stream.side);
	__u32 have = found->stream.have, at = stream_of(side);

	if (read == SL_READ_WHOLE) {
		stream_side_set(side, SL_SIDE_WHOLE, have);
		if (at)
			SL_AT(struct sl_stream, at)->whole = 1;
		return SL_REASON_NONE;
	}
	if (have && read == SL_READ_NOT) {
		stream_free(side);
		if (side->state != SL_SIDE_WHOLE)
			stream_side_set(side, SL_SIDE_OTHER, have);
		return SL_REASON_NONE;
	}
	if (have >= SL_APP_BYTES) {
		if (side->state != SL_SIDE_WHOLE)
			stream_give_up(side, SL_REASON_STREAM_SIZE);
		return SL_REASON_STREAM_SIZE;
	}
	/* Most of what comes again was no message, and is none; what begins one would come first. */
	if (!have && side->state == SL_SIDE_OTHER)
		return SL_REASON_NONE;
	if (side->state == SL_SIDE_NEW || side->state == SL_SIDE_OTHER)
		side->state = SL_SIDE_PART;
	return SL_REASON_STREAM_PENDING;
}

/* The flow's message, as far as it is there with this segment: as its readers say. */
SL_VERIFIED_ONCE int sl_stream_join(SL_CTX *ctx, struct sl_facts *facts, __u32 work, __u32 ruleset)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_flow_side __arena *side;
	__u32 reason, pending, app;
	int read = SL_READ_NOT;

	sl_keep(ctx);
	if (!facts || !scratch)
		return SL_READ_NOT;
	app = scratch->found.stream.app;
	side = SL_AT(struct sl_flow_side, scratch->found.stream.side);
	if (!stream_lock(app)) {
		facts->reason = SL_REASON_STREAM_TABLE;
		return SL_READ_NOT;
	}
	reason = stream_gather(ctx, facts, &scratch->found, ruleset, work);
	if (reason && reason != SL_REASON_STREAM_OVERLAP) {
		if (side->state != SL_SIDE_WHOLE && side->state != SL_SIDE_OTHER)
			stream_give_up(side, reason);
	} else {
		if (scratch->found.stream.have)
			read = sl_app_read_stream(app_bytes(work), scratch->found.stream.have, work,
						  app_on_dns_port(facts));
		pending = stream_gathered(&scratch->found, read);
		reason = reason ? reason : pending;
	}
	stream_unlock(app);
	facts->reason = (__u8)reason;
	return read;
}

/* The segment as if nothing had come before; what it says is the flow's next message, if it is one. */
SL_VERIFIED_ONCE int sl_stream_alone(SL_CTX *ctx, struct sl_facts *facts, __u32 work, __u32 keeps)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_flow_side __arena *side;
	struct sl_streaming *st;
	int read = SL_READ_NOT;
	__u32 length;

	sl_keep(ctx);
	if (!facts || !scratch)
		return SL_READ_NOT;
	st = &scratch->found.stream;
	side = SL_AT(struct sl_flow_side, st->side);
	length = st->length < SL_APP_BYTES ? st->length : SL_APP_BYTES;
	if (sl_app_segment(ctx, facts, st->from, st->length, app_bytes(work)))
		read = sl_app_read_stream(app_bytes(work), length, work, app_on_dns_port(facts));
	if (!keeps)
		return read;
	if (read == SL_READ_NOT) {
		if (side->state != SL_SIDE_WHOLE)
			stream_side_set(side, SL_SIDE_OTHER, st->at + st->length);
		return read;
	}
	stream_free(side);
	if (st->at || side->state != SL_SIDE_WHOLE)
		side->end = 0;
	side->base = st->seq;
	st->at = 0;
	if (read == SL_READ_WHOLE)
		stream_side_set(side, SL_SIDE_WHOLE, st->length);
	else if (side->state != SL_SIDE_WHOLE || !side->end)
		side->state = SL_SIDE_PART;
	return read;
}

/* What to do with the segment, after scratch->found.stream; its fields are in the work area then. */
static __always_inline int stream_read(SL_CTX *ctx, struct sl_facts *facts, __u32 work,
				       __u32 ruleset, __u32 way)
{
	int read = SL_READ_NOT;

	if (way == STREAM_WAIT)
		facts->reason = SL_REASON_STREAM_PENDING;
	if (way == STREAM_ALONE || way == STREAM_ASIDE)
		read = sl_stream_alone(ctx, facts, work, way == STREAM_ALONE);
	if (way == STREAM_ASIDE && read == SL_READ_MORE && !facts->frag)
		facts->reason = SL_REASON_STREAM_SPLIT;
	if (way == STREAM_JOIN || (way == STREAM_ALONE && read == SL_READ_MORE))
		read = sl_stream_join(ctx, facts, work, ruleset);
	return read;
}

/*
 * Before places come round to where the message was. A segment that says to be so far ahead proves
 * nothing, since no receiver heeds it.
 */
static __always_inline bool stream_is_left(const struct sl_found *found)
{
	struct sl_flow __arena *flow = SL_AT(struct sl_flow, found->flow);
	__u32 side = found->flow_side & 1, at = found->stream.at;

	return at >= STREAM_FAR && !(at >> 31) && found->flow &&
	       flow_sum(flow, &flow->count[side].bytes,
			&flow_more(found->flow)->high[side].bytes) >= STREAM_FAR;
}

/* The next message of those that send several may begin anywhere from here on. */
static __always_inline void stream_leave(struct sl_flow_side __arena *side, struct sl_streaming *st,
					 __u32 app)
{
	if (side->state == SL_SIDE_NEW || side->state == SL_SIDE_PART)
		return;
	stream_free(side);
	if (side->state == SL_SIDE_WHOLE && !stream_said_all(app)) {
		side->base = st->seq;
		side->end = 0;
		st->at = 0;
	} else {
		side->state = SL_SIDE_OVER;
	}
}

/* How the packet's bytes are looked at; scratch->found.stream has where they are. */
SL_VERIFIED_ONCE int sl_stream_way(const struct sl_facts *facts, __u32 work, __u32 seq)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_flow_side __arena *side;
	struct sl_streaming *st;
	int way;

	if (!facts || !scratch)
		return STREAM_SKIP;
	st = &scratch->found.stream;
	st->app = stream_app(&scratch->found, work);
	st->side = st->app + (scratch->found.flow_side & 1) * (__u32)sizeof(struct sl_flow_side);
	side = SL_AT(struct sl_flow_side, st->side);
	if (!facts->payload || facts->payload >= facts->end || facts->end > facts->length ||
	    !stream_place(facts, &scratch->found, seq))
		return STREAM_SKIP;
	/* No flow will remember it. */
	if (facts->frag || (!scratch->found.flow && scratch->found.flow_state == SL_FLOW_CLOSING))
		return STREAM_ASIDE;
	if (stream_is_left(&scratch->found))
		stream_leave(side, st, SL_AT(struct sl_flow_app, st->app)->app);
	way = stream_way(side, st->at, st->length, SL_AT(struct sl_flow_app, st->app)->app,
			 stream_is_first(facts, &scratch->found));
	if (way == STREAM_FAIL)
		stream_give_up(side, SL_REASON_STREAM_SIZE);
	return way;
}

/*
 * The stage for TCP. The message that the packet has bytes of is in the work area then, and the
 * application of its flow. Its offset, or 0 where nothing is known.
 */
SL_VERIFIED_ONCE __u32 sl_stream_look(SL_CTX *ctx, struct sl_facts *facts, __u32 work, __u32 seq,
				      __u32 ruleset)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	struct sl_scratch *scratch = sl_scratch();
	int way, read;

	sl_keep(ctx);
	if (!facts || !scratch || facts->reason || facts->frag == SL_FRAG_LATER ||
	    facts->key.l4 != SL_L4_TCP)
		return 0;
	bytes_found_none(work);
	way = sl_stream_way(facts, work, seq);
	if (way == STREAM_AGAIN)
		facts->reason = SL_AT(struct sl_flow_side, scratch->found.stream.side)->reason;
	read = stream_read(ctx, facts, work, ruleset, way);
	if (read != SL_READ_WHOLE)
		found->has = 0;
	if (read == SL_READ_WHOLE && !(found->has & SL_APP_HAS_MESSAGE) && !facts->reason &&
	    !facts->frag)
		facts->reason = SL_REASON_STREAM_BROKEN;
	/* What a server sends is answered by nobody; zones come in many messages. */
	if ((found->has & SL_APP_HAS_NEXT) && !facts->reason && !facts->frag &&
	    scratch->found.flow_to == SL_FLOW_TO_SERVER)
		facts->reason = SL_REASON_STREAM_SPLIT;
	if (read != SL_READ_NOT && way != STREAM_ASIDE)
		sl_stream_note(scratch->found.stream.app, work);
	else if (read == SL_READ_NOT)
		found->app = SL_AT(struct sl_flow_app, scratch->found.stream.app)->app;
	sl_blind_message(facts, work);
	return found->app ? work : 0;
}
