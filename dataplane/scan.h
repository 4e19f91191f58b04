/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The search for needles in the payload: see abi/needle.h. The payload is read in chunks, in place
 * where they lie in one piece. Most of it is seen by the sieve alone, eight places to a branch. What
 * is looked at closer takes from a budget; when that is used up, the search ends, and the packet has
 * a reason.
 */

#include "env.h"
#include "layer.h"

/*
 * A packet's budget: steps for each byte of payload, and some for each packet. Text of any kind uses
 * a small part of it.
 */
#define SCAN_BUDGET	   256U
#define SCAN_BUDGET_BYTES  2U /* one more step for so many bytes */
#define SCAN_STEPS_COMPARE 8U

static __always_inline __u32 scan_places(const enum sl_sieve_kind kind)
{
	return kind == SL_SIEVE_LONG ? 4 : 1;
}

static __always_inline __u32 scan_hash(__u32 text, const enum sl_sieve_kind kind)
{
	if (kind == SL_SIEVE_TINY)
		text &= 0xffff;
	text |= kind == SL_SIEVE_TINY ? SL_GRAM_FOLD & 0xffff : SL_GRAM_FOLD;
	return text * SL_GRAM_HASH;
}

/* The lowest bit says whether the gram may be of a needle; the others are junk. */
static __always_inline __u32 scan_sieve(__u32 bits, __u32 shift, __u32 hash)
{
	return (__u32)*SL_AT(__u8, bits + (hash >> (shift & 31))) >> SL_SIEVE_BIT(hash);
}

static __always_inline void scan_hit(struct sl_scanned *scanned, __u32 needle)
{
	__u32 nhits = scanned->nhits;

	scanned->bits[needle / 64 & (SL_NEEDLES / 64 - 1)] |= 1ULL << (needle & 63);
	sl_recheck(nhits);
	if (nhits < SL_SCAN_HITS)
		scanned->hit[nhits] = (__u16)needle;
	scanned->nhits++;
}

static __always_inline bool scan_has(const struct sl_scanned *scanned, __u32 needle)
{
	return scanned->bits[needle / 64 & (SL_NEEDLES / 64 - 1)] >> (needle & 63) & 1;
}

/* Whether the needle is at that place of the payload, which is long enough. */
SL_VERIFIED_ONCE bool sl_scan_compare(SL_CTX *ctx, const struct sl_facts *facts, __u32 at,
				      __u32 place)
{
	const struct sl_needle __arena *needle = SL_AT(struct sl_needle, at);
	struct sl_scratch *scratch = sl_scratch();
	__u32 length = needle->length, words = needle->words;
	struct bpf_dynptr view;

	sl_keep(ctx);
	if (!facts || !scratch || sl_view(ctx, &view))
		return false;
	sl_recheck(length);
	if (length > SL_NEEDLE_MAX ||
	    bpf_dynptr_read(scratch->scanning.text, length, &view, facts->payload + place, 0))
		return false;
	for (__u32 i = sl_unknown(0); i < words && i < SL_NEEDLE_MAX / 8 && sl_can_loop; i++) {
		__u64 value = *SL_AT(__u64, needle->bytes + i * 8);
		__u64 mask = *SL_AT(__u64, needle->bytes + (words + i) * 8);

		if ((scratch->scanning.text[i] & mask) != value)
			return false;
	}
	return true;
}

/* Takes steps off the budget; false when there are no more. */
static __always_inline bool scan_afford(struct sl_scanned *scanned, __u32 steps)
{
	if (scanned->left < steps) {
		scanned->left = 0;
		return false;
	}
	scanned->left -= steps;
	return true;
}

