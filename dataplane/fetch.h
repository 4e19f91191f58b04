/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Bytes of the packet into the arena, where offsets need no bounds for the verifier and what reads
 * them is the same code in user space. By slices, which are in place where the bytes lie in one piece.
 */

#include "arena.h"
#include "env.h"

/* A slice of a constant size, whole. */
static __always_inline bool fetch_whole(const struct bpf_dynptr *view, __u32 offset, __u8 *room,
					__u32 to, const __u32 size)
{
	const __u8 *bytes = bpf_dynptr_slice(view, offset, room, size);

	if (!bytes)
		return false;
	for (__u32 i = 0; i < size; i += 8)
		*SL_AT(__u64, to + i) = *(const __u64 *)(bytes + i);
	return true;
}

/*
 * The last length bytes, at most SL_FETCH: bytes[skip] is the first of them. Whole words; beyond the
 * end they are zero.
 */
static __always_inline void fetch_words(const __u8 *bytes, __u32 skip, __u32 length, __u32 to)
{
	for (__u32 i = sl_unknown(0); i < length && sl_can_loop; i = sl_unknown(i + 8)) {
		__u32 at = skip + i, over = at > SL_FETCH - 8 ? at - (SL_FETCH - 8) : 0;
		__u32 left = length - i;
		__u64 word;

		at -= over;
		sl_recheck(at);
		if (at > SL_FETCH - 8 || over > 7)
			return;
		word = *(const __u64 *)(bytes + at) >> 8 * over;
		if (left < 8)
			word &= (1ULL << 8 * left) - 1;
		*SL_AT(__u64, to + i) = word;
	}
}

/* A slice must not reach past the frame, so the last one ends with it and begins before. */
static __always_inline bool fetch_rest(const struct bpf_dynptr *view, __u32 frame, __u32 offset,
				       __u32 length, __u8 *room, __u32 to)
{
	__u32 start = offset;
	const __u8 *bytes;

	if (frame < SL_FETCH) {
		sl_recheck(length);
		if (length > SL_FETCH || bpf_dynptr_read(room, length, view, offset, 0))
			return false;
		fetch_words(room, 0, length, to);
		return true;
	}
	if (start > frame - SL_FETCH)
		start = frame - SL_FETCH;
	bytes = bpf_dynptr_slice(view, start, room, SL_FETCH);
	if (!bytes)
		return false;
	fetch_words(bytes, offset - start, length, to);
	return true;
}

/*
 * length bytes of the frame from offset on, to a multiple of 8 in the arena. Writes whole words: up
 * to 7 bytes behind are zero then. 0, or -1 where the frame ends before.
 */
SL_VERIFIED_ONCE int sl_fetch(SL_CTX *ctx, const struct sl_facts *facts, __u32 offset, __u32 length,
			      __u32 to)
{
	struct sl_scratch *scratch = sl_scratch();
	__u32 i = sl_unknown(0);
	struct bpf_dynptr view;

	sl_keep(ctx);
	if (!facts || !scratch || offset > facts->length || length > facts->length - offset ||
	    sl_view(ctx, &view))
		return -1;
	/* i is forgotten each time round, or the verifier would count with it. */
	for (; length - i >= SL_FETCH_WIDE && sl_can_loop; i = sl_unknown(i + SL_FETCH_WIDE))
		if (!fetch_whole(&view, offset + i, scratch->fetch, to + i, SL_FETCH_WIDE))
			return -1;
	for (; length - i >= SL_FETCH && sl_can_loop; i = sl_unknown(i + SL_FETCH))
		if (!fetch_whole(&view, offset + i, scratch->fetch, to + i, SL_FETCH))
			return -1;
	if (length > i &&
	    !fetch_rest(&view, facts->length, offset + i, length - i, scratch->fetch, to + i))
		return -1;
	return 0;
}
