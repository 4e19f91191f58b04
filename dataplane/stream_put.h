/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Bytes of a segment put to where they belong in a message. Those that came first stay. */

#include "arena.h"
#include "bytes.h"

enum stream_put {
	STREAM_PUT, /* they are there */
	STREAM_DIFFERS, /* and some were there before, and are others */
	STREAM_PARTS, /* too many parts with gaps between them: nothing was put */
};

static __always_inline bool stream_differs(__u32 a, __u32 b, __u32 length)
{
	__u32 i = sl_unknown(0);

	for (; i + 8 <= length && sl_can_loop; i = sl_unknown(i + 8))
		if (*SL_AT(const __u64, a + i) != *SL_AT(const __u64, b + i))
			return true;
	for (; i < length && sl_can_loop; i = sl_unknown(i + 1))
		if (bytes_at(a + i) != bytes_at(b + i))
			return true;
	return false;
}

/* Fills the gaps, and compares what is not one. bytes: where those of from are now; to: of all. */
static __always_inline bool stream_fill(__u32 at, __u32 to, __u32 bytes, __u32 from, __u32 end)
{
	const struct sl_stream __arena *stream = SL_AT(struct sl_stream, at);
	__u32 pos = sl_unknown(from), i;
	bool differs = false;

	for (i = sl_unknown(0); i < stream->nranges && pos < end && sl_can_loop;
	     i = sl_unknown(i + 1)) {
		const struct sl_stream_range __arena *range = &stream->range[i];
		__u32 low = range->from, high = range->to;

		if (high <= pos)
			continue;
		if (low >= end)
			break;
		if (low > pos) {
			bytes_move(to + pos, bytes + (pos - from), low - pos);
			pos = sl_unknown(low);
		}
		if (high > end)
			high = end;
		differs |= stream_differs(to + pos, bytes + (pos - from), high - pos);
		pos = sl_unknown(high);
	}
	if (pos < end)
		bytes_move(to + pos, bytes + (pos - from), end - pos);
	return differs;
}

/* The ranges that from to end touches: [*low, *high). */
static __always_inline void stream_touched(__u32 at, __u32 from, __u32 end, __u32 *low, __u32 *high)
{
	const struct sl_stream __arena *stream = SL_AT(struct sl_stream, at);
	__u32 i = sl_unknown(0);

	while (i < stream->nranges && stream->range[i].to < from && sl_can_loop)
		i = sl_unknown(i + 1);
	*low = i;
	while (i < stream->nranges && stream->range[i].from <= end && sl_can_loop)
		i = sl_unknown(i + 1);
	*high = i;
}

/* One range for those that it touches. */
static __always_inline void stream_join(__u32 at, __u32 from, __u32 end, __u32 low, __u32 high)
{
	struct sl_stream __arena *stream = SL_AT(struct sl_stream, at);
	__u32 count = stream->nranges, i;

	if (low == high) {
		for (i = sl_unknown(count); i > low && sl_can_loop; i = sl_unknown(i - 1))
			stream->range[i] = stream->range[i - 1];
		stream->range[low].from = (__u16)from;
		stream->range[low].to = (__u16)end;
		stream->nranges = count + 1;
		return;
	}
	if (stream->range[low].from > from)
		stream->range[low].from = (__u16)from;
	if (stream->range[high - 1].to > end)
		end = stream->range[high - 1].to;
	stream->range[low].to = (__u16)end;
	for (i = sl_unknown(high); i < count && sl_can_loop; i = sl_unknown(i + 1))
		stream->range[low + 1 + i - high] = stream->range[i];
	stream->nranges = count - (high - low) + 1;
}

/* The bytes from to end, which are at bytes now, into the stream whose bytes are at to. */
SL_VERIFIED_ONCE int sl_stream_put(__u32 at, __u32 to, __u32 bytes, __u32 from, __u32 end)
{
	__u32 low, high;
	bool differs;

	stream_touched(at, from, end, &low, &high);
	if (low == high && SL_AT(struct sl_stream, at)->nranges >= SL_STREAM_RANGES)
		return STREAM_PARTS;
	differs = stream_fill(at, to, bytes, from, end);
	stream_join(at, from, end, low, high);
	return differs ? STREAM_DIFFERS : STREAM_PUT;
}

/* Bytes from the start on, without a gap. */
static __always_inline __u32 stream_have(__u32 at)
{
	const struct sl_stream __arena *stream = SL_AT(struct sl_stream, at);

	return stream->nranges && !stream->range[0].from ? stream->range[0].to : 0;
}
