/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * The search for needles against a naive one: the tables that librules writes and the data path's
 * walk over them find what is there, wherever it lies, and nothing else.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules_random.h"
#include "rules_walk.h"
#include "sieve.h"

#define BASE	    0x80000000U
#define PAYLOAD_MAX 1600U
#define NEVER	    (~0U)

/* What needles and payloads are made of: the fewer bytes, the more is nearly found. */
static const char *const alphabets[] = {
	"aA", "abAB", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-/ @`[{",
	NULL, /* all */
};

#define FEW_LETTERS 2 /* of them: hundreds of needles are too much alike for any budget */

static unsigned char letter(struct random *r, const char *alphabet)
{
	if (!alphabet)
		return (unsigned char)random_below(r, 256);
	return (unsigned char)alphabet[random_below(r, (unsigned int)strlen(alphabet))];
}

static bool is_at(const struct sl_conf_needle *needle, const unsigned char *text)
{
	unsigned int i;

	for (i = 0; i < needle->length; i++) {
		unsigned char a = needle->bytes[i], b = text[i];

		if (needle->nocase && a >= 'A' && a <= 'Z')
			a += 'a' - 'A';
		if (needle->nocase && b >= 'A' && b <= 'Z')
			b += 'a' - 'A';
		if (a != b)
			return false;
	}
	return true;
}

static bool is_there(const struct sl_conf_needle *needle, const struct walk_payload *payload)
{
	__u32 at;

	for (at = needle->first; at <= needle->last; at++) {
		if (at + needle->length > payload->length)
			return false;
		if (is_at(needle, (const unsigned char *)payload->bytes + at))
			return true;
	}
	return false;
}

static void needle_fill(struct random *r, struct sl_conf_needle *needle, const char *alphabet,
			unsigned int low, unsigned int high)
{
	unsigned int i;

	*needle = (struct sl_conf_needle) {
		.length = (__u16)(low + random_below(r, high - low + 1)),
		.nocase = random_chance(r, 30),
		.last = NEVER,
	};
	needle->bytes = malloc(needle->length);
	assert_non_null(needle->bytes);
	for (i = 0; i < needle->length; i++)
		needle->bytes[i] = letter(r, alphabet);
	if (random_chance(r, 20))
		needle->first = random_below(r, 300);
	if (random_chance(r, 20))
		needle->last = needle->first + random_below(r, 50);
}

struct tables {
	struct sl_conf_needle *needles;
	size_t count;
	__u32 at;
};

static void tables_make(struct tables *tables)
{
	struct sl_block block = { .base = BASE, .max = 0x10000000 };

	assert_int_equal(sl_sieve_build(&block, tables->needles, tables->count, &tables->at), 0);
	walk_put(BASE, block.bytes, block.used);
	sl_block_clear(&block);
}

static void tables_clear(struct tables *tables)
{
	size_t i;

	for (i = 0; i < tables->count; i++)
		free(tables->needles[i].bytes);
	free(tables->needles);
}

/* Text of the alphabet, with needles in it, whole or but for one byte. */
static void payload_fill(struct random *r, const struct tables *tables, const char *alphabet,
			 unsigned char *bytes, __u32 length)
{
	unsigned int i, planted = random_below(r, 6);

	for (i = 0; i < length; i++)
		bytes[i] = letter(r, alphabet);
	while (planted--) {
		const struct sl_conf_needle *needle =
			&tables->needles[random_below(r, (unsigned int)tables->count)];
		__u32 at;

		if (needle->length > length)
			continue;
		/* As often as not at one end. */
		at = random_below(r, length - needle->length + 1);
		if (random_chance(r, 20))
			at = 0;
		else if (random_chance(r, 20))
			at = length - needle->length;
		memcpy(bytes + at, needle->bytes, needle->length);
		if (random_chance(r, 20))
			bytes[at + random_below(r, needle->length)] ^= 0x20;
	}
}

struct tally {
	unsigned long searched, cut, found;
};

static void compare(const struct tables *tables, const struct walk_payload *payload,
		    unsigned int seed, struct tally *tally)
{
	static __u64 found[SL_NEEDLES / 64];
	enum sl_scan_state state = walk_search(tables->at, payload, found);
	size_t i;

	tally->searched++;
	tally->cut += state == SL_SCAN_CUT;
	for (i = 0; i < tables->count; i++) {
		bool is = is_there(&tables->needles[i], payload);
		bool said = found[i / 64] >> i % 64 & 1;

		tally->found += said;
		if (is == said || (is && state == SL_SCAN_CUT))
			continue;
		fail_msg(
			"seed %u, needle %zu of %u bytes, nocase %d, %u to %u: %s in %u bytes behind %u",
			seed, i, tables->needles[i].length, tables->needles[i].nocase,
			tables->needles[i].first, tables->needles[i].last,
			is ? "not found" : "found and not there", payload->length, payload->before);
	}
	for (i = tables->count; i < SL_NEEDLES; i++)
		assert_int_equal(found[i / 64] >> i % 64 & 1, 0);
}

static void search_some(unsigned int seed, size_t count, unsigned int low, unsigned int high,
			const char *alphabet, struct tally *tally)
{
	static unsigned char bytes[PAYLOAD_MAX];
	struct random r = { seed };
	struct tables tables = { .count = count };
	size_t i;
	int turn;

	tables.needles = calloc(count, sizeof(*tables.needles));
	assert_non_null(tables.needles);
	for (i = 0; i < count; i++)
		needle_fill(&r, &tables.needles[i], alphabet, low, high);
	tables_make(&tables);
	for (turn = 0; turn < 20; turn++) {
		struct walk_payload payload = {
			.bytes = bytes,
			.length = random_below(&r, random_chance(&r, 50) ? 64 : PAYLOAD_MAX),
			.before = 1 + random_below(&r, 70),
			.behind = random_chance(&r, 50) ? 0 : random_below(&r, 300),
		};

		payload_fill(&r, &tables, alphabet, bytes, payload.length);
		compare(&tables, &payload, seed, tally);
	}
	tables_clear(&tables);
}

static void test_agrees_with_naive(void **state)
{
	/* Lengths of needles, so that each sieve is there alone and with others. */
	static const struct {
		unsigned int low, high;
	} lengths[] = { { 7, 20 },
			{ 7, 7 },
			{ 4, 6 },
			{ 4, 30 },
			{ 1, 3 },
			{ 1, 1 },
			{ 2, 12 },
			{ 7, SL_NEEDLE_MAX },
			{ 1, SL_NEEDLE_MAX } };
	static const size_t counts[] = { 1, 3, 20, 200 };
	struct tally tallies[2] = {}, *tally;
	unsigned int seed = 1, turn;
	size_t i, j, k;

	for (turn = 0; turn < 4; turn++) {
		for (i = 0; i < sizeof(alphabets) / sizeof(*alphabets); i++) {
			tally = &tallies[i < FEW_LETTERS ? 0 : 1];
			for (j = 0; j < sizeof(lengths) / sizeof(*lengths); j++) {
				for (k = 0; k < sizeof(counts) / sizeof(*counts); k++)
					search_some(seed++, counts[k], lengths[j].low,
						    lengths[j].high, alphabets[i], tally);
			}
		}
	}
	for (i = 0; i < 2; i++) {
		tally = &tallies[i];
		print_message("%lu payloads searched, %lu needles found, %lu given up on\n",
			      tally->searched, tally->found, tally->cut);
		assert_true(tally->found > tally->searched);
	}
	/* Hundreds of needles of one byte are at every place. */
	assert_true(tallies[1].cut * 20 < tallies[1].searched);
}

/* As many as there may be: each of them is found. */
static void test_many(void **state)
{
	static unsigned char bytes[600];
	struct random r = { 7 };
	struct tables tables = { .count = SL_NEEDLES };
	struct tally tally = {};
	size_t i;

	tables.needles = calloc(tables.count, sizeof(*tables.needles));
	assert_non_null(tables.needles);
	for (i = 0; i < tables.count; i++) {
		needle_fill(&r, &tables.needles[i], alphabets[2], 7, 24);
		tables.needles[i].first = 0;
		tables.needles[i].last = NEVER;
	}
	tables_make(&tables);
	for (i = 0; i < tables.count; i += 5) {
		struct walk_payload payload = { .bytes = bytes, .length = 0, .before = 42 };
		static __u64 found[SL_NEEDLES / 64];
		size_t j;

		for (j = i; j < i + 5 && j < tables.count; j++) {
			memset(bytes + payload.length, '_', j % 4);
			payload.length += j % 4;
			memcpy(bytes + payload.length, tables.needles[j].bytes,
			       tables.needles[j].length);
			payload.length += tables.needles[j].length;
		}
		assert_int_equal(walk_search(tables.at, &payload, found), SL_SCAN_DONE);
		tally.searched++;
		for (j = i; j < i + 5 && j < tables.count; j++)
			tally.found += found[j / 64] >> j % 64 & 1;
	}
	assert_int_equal(tally.found, SL_NEEDLES);
	tables_clear(&tables);
}

/* One needle, at each place of payloads of each length, and nearly there. */
static void test_each_place(void **state)
{
	static unsigned char bytes[600];
	static __u64 found[SL_NEEDLES / 64];
	unsigned int length, at, needle;

	for (needle = 1; needle < 12; needle++) {
		unsigned char text[] = "GET /evil.ex";
		struct sl_conf_needle one = { .bytes = text,
					      .length = (__u16)needle,
					      .last = NEVER };
		struct tables tables = { .needles = &one, .count = 1 };

		tables_make(&tables);
		for (length = needle; length < sizeof(bytes); length += 1 + length / 40) {
			struct walk_payload payload = { .bytes = bytes,
							.length = length,
							.before = 54 };

			for (at = 0; at + needle <= length; at++) {
				memset(bytes, '.', length);
				memcpy(bytes + at, text, needle);
				walk_search(tables.at, &payload, found);
				assert_int_equal(found[0], 1);
				/* The last byte lies behind the payload. */
				if (at + needle < length)
					continue;
				payload.length--;
				payload.behind = 1;
				walk_search(tables.at, &payload, found);
				assert_int_equal(found[0], 0);
				payload.length++;
				payload.behind = 0;
			}
		}
	}
}

/* A flood of what is nearly a needle is given up on; what was found before stays found. */
static void test_budget(void **state)
{
	static unsigned char bytes[1400], texts[200][16];
	static struct sl_conf_needle needles[200];
	static __u64 found[SL_NEEDLES / 64];
	struct tables tables = { .needles = needles, .count = 200 };
	struct walk_payload payload = { .bytes = bytes, .length = sizeof(bytes), .before = 42 };
	size_t i;

	for (i = 0; i < 200; i++) {
		snprintf((char *)texts[i], sizeof(texts[i]), "AAAAAAAAAAAA%03zu", i);
		needles[i] =
			(struct sl_conf_needle) { .bytes = texts[i], .length = 15, .last = NEVER };
	}
	tables_make(&tables);
	memset(bytes, 'A', sizeof(bytes));
	memcpy(bytes, "AAAAAAAAAAAA007", 15);
	assert_int_equal(walk_search(tables.at, &payload, found), SL_SCAN_CUT);
	assert_int_equal(found[0], 1U << 7);
	/* The same of other bytes costs nothing. */
	memset(bytes, 'B', sizeof(bytes));
	assert_int_equal(walk_search(tables.at, &payload, found), SL_SCAN_DONE);
	assert_int_equal(found[0], 0);
}

/* Without a payload there is nothing to say; one of no bytes has no needle. */
static void test_nothing(void **state)
{
	static __u64 found[SL_NEEDLES / 64];
	unsigned char text[] = "needles";
	struct sl_conf_needle one = { .bytes = text, .length = 7, .last = NEVER };
	struct tables tables = { .needles = &one, .count = 1 };
	struct walk_payload payload = { .bytes = "", .before = 42 };

	tables_make(&tables);
	assert_int_equal(walk_search(tables.at, &payload, found), SL_SCAN_DONE);
	payload.before = 0;
	assert_int_equal(walk_search(tables.at, &payload, found), SL_SCAN_NOT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_naive), cmocka_unit_test(test_many),
		cmocka_unit_test(test_each_place),	  cmocka_unit_test(test_budget),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
