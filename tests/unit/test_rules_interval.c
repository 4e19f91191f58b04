/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* Sets of numbers and their covers against a table of 256 truths. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "cover.h"
#include "interval.h"
#include "rules_random.h"

struct truth {
	bool in[256];
};

static void draw(struct random *r, struct sl_intervals *set, struct truth *truth)
{
	unsigned int i, count = random_below(r, 6);

	memset(truth, 0, sizeof(*truth));
	while (count--) {
		unsigned int low = random_below(r, 256);
		unsigned int high = low + random_below(r, 256 - low);

		if (random_below(r, 2))
			high = low;
		assert_int_equal(sl_intervals_add(set, low, high), 0);
		for (i = low; i <= high; i++)
			truth->in[i] = true;
	}
	sl_intervals_normalise(set);
}

static void assert_is(const struct sl_intervals *set, const struct truth *truth)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		assert_int_equal(sl_intervals_have(set, i), truth->in[i]);
	for (i = 1; i < set->count; i++)
		assert_true(set->v[i - 1].high + 1 < set->v[i].low);
}

static void test_set_operations(void **state)
{
	unsigned int seed, i;

	for (seed = 1; seed <= 5000; seed++) {
		_cleanup_(sl_intervals_clear) struct sl_intervals a = {}, b = {}, c = {};
		struct random r = { seed };
		struct truth ta, tb, tc;

		draw(&r, &a, &ta);
		draw(&r, &b, &tb);
		assert_is(&a, &ta);
		assert_int_equal(sl_intervals_copy(&c, &a), 0);
		assert_true(sl_intervals_equal(&a, &c));
		assert_int_equal(sl_intervals_intersect(&c, &b), 0);
		for (i = 0; i < 256; i++)
			tc.in[i] = ta.in[i] && tb.in[i];
		assert_is(&c, &tc);
		assert_int_equal(sl_intervals_complement(&c, 255), 0);
		for (i = 0; i < 256; i++)
			tc.in[i] = !tc.in[i];
		assert_is(&c, &tc);
	}
}

/* Each number of the set is in one piece, the others are in none. */
static void assert_covers(const struct sl_pieces *pieces, const struct truth *truth)
{
	unsigned int i;
	size_t k;

	for (i = 0; i < 256; i++) {
		unsigned int hits = 0;

		for (k = 0; k < pieces->count; k++)
			hits += (i & pieces->v[k].mask) == pieces->v[k].value;
		assert_int_equal(hits, truth->in[i]);
	}
}

static void test_covers(void **state)
{
	unsigned int seed;

	for (seed = 1; seed <= 3000; seed++) {
		_cleanup_(sl_intervals_clear) struct sl_intervals set = {};
		struct sl_pieces prefixes = {}, bits = {};
		struct random r = { seed };
		struct truth truth;

		draw(&r, &set, &truth);
		assert_int_equal(sl_cover_prefixes(&prefixes, &set, 8), 0);
		assert_covers(&prefixes, &truth);
		assert_int_equal(sl_cover_bits(&bits, &set, 8), 0);
		assert_covers(&bits, &truth);
		sl_pieces_clear(&prefixes);
		sl_pieces_clear(&bits);
	}
}

static size_t prefixes(sl_u128 low, sl_u128 high)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals set = {};
	struct sl_pieces pieces = {};
	size_t count;

	assert_int_equal(sl_intervals_add(&set, low, high), 0);
	assert_int_equal(sl_cover_prefixes(&pieces, &set, 128), 0);
	count = pieces.count;
	sl_pieces_clear(&pieces);
	return count;
}

/* The ends of 128 bits, where arithmetic could wrap. */
static void test_wide(void **state)
{
	sl_u128 top = ~(sl_u128)0;
	_cleanup_(sl_intervals_clear) struct sl_intervals set = {};

	assert_int_equal(prefixes(0, top), 1);
	assert_int_equal(prefixes(1, top), 128);
	assert_int_equal(prefixes(0, top - 1), 128);
	assert_int_equal(prefixes(1, top - 1), 254);
	assert_int_equal(prefixes(top, top), 1);
	assert_int_equal(prefixes((sl_u128)1 << 64, ((sl_u128)1 << 65) - 1), 1);

	assert_int_equal(sl_intervals_add(&set, top, top), 0);
	assert_int_equal(sl_intervals_add(&set, 5, top), 0);
	assert_int_equal(sl_intervals_add(&set, 0, 4), 0);
	sl_intervals_normalise(&set);
	assert_true(sl_intervals_are(&set, 0, top));
	assert_int_equal(sl_intervals_complement(&set, top), 0);
	assert_int_equal(set.count, 0);
	assert_int_equal(sl_intervals_complement(&set, top), 0);
	assert_true(sl_intervals_are(&set, 0, top));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set_operations),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
