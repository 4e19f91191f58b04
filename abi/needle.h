/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#include "rule.h"

/*
 * Needles: bytes that rules look for in the payload, all of them in one pass.
 *
 * A gram is four bytes of a needle, with 0x20 set in each, so that upper and lower case are one. A
 * sieve is a bitmap of hashed grams: what is not in it is in no needle. Of a needle of seven bytes or
 * more four grams in a row are in the sieve, one of which begins at a multiple of four wherever the
 * needle lies: so a packet looks at every fourth place. Shorter needles are looked for at every place,
 * by one gram; where there are such, the long ones are in their sieve, too. Those shorter than a gram
 * have a sieve of grams of two bytes; the second byte of a needle of one byte is any.
 *
 * What passes the sieve is looked up in buckets by the same hash, and there is compared with the
 * needle: up to eight bytes in the bucket, then all.
 */
#define SL_NEEDLE_MAX 256U /* bytes */
#define SL_NEEDLES    16384U /* of all rules */

#define SL_GRAM_FOLD 0x20202020U
#define SL_GRAM_HASH 0x9e3779b1U

enum sl_sieve_kind {
	SL_SIEVE_LONG, /* every fourth place */
	SL_SIEVE_SHORT, /* every place */
	SL_SIEVE_TINY, /* every place, grams of two bytes */
	SL_SIEVE_MAX_
};

#define SL_NEEDLE_LONG	7U /* bytes, from here on */
#define SL_NEEDLE_SHORT 4U

struct sl_sieve {
	__u32 bits; /* offset of the bitmap; 0: there are no such needles */
	__u32 shift; /* hash >> shift: which byte of the bitmap; SL_SIEVE_BIT() from there on */
	__u32 buckets; /* offset of __u32[]: where each bucket begins, and behind the last one its end */
	__u32 bucket_shift; /* hash >> bucket_shift: which bucket; at least 1 */
};
_Static_assert(sizeof(struct sl_sieve) == 16, "layout");

#define SL_SIEVE_BIT(hash) ((hash) & 31)

/* A gram of a needle in its bucket. */
struct sl_gram {
	__u64 text; /* folded: the needle's bytes from the gram on, up to eight, the first lowest */
	__u64 mask; /* of the bytes that there are */
	__u16 needle; /* index */
	__u16 at; /* where in the needle */
	__u32 pad;
};
_Static_assert(sizeof(struct sl_gram) == 24, "layout");

/* Records of rules by class, as leaves of a tree (SL_REF_BYTES_SHIFT); 0: none. */
struct sl_needle_lists {
	__u64 leaf[SL_L3_MAX_][SL_L4_MAX_];
};

struct sl_needle {
	__u32 bytes; /* offset of __u64[words] and the masks of case behind: text & mask == bytes */
	__u16 length;
	__u16 words; /* of eight bytes, the rest zero */
	__u32 first; /* of the payload: where the needle may begin */
	__u32 last;
	__u32 lists
		[SL_DIR_MAX_]; /* offset of struct sl_needle_lists: rules to ask when it is there */
};
_Static_assert(sizeof(struct sl_needle) == 24, "layout");

#define SL_SCAN_ALL 1ULL /* in place of a tree: all packets of the list */

/*
 * Rules that ask for a needle are not in the lists of their chain: what is in the payload picks them.
 * Those that only ask for the absence of needles are there.
 */
struct sl_scan {
	struct sl_sieve sieve[SL_SIEVE_MAX_];
	__u32 needles; /* offset of struct sl_needle[] */
	__u32 nneedles;
	/* Boxes of rules that ask for needles or their absence: payloads of other packets are not read. */
	struct sl_list boxes[SL_DIR_MAX_][SL_L3_MAX_][SL_L4_MAX_];
	struct sl_needle_lists all[SL_DIR_MAX_]; /* rules of all needles: for packets with many */
};

/* How the search in a payload ended. */
enum sl_scan_state {
	SL_SCAN_NOT, /* no rule asks that the packet could match */
	SL_SCAN_DONE,
	SL_SCAN_CUT, /* given up on: what was found is there, what was not may be */
};
