/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * Plain sets in memory that programs read, and the programs' walk over them: against sorted ranges
 * and a search that has no idea of any of it. Built whole and changed step by step.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../dataplane/set.h"

#include "cleanup.h"
#include "rules_heap.h"
#include "rules_random.h"
#include "set_roots.h"

#define HEAP_SIZE (2000U << 20)

/* A set and what must be in it. */
struct pair {
	enum sl_set_root space;
	sl_u128 max; /* of the numbers */
	struct test_heap heap;
	struct sl_set_roots roots;
	struct sl_intervals truth;
	__u64 ranges;
};

static struct sl_intervals *list_of(struct sl_conf_elems *elems, enum sl_set_root space)
{
	if (space == SL_ROOT_IP4)
		return &elems->four;
	return space == SL_ROOT_NETS ? &elems->six : &elems->numbers;
}

static void pair_open(struct pair *pair, enum sl_set_root space, sl_u128 max)
{
	*pair = (struct pair) { .space = space, .max = max };
	test_heap_init(&pair->heap, HEAP_SIZE);
	sl_arena_base = pair->heap.heap.base;
}

static void pair_close(struct pair *pair)
{
	sl_roots_free(&pair->heap.heap, &pair->roots);
	assert_int_equal(pair->heap.used, 0);
	test_heap_clear(&pair->heap);
	sl_intervals_clear(&pair->truth);
}

static void pair_build(struct pair *pair)
{
	struct sl_conf_elems elems = {};

	sl_intervals_normalise(&pair->truth);
	*list_of(&elems, pair->space) = pair->truth;
	assert_int_equal(
		sl_roots_build(&pair->heap.heap, &elems, pair->max, &pair->roots, &pair->ranges),
		0);
}

static void check_number(const struct pair *pair, sl_u128 number)
{
	bool want = sl_intervals_have(&pair->truth, number);
	bool got = sl_roots_have(&pair->roots, pair->space, (__u64)(number >> 64), (__u64)number);

	if (want != got)
		fail_msg("%llx:%llx is %sin the set", (unsigned long long)(number >> 64),
			 (unsigned long long)number, want ? "not " : "");
}

static sl_u128 space_max(const struct pair *pair)
{
	if (pair->space == SL_ROOT_IP4)
		return 0xffffffff;
	return pair->space == SL_ROOT_NETS ? ~(sl_u128)0 : pair->max;
}

static sl_u128 draw(struct random *r, const struct pair *pair)
{
	return ((sl_u128)random_next(r) << 64 | random_next(r)) & space_max(pair);
}

/* All borders of up to 4096 ranges and numbers beside them, and anything. */
static void check_numbers(const struct pair *pair, struct random *r, unsigned int count)
{
	size_t i, step = pair->truth.count / 4096 + 1;
	sl_u128 max = space_max(pair);

	check_number(pair, 0);
	check_number(pair, max);
	for (i = 0; i < pair->truth.count; i += step) {
		sl_u128 low = pair->truth.v[i].low, high = pair->truth.v[i].high;

		check_number(pair, low);
		check_number(pair, high);
		check_number(pair, low + (high - low) / 2);
		check_number(pair, (low - 1) & max);
		check_number(pair, (high + 1) & max);
	}
	while (count--)
		check_number(pair, draw(r, pair));
}

/* Reading back gives the same; what is in use is what the roots lead to. */
static void check_whole(struct pair *pair)
{
	struct sl_conf_elems elems = {};

	assert_int_equal(sl_roots_read(&pair->heap.heap, &pair->roots, &elems), 0);
	assert_true(sl_intervals_equal(list_of(&elems, pair->space), &pair->truth));
	sl_elems_clear(&elems);
	sl_roots_blocks(&pair->heap.heap, &pair->roots, test_heap_mark, &pair->heap);
	test_heap_check(&pair->heap);
}

/* --- ranges as they come --- */

struct shape {
	enum sl_set_root space;
	sl_u128 max;
	unsigned int count;
	unsigned int near; /* bits in which numbers differ; 0: all */
	unsigned int wide; /* prefixes leave up to so many bits free */
};