/* A gram that is in a needle, at a place of the payload; false when the budget is used up. */
static __always_inline bool scan_candidate(SL_CTX *ctx, struct sl_facts *facts,
					   struct sl_scanned *scanned, __u32 needles,
					   const struct sl_gram __arena *gram, __u32 place)
{
	__u32 index = gram->needle, start = place - gram->at;
	__u32 at = needles + index * (__u32)sizeof(struct sl_needle);
	const struct sl_needle __arena *needle = SL_AT(struct sl_needle, at);
	__u32 length = facts->end - facts->payload;

	if (place < gram->at || start < needle->first || start > needle->last ||
	    start + needle->length > length || scan_has(scanned, index))
		return true;
	if (!scan_afford(scanned, SCAN_STEPS_COMPARE))
		return false;
	if (sl_scan_compare(ctx, facts, at, start))
		scan_hit(scanned, index);
	return true;
}

/* The grams of one bucket, against the text at a place; false when the budget is used up. */
static __always_inline bool scan_bucket(SL_CTX *ctx, struct sl_facts *facts,
					struct sl_scanned *scanned,
					const struct sl_scan __arena *scan, __u32 bucket,
					__u64 text, __u32 place)
{
	__u32 at = SL_AT(__u32, bucket)[0], end = SL_AT(__u32, bucket)[1];

	while (at < end && sl_can_loop) {
		const struct sl_gram __arena *gram = SL_AT(struct sl_gram, at);

		if (!scan_afford(scanned, 1))
			return false;
		if ((text & gram->mask) == gram->text &&
		    !scan_candidate(ctx, facts, scanned, scan->needles, gram, place))
			return false;
		at += sizeof(*gram);
	}
	return true;
}

/* A group of places some of which pass the sieve, closer; false when the budget is used up. */
SL_VERIFIED_ONCE bool sl_scan_group(SL_CTX *ctx, struct sl_facts *facts, __u32 tables, __u32 kind,
				    __u32 place)
{
	const struct sl_scan __arena *scan = SL_AT(struct sl_scan, tables);
	const struct sl_sieve __arena *sieve = &scan->sieve[kind];
	struct sl_scratch *scratch = sl_scratch();
	__u32 step = kind == SL_SIEVE_LONG ? 4 : 1;

	sl_keep(ctx);
	if (!facts || !scratch || !scan_afford(&scratch->scanned, 1))
		return false;
	for (__u32 i = sl_unknown(0); i < 8 && sl_can_loop; i++) {
		__u32 from = i * step & (SL_SCAN_GROUP - 1), hash;
		__u64 text = *(const __u64 *)&scratch->scanning.group[from];

		hash = kind == SL_SIEVE_TINY ? scan_hash((__u32)text, SL_SIEVE_TINY)
					     : scan_hash((__u32)text, SL_SIEVE_LONG);
		if (!(scan_sieve(sieve->bits, sieve->shift, hash) & 1))
			continue;
		text |= (__u64)SL_GRAM_FOLD << 32 | SL_GRAM_FOLD;
		if (!scan_bucket(ctx, facts, &scratch->scanned, scan,
				 sieve->buckets + (hash >> (sieve->bucket_shift & 31)) * 4, text,
				 place + from))
			return false;
	}
	return true;
}

/* Whether any of eight places from there on passes the sieve, in the lowest bit. */
static __always_inline __u32 scan_eight(const __u8 *text, __u32 bits, __u32 shift,
					const enum sl_sieve_kind kind)
{
	__u32 found = 0;

#ifdef __clang__
#pragma unroll
#endif
	for (__u32 i = 0; i < 8; i++) {
		const __u8 *gram = text + i * scan_places(kind);

		found |= scan_sieve(bits, shift, scan_hash(*(const __u32 *)gram, kind));
	}
	return found;
}

