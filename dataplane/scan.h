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
#define SCAN_BUDGET	  512U
#define SCAN_BUDGET_BYTES 2U /* one more step for so many bytes */
#define SCAN_STEPS_GUESS  8U

static __always_inline __u32 scan_hash(__u32 text, const enum sl_sieve_kind kind)
{
	if (kind == SL_SIEVE_TINY)
		text &= 0xffff;
	text |= kind == SL_SIEVE_TINY ? SL_GRAM_FOLD & 0xffff : SL_GRAM_FOLD;
	return text * SL_GRAM_HASH;
}

/* The lowest bit says whether the gram may be of a needle; the others are junk. */
static __always_inline __u32 scan_sieve(const __u8 *bits, __u32 shift, __u32 hash)
{
	return sl_shift_right(*(const __u32 *)(bits + sl_shift_right(hash, shift)), hash);
}

/* Once for all grams, which then need no conversion each. */
static __always_inline const __u8 *scan_bits(const struct sl_scanning *scanning)
{
	return (const __u8 *)SL_AT(const __u8, scanning->bits);
}

/* For the verifier, which loses what it knew of a number that it has seen compared. */
static __always_inline __u32 scan_below(__u32 i, const __u32 power)
{
	sl_recheck(i);
	return i & (power - 1);
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

/* --- the sieve --- */

/* Whether any place of a group passes, in the lowest bit. */
static __always_inline __u32 scan_group(const __u8 *group, const __u8 *bits, __u32 shift,
					const enum sl_sieve_kind kind)
{
	const __u32 step = kind == SL_SIEVE_LONG ? 4 : 1;
	__u32 found = 0;

#ifdef __clang__
#pragma unroll
#endif
	for (__u32 i = 0; i < SL_SCAN_GROUP; i += step) {
		__u32 text = kind == SL_SIEVE_TINY ? *(const __u16 *)(group + i)
						   : *(const __u32 *)(group + i);

		found |= scan_sieve(bits, shift, scan_hash(text, kind));
		/* clang 19 loads all of them first, and has no room for so many. */
		if (i % (4 * step) == 3 * step)
			asm volatile("" : "+r"(found) : : "memory");
	}
	return found;
}

/* The places of a group that pass. */
static __always_inline void scan_places(struct sl_scanning *scanning, const __u8 *chunk, __u32 at,
					const enum sl_sieve_kind kind)
{
	const __u32 step = kind == SL_SIEVE_LONG ? 4 : 1;
	__u32 from = scanning->from - scanning->start, n = scanning->nplaces;
	const __u8 *bits = scan_bits(scanning);

	for (__u32 j = sl_unknown(at); j < at + SL_SCAN_GROUP && sl_can_loop;
	     j = sl_unknown(j + step)) {
		__u64 text = *(const __u64 *)(chunk + scan_below(j, SL_SCAN_CHUNK));
		__u32 hash = scan_hash((__u32)text, kind);
		struct sl_scan_place *place;

		if (!(scan_sieve(bits, scanning->shift, hash) & 1))
			continue;
		place = &scanning->places[scan_below(n, SL_SCAN_PLACES)];
		place->text = text | (__u64)SL_GRAM_FOLD << 32 | SL_GRAM_FOLD;
		place->place = from + j;
		place->hash = hash;
		n = sl_unknown(n + 1);
	}
	scanning->nplaces = n;
}

/*
 * A chunk of payload, of whose bytes all are there; and then whatever may be: what is found must lie
 * within the payload.
 */
static __always_inline const __u8 *scan_read(struct sl_scanning *scanning,
					     const struct bpf_dynptr *view)
{
	__u32 length = scanning->length - scanning->from;

	if (length >= sizeof(scanning->chunk))
		return bpf_dynptr_slice(view, scanning->from, scanning->chunk,
					sizeof(scanning->chunk));
	sl_recheck(length);
	if (length > sizeof(scanning->chunk) ||
	    bpf_dynptr_read(scanning->chunk, length, view, scanning->from, 0))
		return NULL;
	return scanning->chunk;
}

/* A chunk, or as much of it as it takes to have enough places. */
static __always_inline void scan_chunk(struct sl_scanning *scanning, const __u8 *chunk,
				       const enum sl_sieve_kind kind)
{
	__u32 bytes = scanning->end - scanning->from, i = sl_unknown(0);
	const __u8 *bits = scan_bits(scanning);
	__u32 shift = scanning->shift;

	if (bytes > SL_SCAN_CHUNK)
		bytes = SL_SCAN_CHUNK;
	while (i < bytes && sl_can_loop) {
		__u32 at = i;

		sl_recheck(at);
		at &= SL_SCAN_CHUNK - SL_SCAN_GROUP;
		i = sl_unknown(i + SL_SCAN_GROUP);
		if (!(scan_group(chunk + at, bits, shift, kind) & 1))
			continue;
		scan_places(scanning, chunk, at, kind);
		if (scanning->nplaces >= SL_SCAN_ENOUGH)
			break;
	}
	scanning->from += i;
}

/* One sieve, from where it was left; false when the packet's bytes were refused. */
static __always_inline bool scan_sift(SL_CTX *ctx, const enum sl_sieve_kind kind)
{
	struct sl_scratch *scratch = sl_scratch();
	struct sl_scanning *scanning;
	const __u8 *chunk;
	struct bpf_dynptr view;

	if (!scratch || sl_view(ctx, &view))
		return false;
	scanning = &scratch->scanning;
	scanning->nplaces = 0;
	scanning->looked = 0;
	while (scanning->from < scanning->end && scanning->nplaces < SL_SCAN_ENOUGH &&
	       sl_can_loop) {
		chunk = scan_read(scanning, &view);
		if (!chunk)
			return false;
		scan_chunk(scanning, chunk, kind);
	}
	return true;
}

/* A function each: together they would need more stack. */
SL_VERIFIED_ONCE bool sl_scan_sift_long(SL_CTX *ctx)
{
	sl_keep(ctx);
	return scan_sift(ctx, SL_SIEVE_LONG);
}

SL_VERIFIED_ONCE bool sl_scan_sift_short(SL_CTX *ctx)
{
	sl_keep(ctx);
	return scan_sift(ctx, SL_SIEVE_SHORT);
}

SL_VERIFIED_ONCE bool sl_scan_sift_tiny(SL_CTX *ctx)
{
	sl_keep(ctx);
	return scan_sift(ctx, SL_SIEVE_TINY);
}

static __always_inline bool scan_sift_more(SL_CTX *ctx, __u32 kind)
{
	if (kind == SL_SIEVE_LONG)
		return sl_scan_sift_long(ctx);
	if (kind == SL_SIEVE_SHORT)
		return sl_scan_sift_short(ctx);
	return sl_scan_sift_tiny(ctx);
}

/* --- what passed --- */

/* A gram of a needle, and text that begins like it: whether the needle can be there, and is new. */
static __always_inline bool scan_may_be(const struct sl_scanned *scanned,
					const struct sl_gram __arena *gram, __u32 needles,
					__u32 place, __u32 length)
{
	const struct sl_needle __arena *needle =
		SL_AT(struct sl_needle, needles + gram->needle * (__u32)sizeof(struct sl_needle));
	__u32 start = place - gram->at;

	return place >= gram->at && start >= needle->first && start <= needle->last &&
	       start + needle->length <= length && !sl_scan_has(scanned, gram->needle);
}

/*
 * One place: the grams of its bucket, from where that was left. False: there is no room for more
 * guesses, or the budget is used up.
 */
static __always_inline bool scan_look(struct sl_scanned *scanned, struct sl_scanning *scanning,
				      const struct sl_scan_place *place,
				      const struct sl_scan __arena *scan, __u32 length)
{
	const struct sl_sieve __arena *sieve = &scan->sieve[scanning->kind];
	__u32 bucket = sieve->buckets + (place->hash >> (sieve->bucket_shift & 31)) * 4;
	__u32 at = scanning->gram ? scanning->gram : SL_AT(__u32, bucket)[0];
	__u32 end = SL_AT(__u32, bucket)[1], n = scanning->nguesses;

	scanning->gram = 0;
	for (; at < end && sl_can_loop; at = sl_unknown(at + sizeof(struct sl_gram))) {
		const struct sl_gram __arena *gram = SL_AT(struct sl_gram, at);
		struct sl_scan_guess *guess;

		if (n == SL_SCAN_GUESSES || !scan_afford(scanned, 1)) {
			scanning->gram = at;
			break;
		}
		if ((place->text & gram->mask) != gram->text ||
		    !scan_may_be(scanned, gram, scan->needles, place->place, length))
			continue;
		if (!scan_afford(scanned, SCAN_STEPS_GUESS))
			break;
		guess = &scanning->guesses[scan_below(n, SL_SCAN_GUESSES)];
		guess->needle = gram->needle;
		guess->place = place->place - gram->at;
		n = sl_unknown(n + 1);
	}
	scanning->nguesses = n;
	return !scanning->gram;
}

/* The places that passed, until there are many guesses; false when the budget is used up. */
SL_VERIFIED_ONCE bool sl_scan_look(__u32 tables)
{
	const struct sl_scan __arena *scan = SL_AT(struct sl_scan, tables);
	struct sl_scratch *scratch = sl_scratch();
	struct sl_scanning *scanning;
	__u32 i;

	if (!scratch)
		return false;
	scanning = &scratch->scanning;
	for (i = scanning->looked; i < scanning->nplaces && sl_can_loop; i = sl_unknown(i + 1)) {
		if (!scan_afford(&scratch->scanned, 1))
			return false;
		if (!scan_look(&scratch->scanned, scanning,
			       &scanning->places[scan_below(i, SL_SCAN_PLACES)], scan,
			       scanning->end - scanning->start))
			break;
	}
	scanning->looked = i;
	return scratch->scanned.left > 0;
}

/* --- making sure --- */

static __always_inline void scan_hit(struct sl_scanned *scanned, __u32 needle)
{
	__u32 nhits = scanned->nhits;

	scanned->bits[scan_below(needle / 64, SL_NEEDLES / 64)] |= 1ULL << (needle & 63);
	if (nhits < SL_SCAN_HITS)
		scanned->hit[scan_below(nhits, SL_SCAN_HITS)] = (__u16)needle;
	scanned->nhits++;
}

static __always_inline bool scan_is_there(struct sl_scanning *scanning,
					  const struct bpf_dynptr *view, __u32 at, __u32 place)
{
	const struct sl_needle __arena *needle = SL_AT(struct sl_needle, at);
	__u32 length = needle->length, words = needle->words;

	sl_recheck(length);
	if (length > SL_NEEDLE_MAX || bpf_dynptr_read(scanning->text, length, view, place, 0))
		return false;
	for (__u32 i = sl_unknown(0); i < words && sl_can_loop; i = sl_unknown(i + 1)) {
		__u64 value = *SL_AT(__u64, needle->bytes + i * 8);
		__u64 mask = *SL_AT(__u64, needle->bytes + (words + i) * 8);

		if ((scanning->text[scan_below(i, SL_NEEDLE_MAX / 8)] & mask) != value)
			return false;
	}
	return true;
}

/* The last guess, against the packet; false when its bytes were refused. */
SL_VERIFIED_ONCE bool sl_scan_compare(SL_CTX *ctx, __u32 tables)
{
	__u32 needles = SL_AT(struct sl_scan, tables)->needles;
	struct sl_scratch *scratch = sl_scratch();
	const struct sl_scan_guess *guess;
	struct bpf_dynptr view;

	sl_keep(ctx);
	if (!scratch || sl_view(ctx, &view))
		return false;
	guess = &scratch->scanning
			 .guesses[scan_below(--scratch->scanning.nguesses, SL_SCAN_GUESSES)];
	if (!sl_scan_has(&scratch->scanned, guess->needle) &&
	    scan_is_there(&scratch->scanning, &view,
			  needles + guess->needle * (__u32)sizeof(struct sl_needle),
			  scratch->scanning.start + guess->place))
		scan_hit(&scratch->scanned, guess->needle);
	return true;
}

/* --- the whole --- */

/* What the last packet has left behind. */
static __always_inline void scan_clear(struct sl_scanned *scanned)
{
	__u32 nhits = scanned->nhits;

	scanned->nhits = 0;
	for (__u32 i = sl_unknown(0); nhits > SL_SCAN_HITS && i < SL_NEEDLES / 64 && sl_can_loop;
	     i = sl_unknown(i + 1))
		scanned->bits[scan_below(i, SL_NEEDLES / 64)] = 0;
	for (__u32 i = 0; i < SL_SCAN_HITS && i < nhits; i++)
		scanned->bits[scanned->hit[i] / 64 & (SL_NEEDLES / 64 - 1)] = 0;
}

/* The whole payload through the next sieve that there is; false when there is none. */
static __always_inline bool scan_next(struct sl_scanning *scanning, __u32 tables)
{
	const struct sl_scan __arena *scan = SL_AT(struct sl_scan, tables);
	__u32 kind = scanning->kind + 1;

	while (kind < SL_SIEVE_MAX_ && !scan->sieve[kind].bits && sl_can_loop)
		kind = sl_unknown(kind + 1);
	scanning->kind = kind;
	if (kind >= SL_SIEVE_MAX_)
		return false;
	scanning->bits = scan->sieve[kind].bits;
	scanning->shift = scan->sieve[kind].shift;
	scanning->from = scanning->start;
	return true;
}

/* One step: what there is to do next. False when the packet is given up on. */
static __always_inline bool scan_step(SL_CTX *ctx, struct sl_scanning *scanning, __u32 tables)
{
	if (scanning->nguesses)
		return sl_scan_compare(ctx, tables);
	if (scanning->looked < scanning->nplaces)
		return sl_scan_look(tables);
	return scan_sift_more(ctx, scanning->kind);
}

static __always_inline bool scan_is_over(const struct sl_scanning *scanning)
{
	return !scanning->nguesses && scanning->looked == scanning->nplaces &&
	       scanning->from >= scanning->end;
}

/* Searches the payload; a packet without one has no answer. */
static __always_inline enum sl_scan_state scan_payload(SL_CTX *ctx, struct sl_facts *facts,
						       struct sl_scratch *scratch, __u32 tables)
{
	struct sl_scanning *scanning;
	struct sl_layer layer;

	scan_clear(&scratch->scanned);
	if (!sl_layer_find(facts, SL_BASE_PAYLOAD, &layer))
		return SL_SCAN_NOT;
	scanning = &scratch->scanning;
	scanning->start = layer.start;
	scanning->end = layer.end;
	scanning->length = facts->length;
	scanning->kind = ~0U;
	scanning->nplaces = 0;
	scanning->looked = 0;
	scanning->gram = 0;
	scanning->nguesses = 0;
	scratch->scanned.left = SCAN_BUDGET + (layer.end - layer.start) / SCAN_BUDGET_BYTES;
	while (scan_next(scanning, tables) && sl_can_loop) {
		while (!scan_is_over(scanning) && sl_can_loop) {
			if (!scan_step(ctx, scanning, tables))
				goto cut;
		}
	}
	return SL_SCAN_DONE;
cut:
	/* What looks like a needle was paid for. */
	while (scanning->nguesses && sl_can_loop) {
		if (!sl_scan_compare(ctx, tables))
			break;
	}
	return SL_SCAN_CUT;
}