static struct sl_interval draw_range(struct random *r, const struct pair *pair,
				     const struct shape *shape)
{
	unsigned int bits = shape->wide ? random_below(r, shape->wide + 1) : 0;
	sl_u128 number = draw(r, pair), rest;

	if (shape->near)
		number = (number & (((sl_u128)1 << shape->near) - 1)) |
			 ((sl_u128)0x0a010000 << (pair->space == SL_ROOT_NETS ? 96 : 0) &
			  space_max(pair));
	rest = bits >= 128 ? ~(sl_u128)0 : ((sl_u128)1 << bits) - 1;
	rest &= space_max(pair);
	/* Some are no prefixes. */
	if (!random_below(r, 8))
		return (struct sl_interval) { number, number | (rest >> 1) };
	return (struct sl_interval) { number & ~rest, number | rest };
}

static const struct shape shapes[] = {
	{ SL_ROOT_IP4, 0, 0, 0, 0 },	     { SL_ROOT_IP4, 0, 1, 0, 0 },
	{ SL_ROOT_IP4, 0, 20, 0, 32 },	     { SL_ROOT_IP4, 0, 1000, 0, 16 },
	{ SL_ROOT_IP4, 0, 1000, 16, 2 },     { SL_ROOT_IP4, 0, 3000, 16, 2 },
	{ SL_ROOT_IP4, 0, 3000, 20, 10 },    { SL_ROOT_IP4, 0, 20000, 18, 0 },
	{ SL_ROOT_IP4, 0, 60000, 18, 0 },    { SL_ROOT_IP4, 0, 300000, 0, 8 },
	{ SL_ROOT_NETS, 0, 1, 0, 128 },	     { SL_ROOT_NETS, 0, 33, 0, 64 },
	{ SL_ROOT_NETS, 0, 300, 66, 66 },    { SL_ROOT_NETS, 0, 3000, 70, 80 },
	{ SL_ROOT_NETS, 0, 5000, 0, 0 },     { SL_ROOT_NETS, 0, 100000, 0, 70 },
	{ SL_ROOT_NETS, 0, 100000, 80, 64 }, { SL_ROOT_NUMBER, 0xffff, 100, 0, 4 },
	{ SL_ROOT_NUMBER, 0xff, 10, 0, 2 },  { SL_ROOT_NUMBER, 0xffffffffffffULL, 5000, 0, 4 },
};

static void built_whole(void **state)
{
	struct random r = { 1 };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct pair pair;

		pair_open(&pair, shapes[i].space, shapes[i].max);
		for (unsigned int n = 0; n < shapes[i].count; n++) {
			struct sl_interval range = draw_range(&r, &pair, &shapes[i]);

			assert_int_equal(sl_intervals_add(&pair.truth, range.low, range.high), 0);
		}
		pair_build(&pair);
		check_numbers(&pair, &r, 100000);
		check_whole(&pair);
		pair_close(&pair);
	}
}

static void change(struct pair *pair, struct sl_interval range, bool add)
{
	assert_int_equal(sl_roots_change(&pair->heap.heap, &pair->roots, pair->space, pair->max,
					 range, add, &pair->ranges),
			 0);
	assert_int_equal(add ? sl_intervals_unite(&pair->truth, range.low, range.high)
			     : sl_intervals_subtract(&pair->truth, range.low, range.high),
			 0);
	check_number(pair, range.low);
	check_number(pair, range.high);
	check_number(pair, (range.low - 1) & space_max(pair));
	check_number(pair, (range.high + 1) & space_max(pair));
}

/* Grows from nothing, loses about half, then all. */
static void changed_step_by_step(void **state)
{
	struct random r = { 2 };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		unsigned int count = shapes[i].count > 6000 ? 6000 : shapes[i].count;
		struct pair pair;

		pair_open(&pair, shapes[i].space, shapes[i].max);
		for (unsigned int n = 0; n < 2 * count; n++)
			change(&pair, draw_range(&r, &pair, &shapes[i]), n < count || n % 2);
		check_numbers(&pair, &r, 10000);
		check_whole(&pair);
		while (pair.truth.count)
			change(&pair, pair.truth.v[random_below(&r, pair.truth.count)], false);
		check_whole(&pair);
		assert_true(pair.space == SL_ROOT_IP4 || pair.max == 0xffff || pair.max == 0xff ||
			    sl_roots_empty(&pair.roots));
		pair_close(&pair);
	}
}

