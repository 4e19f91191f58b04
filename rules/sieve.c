/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "sieve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "grams.h"

/*
 * From needles to what dataplane/scan.h walks: see abi/needle.h. A gram is hashed once; the upper
 * bits of the hash say which byte of the bitmap, and which bucket.
 */

#define ALIGN	  64U
#define BITS_MIN  4096U /* bytes of a bitmap */
#define BITS_MAX  (1U << 19)
#define BITS_GRAM 32U /* bytes of it for each gram, so that one bit in 256 is set */
#define TEXT_MAX  8U /* bytes of struct sl_gram */

struct sieve {
	struct sl_gram *grams;
	__u32 *hashes; /* of each */
	size_t count;
	size_t size;
};

static void sieve_clear(struct sieve *sieve)
{
	free(sieve->grams);
	free(sieve->hashes);
}

static int reserve(struct sieve *sieve)
{
	size_t size = 2 * sieve->size + 64;
	struct sl_gram *grams;
	__u32 *hashes;

	if (sieve->count < sieve->size)
		return 0;
	grams = reallocarray(sieve->grams, size, sizeof(*grams));
	if (!grams)
		return -ENOMEM;
	sieve->grams = grams;
	hashes = reallocarray(sieve->hashes, size, sizeof(*hashes));
	if (!hashes)
		return -ENOMEM;
	sieve->hashes = hashes;
	sieve->size = size;
	return 0;
}

/* key: what packets hash there. */
static int add_gram(struct sieve *sieve, const struct sl_gram *gram, __u32 key)
{
	int err = reserve(sieve);

	if (err)
		return err;
	sieve->grams[sieve->count] = *gram;
	sieve->hashes[sieve->count++] = key * SL_GRAM_HASH;
	return 0;
}

/* The needle's bytes from at on. */
static struct sl_gram gram_of(const struct sl_conf_needle *needle, size_t index, unsigned int at)
{
	struct sl_gram gram = { .needle = (__u16)index, .at = (__u16)at };
	unsigned int i;

	for (i = 0; i < TEXT_MAX && at + i < needle->length; i++) {
		gram.text |= (__u64)sl_gram_fold(needle->bytes[at + i]) << 8 * i;
		gram.mask |= 0xffULL << 8 * i;
	}
	return gram;
}

/* Behind a needle of one byte there may be any. */
static int add_tiny(struct sieve *sieve, const struct sl_conf_needle *needle, size_t index)
{
	struct sl_gram gram = gram_of(needle, index, 0);
	unsigned int second;
	int err = 0;

	if (needle->length > 1)
		return add_gram(sieve, &gram, (__u16)gram.text);
	for (second = 0; second < 256 && !err; second++) {
		if (sl_gram_fold((unsigned char)second) == second)
			err = add_gram(sieve, &gram, (__u32)gram.text | second << 8);
	}
	return err;
}

static int add_needle(struct sieve *sieve, const struct sl_conf_needle *needle, size_t index,
		      enum sl_sieve_kind kind, const struct sl_gramtab *tab)
{
	unsigned int count = kind == SL_SIEVE_LONG ? SL_GRAM_ROW : 1, at, i;
	struct sl_gram gram;
	int err = 0;

	if (kind == SL_SIEVE_TINY)
		return add_tiny(sieve, needle, index);
	at = sl_gramtab_best(tab, needle, count);
	for (i = 0; i < count && !err; i++) {
		gram = gram_of(needle, index, at + i);
		err = add_gram(sieve, &gram, (__u32)gram.text);
	}
	return err;
}

/* The power of two that is at least that. */
static unsigned int log2_of(__u64 number)
{
	unsigned int log = 0;

	while (1ULL << log < number)
		log++;
	return log;
}

static int write_bits(struct sl_block *block, const struct sieve *sieve, struct sl_sieve *out)
{
	__u64 bytes = sieve->count * BITS_GRAM;
	unsigned int log;
	unsigned char *bits;
	size_t i;
	int err;

	log = log2_of(bytes < BITS_MIN ? BITS_MIN : bytes > BITS_MAX ? BITS_MAX : bytes);
	err = sl_block_take(block, (1ULL << log) + sizeof(__u32), ALIGN, &out->bits);
	if (err)
		return err;
	out->shift = 32 - log;
	bits = sl_block_at(block, out->bits);
	for (i = 0; i < sieve->count; i++) {
		__u32 hash = sieve->hashes[i], bit = SL_SIEVE_BIT(hash);

		bits[(hash >> out->shift) + bit / 8] |= (unsigned char)(1U << bit % 8);
	}
	return 0;
}

