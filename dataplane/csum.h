/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The Internet checksum, RFC 1071: ones' complement sums of 16-bit words. Sums are taken of words as
 * they lie in memory: swapping the bytes of all words swaps those of the sum and no more.
 */

#include "pkt.h"

static __always_inline __u32 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u32)((sum & 0xffff) + (sum >> 16));
}

/* A checksum after what it covers changed by diff, RFC 1624. */
static __always_inline __u16 csum_change(__u16 sum, __u32 diff)
{
	return ~csum_fold((__u64)(__u16)~sum + diff);
}

/* What changes when the byte at an even or odd place goes from old to new. Never negative. */
static __always_inline __u32 csum_byte_diff(__u8 old, __u8 new, bool odd)
{
	/* 0xffff is zero here. */
	return 0xffffU + (((__u32) new - old) << (odd ? 8 : 0));
}