/* One sieve over bytes of a chunk; false when the budget is used up. */
static __always_inline bool scan_chunk(SL_CTX *ctx, struct sl_facts *facts,
				       struct sl_scratch *scratch, __u32 tables, const __u8 *chunk,
				       __u32 bytes, __u32 place, const enum sl_sieve_kind kind)
{
	const struct sl_sieve __arena *sieve = &SL_AT(struct sl_scan, tables)->sieve[kind];
	const __u32 step = 8 * scan_places(kind);
	__u32 bits = sieve->bits, shift = sieve->shift;

	if (!bits)
		return true;
#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	for (__u32 i = 0; i < SL_SCAN_CHUNK; i += step) {
		if (i >= bytes)
			break;
		if (!(scan_eight(chunk + i, bits, shift, kind) & 1))
			continue;
		__builtin_memcpy(scratch->scanning.group, chunk + i, step + SL_SCAN_AHEAD);
		if (!sl_scan_group(ctx, facts, tables, kind, place + i))
			return false;
	}
	return true;
}

/*
 * A chunk of payload from a place on, of whose bytes all are there; and then whatever may be: what is
 * found must lie within the payload.
 */
static __always_inline const __u8 *scan_read(struct sl_facts *facts, struct sl_scratch *scratch,
					     const struct bpf_dynptr *view, __u32 place)
{
	__u32 from = facts->payload + place, length = facts->length - from;

	if (length >= sizeof(scratch->scanning.chunk))
		return bpf_dynptr_slice(view, from, scratch->scanning.chunk,
					sizeof(scratch->scanning.chunk));
	sl_recheck(length);
	if (length > sizeof(scratch->scanning.chunk) ||
	    bpf_dynptr_read(scratch->scanning.chunk, length, view, from, 0))
		return NULL;
	return scratch->scanning.chunk;
}

static __always_inline bool scan_chunks(SL_CTX *ctx, struct sl_facts *facts,
					struct sl_scratch *scratch, const struct bpf_dynptr *view,
					__u32 tables)
{
	__u32 length = facts->end - facts->payload;

	for (__u32 place = sl_unknown(0); place < length && sl_can_loop; place += SL_SCAN_CHUNK) {
		const __u8 *chunk = scan_read(facts, scratch, view, place);
		__u32 bytes = length - place;

		if (!chunk ||
		    !scan_chunk(ctx, facts, scratch, tables, chunk, bytes, place, SL_SIEVE_LONG) ||
		    !scan_chunk(ctx, facts, scratch, tables, chunk, bytes, place, SL_SIEVE_SHORT) ||
		    !scan_chunk(ctx, facts, scratch, tables, chunk, bytes, place, SL_SIEVE_TINY))
			return false;
	}
	return true;
}

/* What the last packet has left behind. */
static __always_inline void scan_clear(struct sl_scanned *scanned)
{
	__u32 nhits = scanned->nhits;

	scanned->nhits = 0;
	scanned->nlists = 0;
	for (__u32 i = sl_unknown(0); nhits > SL_SCAN_HITS && i < SL_NEEDLES / 64 && sl_can_loop;
	     i++)
		scanned->bits[i & (SL_NEEDLES / 64 - 1)] = 0;
	for (__u32 i = 0; i < SL_SCAN_HITS && i < nhits; i++)
		scanned->bits[scanned->hit[i] / 64 & (SL_NEEDLES / 64 - 1)] = 0;
}

/* Searches the payload. A packet without is one in which nothing is found, if it could have one. */
SL_VERIFIED_ONCE enum sl_scan_state sl_scan_payload(SL_CTX *ctx, struct sl_facts *facts,
						    __u32 tables)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_layer layer;
	struct bpf_dynptr view;

	sl_keep(ctx);
	if (!facts || !scratch)
		return SL_SCAN_NOT;
	scan_clear(&scratch->scanned);
	if (!sl_layer_find(facts, SL_BASE_PAYLOAD, &layer))
		return SL_SCAN_NOT;
	scratch->scanned.left = SCAN_BUDGET + (layer.end - layer.start) / SCAN_BUDGET_BYTES;
	if (sl_view(ctx, &view) || !scan_chunks(ctx, facts, scratch, &view, tables))
		return SL_SCAN_CUT;
	return SL_SCAN_DONE;
}
