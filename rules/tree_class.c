/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "tree_class.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "interval.h"

#define WIDE_LEAST 16U
#define WIDE_SHARE 32U /* a record around more than one in so many others is wide */

/* The source's or destination's part of a record, whatever the number of words. */
static struct sl_interval side_of(const struct sl_boxes *boxes, unsigned int side, size_t i)
{
	bool is_six = boxes->l3 == SL_L3_IP6;
	enum sl_ref_word word = is_six && side ? SL_REF_ADDR2 : SL_REF_ADDR0;
	struct sl_interval all = {};
	unsigned int d;

	for (d = 0; d < boxes->ndims; d++) {
		const struct sl_dim *dim = &boxes->dims[d];
		struct sl_span span = boxes->span[d][i];

		if (is_six && (dim->word == word || dim->word == word + 1U)) {
			all.low = all.low << 64 | span.low;
			all.high = all.high << 64 | span.high;
		} else if (!is_six && dim->word == word && dim->shift == (side ? 0 : 32)) {
			all = (struct sl_interval) { span.low, span.high };
		}
	}
	return all;
}

static int compare(const void *a, const void *b)
{
	const sl_u128 *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* How many of the numbers, which are ascending, are below one. */
static size_t below(const sl_u128 *numbers, size_t count, sl_u128 one)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (numbers[middle] < one)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Records that begin in one: prefixes that it is around, which a cut would tell apart. */
static size_t around(const sl_u128 *lows, size_t count, struct sl_interval one)
{
	size_t end = one.high == ~(sl_u128)0 ? count : below(lows, count, one.high + 1);

	return end - below(lows, count, one.low);
}

static int find_side(const struct sl_boxes *boxes, unsigned int side, __u8 *classes)
{
	size_t count = boxes->records->count, most = count / WIDE_SHARE, i;
	_cleanup_free_ sl_u128 *lows = calloc(count, sizeof(*lows));

	if (!lows)
		return -ENOMEM;
	if (most < WIDE_LEAST)
		most = WIDE_LEAST;
	for (i = 0; i < count; i++)
		lows[i] = side_of(boxes, side, i).low;
	qsort(lows, count, sizeof(*lows), compare);
	for (i = 0; i < count; i++) {
		if (around(lows, count, side_of(boxes, side, i)) > most)
			classes[i] |= side ? SL_WIDE_DESTINATION : SL_WIDE_SOURCE;
	}
	return 0;
}

int sl_class_find(const struct sl_boxes *boxes, __u8 *classes)
{
	int err;

	err = find_side(boxes, 0, classes);
	return err ? err : find_side(boxes, 1, classes);
}
