/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Bytes of a message in the arena, as its readers want them. A reader gets a message as far as it is
 * there, and says one of three things of it.
 */

#include "../abi/app.h"
#include "arena.h"
#include "inline.h"

enum sl_read {
	SL_READ_NOT, /* not of this protocol, or broken */
	SL_READ_MORE, /* of this protocol as far as it goes; the rest must come first */
	SL_READ_WHOLE,
};

static __always_inline __u8 bytes_at(__u32 at)
{
	return *SL_AT(const __u8, at);
}

/*
 * A byte whose highest bit is asked for. clang 19 makes of that a load which extends the sign, and
 * Linux 6.12 has none from the arena.
 */
static __always_inline __u32 bytes_at_signed(__u32 at)
{
	__u32 byte = bytes_at(at);

	sl_recheck(byte);
	return byte;
}

static __always_inline __u32 bytes_get16(__u32 at)
{
	return __builtin_bswap16(*SL_AT(const __u16, at));
}

static __always_inline __u32 bytes_get24(__u32 at)
{
	return (__u32)bytes_at(at) << 16 | bytes_get16(at + 1);
}

static __always_inline __u32 bytes_get32(__u32 at)
{
	return __builtin_bswap32(*SL_AT(const __u32, at));
}

/* Where the two overlap, to is nearer to the start: what is overwritten has been read. */
static __always_inline void bytes_move(__u32 to, __u32 from, __u32 length)
{
	__u32 i = sl_unknown(0);

	for (; i + 8 <= length && sl_can_loop; i = sl_unknown(i + 8))
		*SL_AT(__u64, to + i) = *SL_AT(const __u64, from + i);
	for (; i < length && sl_can_loop; i = sl_unknown(i + 1))
		*SL_AT(__u8, to + i) = bytes_at(from + i);
}

/* Nothing is known of the message at work yet; what readers leave unset says that it is not there. */
static __always_inline void bytes_found_none(__u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);

	found->app = SL_APP_NONE;
	found->has = 0;
}

static __always_inline void bytes_text_set(struct sl_text __arena *text, __u32 at, __u32 length)
{
	text->at = at;
	text->length = length;
}