/* Each allocation fails once: nothing leaks, and the same change again comes to the right end. */
static void no_memory(void **state)
{
	struct random r = { 3 };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		unsigned int count = shapes[i].count > 400 ? 400 : shapes[i].count;
		struct pair pair;

		pair_open(&pair, shapes[i].space, shapes[i].max);
		for (unsigned int n = 0; n < count; n++) {
			struct sl_interval range = draw_range(&r, &pair, &shapes[i]);
			bool add = n % 3;

			pair.heap.fail_in = 1 + random_below(&r, 8);
			sl_roots_change(&pair.heap.heap, &pair.roots, pair.space, pair.max, range,
					add, &pair.ranges);
			pair.heap.fail_in = 0;
			sl_roots_blocks(&pair.heap.heap, &pair.roots, test_heap_mark, &pair.heap);
			test_heap_check(&pair.heap);
			change(&pair, range, add);
		}
		check_whole(&pair);
		pair_close(&pair);
	}
}

/* The ends of the space, everything, and holes in it. */
static void extremes(void **state)
{
	static const enum sl_set_root spaces[] = { SL_ROOT_IP4, SL_ROOT_NETS, SL_ROOT_NUMBER };
	struct random r = { 4 };

	for (size_t i = 0; i < 3; i++) {
		struct pair pair;
		sl_u128 max;

		pair_open(&pair, spaces[i], 0xffff);
		max = space_max(&pair);
		change(&pair, (struct sl_interval) { 0, 0 }, true);
		change(&pair, (struct sl_interval) { max, max }, true);
		check_whole(&pair);
		change(&pair, (struct sl_interval) { 0, max }, true);
		check_numbers(&pair, &r, 1000);
		assert_int_equal(pair.truth.count, 1);
		change(&pair, (struct sl_interval) { max / 2, max / 2 }, false);
		change(&pair, (struct sl_interval) { max, max }, false);
		change(&pair, (struct sl_interval) { 0, 0 }, false);
		check_numbers(&pair, &r, 1000);
		check_whole(&pair);
		change(&pair, (struct sl_interval) { max / 2, max }, true);
		change(&pair, (struct sl_interval) { 0, max / 2 }, true);
		check_whole(&pair);
		change(&pair, (struct sl_interval) { 0, max }, false);
		check_whole(&pair);
		assert_int_equal(pair.truth.count, 0);
		pair_close(&pair);
	}
}

/* Cells of every form, and a range over all of them. */
static void cells(void **state)
{
	struct random r = { 5 };
	struct pair pair;

	pair_open(&pair, SL_ROOT_IP4, 0);
	for (unsigned int cell = 0; cell < 3000; cell++)
		for (unsigned int n = 0; n < cell % 1000; n += 1 + cell % 3)
			assert_int_equal(sl_intervals_add(&pair.truth, cell << 16 | n * 60,
							  cell << 16 | (n * 60 + cell % 50)),
					 0);
	pair_build(&pair);
	assert_int_equal(SL_SET_FORM(pair.roots.root[SL_ROOT_IP4]), SL_FORM_CELLS);
	check_numbers(&pair, &r, 1000000);
	check_whole(&pair);
	change(&pair, (struct sl_interval) { 0x01000080, 0x02000080 }, true);
	check_numbers(&pair, &r, 100000);
	change(&pair, (struct sl_interval) { 0x00800080, 0x06000080 }, false);
	check_numbers(&pair, &r, 100000);
	check_whole(&pair);
	for (unsigned int n = 1; n <= 3; n++) {
		/* The root, the first cell, the last one. */
		pair.heap.fail_in = n;
		assert_int_not_equal(
			sl_roots_change(&pair.heap.heap, &pair.roots, SL_ROOT_IP4, 0,
					(struct sl_interval) { 0x00400080, 0x007003f0 }, true,
					&pair.ranges),
			0);
		assert_int_equal(pair.heap.fail_in, 0);
		check_whole(&pair);
	}
	pair_close(&pair);
}

static void digests(void **state)
{
	struct sl_conf_elems a = {}, b = {};
	__u64 da[2], db[2];

	sl_intervals_add(&a.four, 1, 5);
	sl_intervals_add(&b.six, 1, 5);
	sl_elems_digest(&a, da);
	sl_elems_digest(&b, db);
	assert_true(da[0] != db[0] && da[1] != db[1]);
	sl_intervals_add(&b.four, 1, 5);
	sl_intervals_clear(&b.six);
	sl_elems_digest(&b, db);
	assert_true(da[0] == db[0] && da[1] == db[1]);
	sl_elems_clear(&a);
	sl_elems_clear(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(built_whole), cmocka_unit_test(changed_step_by_step),
		cmocka_unit_test(no_memory),   cmocka_unit_test(extremes),
		cmocka_unit_test(cells),       cmocka_unit_test(digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
