/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What a segment is to the bytes that its side of the flow has sent: see stream.h. Places are bytes
 * from side->base on, modulo 2^32; the upper half of them is before it.
 */

#include "app_segment.h"
#include "stream_pool.h"

/* What no receiver has room for before the application has read what is before it. */
#define STREAM_AHEAD (1U << 24)
/* No window is as wide: a side that has sent as much has left the message behind. */
#define STREAM_FAR   (1U << 30)

enum stream_way {
	STREAM_SKIP, /* nothing in it is looked for */
	STREAM_AGAIN, /* bytes of what was given up */
	STREAM_WAIT, /* bytes of a message that begins elsewhere and is not there yet */
	STREAM_FAIL, /* the message that is waited for will not come any more */
	STREAM_ASIDE, /* a message may be in it, which is none of the flow's own */
	STREAM_ALONE, /* the flow's next message may begin with it */
	STREAM_JOIN, /* to be put together */
};

/* Who has said what it is has said it all; and of these, the other side sends no message at all. */
static __always_inline bool stream_said_all(__u32 app)
{
	return app == SL_APP_TLS || app == SL_APP_SSH;
}

static __always_inline bool stream_one_sided(__u32 app)
{
	return app == SL_APP_TLS || app == SL_APP_HTTP;
}

static __always_inline enum stream_way stream_way_new(__u32 at, __u32 app)
{
	if (stream_one_sided(app))
		return STREAM_SKIP;
	if (!at)
		return STREAM_ALONE;
	if (at < SL_APP_BYTES)
		return STREAM_JOIN;
	return at < STREAM_AHEAD ? STREAM_WAIT : STREAM_ASIDE;
}

static __always_inline enum stream_way stream_way_part(__u32 at)
{
	if (at < SL_APP_BYTES)
		return STREAM_JOIN;
	return at < STREAM_AHEAD ? STREAM_WAIT : STREAM_FAIL;
}

static __always_inline enum stream_way stream_way_whole(struct sl_flow_side __arena *side, __u32 at,
							__u32 app)
{
	if (at < side->end && at < SL_APP_BYTES)
		return at || side->ticket ? STREAM_JOIN : STREAM_ALONE;
	return at < side->end || stream_said_all(app) ? STREAM_SKIP : STREAM_ALONE;
}

/* first: the hook is the first that sees the packets of this side; to the others all comes again. */
static __always_inline enum stream_way stream_way_other(struct sl_flow_side __arena *side, __u32 at,
							__u32 app, bool first)
{
	if (stream_one_sided(app) || at >= SL_APP_BYTES)
		return STREAM_SKIP;
	if (at >= side->end)
		return STREAM_ALONE;
	return at && !first ? STREAM_ASIDE : STREAM_JOIN;
}

static __always_inline enum stream_way stream_way(struct sl_flow_side __arena *side, __u32 at,
						  __u32 length, __u32 app, bool first)
{
	/* A byte before the first one asks whether the other side is still there. */
	if (at >> 31)
		return length > 1 && side->state != SL_SIDE_OVER ? STREAM_ASIDE : STREAM_SKIP;
	switch (side->state) {
	case SL_SIDE_NEW:
		return stream_way_new(at, app);
	case SL_SIDE_OTHER:
		return stream_way_other(side, at, app, first);
	case SL_SIDE_PART:
		return stream_way_part(at);
	case SL_SIDE_WHOLE:
		return stream_way_whole(side, at, app);
	case SL_SIDE_GIVEN_UP:
		return at < side->end ? STREAM_AGAIN : STREAM_SKIP;
	default:
		return STREAM_SKIP;
	}
}

/* Where what the segment begins with ends, if more than that was not looked at. */
static __always_inline void stream_side_set(struct sl_flow_side __arena *side, __u32 state,
					    __u32 end)
{
	if (side->state != state || side->end < end)
		side->end = end;
	side->state = (__u8)state;
}

static __always_inline void stream_give_up(struct sl_flow_side __arena *side, __u32 reason)
{
	stream_free(side);
	side->reason = (__u8)reason;
	stream_side_set(side, SL_SIDE_GIVEN_UP, SL_APP_BYTES);
}
