/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "interval.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

int sl_intervals_add(struct sl_intervals *set, sl_u128 low, sl_u128 high)
{
	if (set->count == set->size) {
		size_t size = set->size ? set->size * 2 : 1;
		struct sl_interval *v = reallocarray(set->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		set->v = v;
		set->size = size;
	}
	set->v[set->count++] = (struct sl_interval) { low, high };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct sl_interval *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

static bool is_sorted(const struct sl_intervals *set)
{
	size_t i;

	for (i = 1; i < set->count; i++)
		if (set->v[i].low < set->v[i - 1].low)
			return false;
	return true;
}

void sl_intervals_normalise(struct sl_intervals *set)
{
	size_t i, n = 0;

	if (!set->count)
		return;
	if (!is_sorted(set))
		qsort(set->v, set->count, sizeof(*set->v), compare);
	for (i = 1; i < set->count; i++) {
		struct sl_interval *last = &set->v[n], *next = &set->v[i];

		/* The second half is never asked for an interval that ends at the top. */
		if (next->low <= last->high || next->low == last->high + 1) {
			if (next->high > last->high)
				last->high = next->high;
		} else {
			set->v[++n] = *next;
		}
	}
	set->count = n + 1;
}

int sl_intervals_copy(struct sl_intervals *out, const struct sl_intervals *set)
{
	struct sl_intervals copy = { .count = set->count, .size = set->count };

	if (set->count) {
		copy.v = reallocarray(NULL, set->count, sizeof(*copy.v));
		if (!copy.v)
			return -ENOMEM;
		memcpy(copy.v, set->v, set->count * sizeof(*copy.v));
	}
	*out = copy;
	return 0;
}

int sl_intervals_complement(struct sl_intervals *set, sl_u128 max)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals out = {};
	sl_u128 low = 0;
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (set->v[i].low > low && sl_intervals_add(&out, low, set->v[i].low - 1))
			return -ENOMEM;
		if (set->v[i].high >= max)
			break;
		low = set->v[i].high + 1;
	}
	if (i == set->count && sl_intervals_add(&out, low, max))
		return -ENOMEM;

	sl_intervals_clear(set);
	*set = out;
	out = (struct sl_intervals) {};
	return 0;
}

int sl_intervals_intersect(struct sl_intervals *set, const struct sl_intervals *other)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals out = {};
	const struct sl_interval *a = set->v, *b = other->v;
	const struct sl_interval *a_end = a + set->count, *b_end = b + other->count;

	while (a < a_end && b < b_end) {
		sl_u128 low = a->low > b->low ? a->low : b->low;
		sl_u128 high = a->high < b->high ? a->high : b->high;

		if (low <= high && sl_intervals_add(&out, low, high))
			return -ENOMEM;
		if (a->high < b->high)
			a++;
		else
			b++;
	}

	sl_intervals_clear(set);
	*set = out;
	out = (struct sl_intervals) {};
	return 0;
}

/* The first that ends at number or behind it; count when none does. */
static size_t first_to(const struct sl_intervals *set, sl_u128 number)
{
	size_t from = 0, to = set->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (set->v[middle].high < number)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The stretches from first to before end become those of with, two at most. */
static int splice(struct sl_intervals *set, size_t first, size_t end,
		  const struct sl_interval *with, size_t count)
{
	size_t after = set->count - end;

	/* Room, by the way that grows. */
	while (set->size < first + count + after)
		if (sl_intervals_add(set, 0, 0))
			return -ENOMEM;
	if (after)
		memmove(set->v + first + count, set->v + end, after * sizeof(*set->v));
	if (count)
		memcpy(set->v + first, with, count * sizeof(*set->v));
	set->count = first + count + after;
	return 0;
}

int sl_intervals_unite(struct sl_intervals *set, sl_u128 low, sl_u128 high)
{
	size_t first = first_to(set, low ? low - 1 : 0), end = first;
	struct sl_interval all = { low, high };

	for (; end < set->count; end++) {
		const struct sl_interval *one = &set->v[end];

		if (one->low > high && one->low - 1 > high)
			break;
		if (one->low < all.low)
			all.low = one->low;
		if (one->high > all.high)
			all.high = one->high;
	}
	return splice(set, first, end, &all, 1);
}

int sl_intervals_subtract(struct sl_intervals *set, sl_u128 low, sl_u128 high)
{
	size_t first = first_to(set, low), end = first, count = 0;
	struct sl_interval left[2];

	for (; end < set->count && set->v[end].low <= high; end++) {
		const struct sl_interval *one = &set->v[end];

		if (one->low < low)
			left[count++] = (struct sl_interval) { one->low, low - 1 };
		if (one->high > high)
			left[count++] = (struct sl_interval) { high + 1, one->high };
	}
	return splice(set, first, end, left, count);
}

bool sl_intervals_have(const struct sl_intervals *set, sl_u128 number)
{
	size_t from = 0, to = set->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (number < set->v[middle].low)
			to = middle;
		else if (number > set->v[middle].high)
			from = middle + 1;
		else
			return true;
	}
	return false;
}

bool sl_intervals_cover(const struct sl_intervals *outer, const struct sl_intervals *inner)
{
	const struct sl_interval *o = outer->v, *end = outer->v + outer->count;
	size_t i;

	/* Intervals of a normal form do not touch: one of inner lies in one of outer. */
	for (i = 0; i < inner->count; i++) {
		while (o < end && o->high < inner->v[i].low)
			o++;
		if (o == end || o->low > inner->v[i].low || o->high < inner->v[i].high)
			return false;
	}
	return true;
}

bool sl_intervals_equal(const struct sl_intervals *a, const struct sl_intervals *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++) {
		if (a->v[i].low != b->v[i].low || a->v[i].high != b->v[i].high)
			return false;
	}
	return true;
}

bool sl_intervals_are(const struct sl_intervals *set, sl_u128 low, sl_u128 high)
{
	return set->count == 1 && set->v[0].low == low && set->v[0].high == high;
}

void sl_intervals_clear(struct sl_intervals *set)
{
	free(set->v);
	*set = (struct sl_intervals) {};
}
