/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* A segment of TCP as what an application's message begins with, whatever came before it. */

#include "app_read.h"
#include "fetch.h"

/* As much of a message as is looked at; readers take eight bytes at a time. */
#define SL_APP_BYTES (SL_WORK_BYTES - 8)

static __always_inline __u32 app_bytes(__u32 work)
{
	return work + (__u32)offsetof(struct sl_work, bytes);
}

static __always_inline bool app_on_dns_port(const struct sl_facts *facts)
{
	return sl_dns_is_port(facts->key.sport) || sl_dns_is_port(facts->key.dport);
}

/*
 * The last bytes, not more than size, by one slice. Where the frame ends before, it begins before them,
 * and so do the bytes in the work area, where there is room.
 */
static __always_inline bool segment_last(const struct bpf_dynptr *view, __u32 frame, __u32 from,
					 __u8 *room, __u32 to, const __u32 size)
{
	__u32 back = from > frame - size ? from - (frame - size) : 0;

	return fetch_whole(view, from - back, room, to - back, size);
}

/* What is behind the first bytes. A slice costs more than what it copies. */
static __always_inline bool segment_rest(const struct bpf_dynptr *view, __u32 frame, __u32 from,
					 __u32 length, __u8 *room, __u32 to)
{
	__u32 i = sl_unknown(0);

	for (; length - i >= SL_FETCH_WIDE && sl_can_loop; i = sl_unknown(i + SL_FETCH_WIDE))
		if (!fetch_whole(view, from + i, room, to + i, SL_FETCH_WIDE))
			return false;
	if (length - i > SL_FETCH && frame >= SL_FETCH_WIDE)
		return segment_last(view, frame, from + i, room, to + i, SL_FETCH_WIDE);
	for (; length - i > SL_FETCH && sl_can_loop; i = sl_unknown(i + SL_FETCH))
		if (!fetch_whole(view, from + i, room, to + i, SL_FETCH))
			return false;
	return length == i || segment_last(view, frame, from + i, room, to + i, SL_FETCH);
}

/*
 * Bytes of the frame to the work area, but only the first when they can be of no message: false. One
 * view for all of them, which costs as much as a slice.
 */
SL_VERIFIED_ONCE bool sl_app_segment(SL_CTX *ctx, const struct sl_facts *facts, __u32 from,
				     __u32 length, __u32 bytes)
{
	struct sl_scratch *scratch = sl_scratch();
	struct bpf_dynptr view;

	sl_keep(ctx);
	if (!facts || !scratch)
		return false;
	if (length < SL_FETCH)
		return !sl_fetch(ctx, facts, from, length, bytes) &&
		       app_may_be(bytes, length, length, app_on_dns_port(facts));
	if (sl_view(ctx, &view) || !fetch_whole(&view, from, scratch->fetch, bytes, SL_FETCH) ||
	    !app_may_be(bytes, SL_FETCH, length, app_on_dns_port(facts)))
		return false;
	if (length > SL_APP_BYTES)
		length = SL_APP_BYTES;
	return segment_rest(&view, facts->length, from + SL_FETCH, length - SL_FETCH,
			    scratch->fetch, bytes + SL_FETCH);
}