/* Grams in the order of their buckets; begins has how many each bucket has. */
static int write_grams(struct sl_block *block, const struct sieve *sieve, unsigned int shift,
		       size_t buckets, __u32 *begins)
{
	struct sl_gram *grams;
	__u32 at, next = 0, count;
	size_t i;
	int err;

	err = sl_block_take(block, sieve->count * sizeof(*grams), ALIGN, &at);
	if (err)
		return err;
	grams = sl_block_at(block, at);
	for (i = 0; i < sieve->count; i++)
		begins[sieve->hashes[i] >> shift]++;
	for (i = 0; i <= buckets; i++) {
		count = begins[i];
		begins[i] = next;
		next += count;
	}
	for (i = 0; i < sieve->count; i++)
		grams[begins[sieve->hashes[i] >> shift]++] = sieve->grams[i];
	/* Each bucket begins now where the next one did. */
	for (i = buckets; i > 0; i--)
		begins[i] = at + begins[i - 1] * (__u32)sizeof(*grams);
	begins[0] = at;
	return 0;
}

static int write_buckets(struct sl_block *block, const struct sieve *sieve, struct sl_sieve *out)
{
	unsigned int log = log2_of(2 * sieve->count);
	size_t buckets = 1ULL << log;
	_cleanup_free_ __u32 *begins = calloc(buckets + 1, sizeof(*begins));
	int err;

	if (!begins)
		return -ENOMEM;
	out->bucket_shift = 32 - log;
	err = write_grams(block, sieve, out->bucket_shift, buckets, begins);
	if (!err)
		err = sl_block_take(block, (buckets + 1) * sizeof(*begins), ALIGN, &out->buckets);
	if (!err)
		memcpy(sl_block_at(block, out->buckets), begins, (buckets + 1) * sizeof(*begins));
	return err;
}

static enum sl_sieve_kind kind_of(const struct sl_conf_needle *needle, bool shorts)
{
	if (needle->length < SL_NEEDLE_SHORT)
		return SL_SIEVE_TINY;
	return shorts || needle->length < SL_NEEDLE_LONG ? SL_SIEVE_SHORT : SL_SIEVE_LONG;
}

static bool has_shorts(const struct sl_conf_needle *needles, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (kind_of(&needles[i], false) == SL_SIEVE_SHORT)
			return true;
	}
	return false;
}

static int write_sieve(struct sl_block *block, const struct sl_conf_needle *needles, size_t count,
		       enum sl_sieve_kind kind, const struct sl_gramtab *tab, struct sl_sieve *out)
{
	_cleanup_(sieve_clear) struct sieve sieve = {};
	bool shorts = has_shorts(needles, count);
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		if (kind_of(&needles[i], shorts) == kind)
			err = add_needle(&sieve, &needles[i], i, kind, tab);
	}
	if (!err && sieve.count)
		err = write_bits(block, &sieve, out);
	if (!err && sieve.count)
		err = write_buckets(block, &sieve, out);
	return err;
}

/* The bytes as words, those of letters in upper case, and behind them what to mask a packet's with. */
static int write_text(struct sl_block *block, const struct sl_conf_needle *needle,
		      struct sl_needle *out)
{
	size_t words = (needle->length + 7U) / 8, i;
	__u64 *text;
	int err;

	err = sl_block_take(block, 2 * words * sizeof(*text), sizeof(*text), &out->bytes);
	if (err)
		return err;
	text = sl_block_at(block, out->bytes);
	out->length = needle->length;
	out->words = (__u16)words;
	for (i = 0; i < needle->length; i++) {
		unsigned char mask = needle->nocase ? sl_gram_case(needle->bytes[i]) : 0xff;

		text[i / 8] |= (__u64)(needle->bytes[i] & mask) << i % 8 * 8;
		text[words + i / 8] |= (__u64)mask << i % 8 * 8;
	}
	return 0;
}

static int write_needles(struct sl_block *block, const struct sl_conf_needle *needles, size_t count,
			 __u32 at)
{
	struct sl_needle *to;
	size_t i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		struct sl_needle needle = { .first = needles[i].first, .last = needles[i].last };

		err = write_text(block, &needles[i], &needle);
		to = sl_block_at(block, at);
		to[i] = needle;
	}
	return err;
}

int sl_sieve_build(struct sl_block *block, const struct sl_conf_needle *needles, size_t count,
		   __u32 *at)
{
	_cleanup_(sl_gramtab_clear) struct sl_gramtab tab = {};
	struct sl_scan scan = { .nneedles = (__u32)count };
	unsigned int kind;
	__u32 place;
	int err;

	err = sl_gramtab_fill(&tab, needles, count);
	if (!err)
		err = sl_block_take(block, sizeof(scan), ALIGN, &place);
	for (kind = 0; kind < SL_SIEVE_MAX_ && !err; kind++)
		err = write_sieve(block, needles, count, (enum sl_sieve_kind)kind, &tab,
				  &scan.sieve[kind]);
	if (!err)
		err = sl_block_take(block, count * sizeof(struct sl_needle), ALIGN, &scan.needles);
	if (!err)
		err = write_needles(block, needles, count, scan.needles);
	if (err)
		return err;
	memcpy(sl_block_at(block, place), &scan, sizeof(scan));
	*at = place;
	return 0;
}
