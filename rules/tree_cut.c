/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "tree_cut.h"

#include <string.h>

/*
 * A cut is judged by what a packet can expect to pay behind it, if packets fall on records evenly:
 * a step, and for each child, by its share of the records, what a tree over so many costs. What
 * rules that reach over many children cost is in there, too: they make the children larger, and the
 * memory that caches have to hold.
 */

#define PRICE_HALF 160U /* of a step, for each time that it halves the records */
#define LEAF_MEAN  8U /* records in a leaf, where records can be told apart */

/*
 * For each doubling of the list beyond what a second-level cache holds: of each doubling of the
 * memory that a cell takes, and of each step. Memory is what large lists wait for.
 */
#define PRICE_GROWTH 112U
#define PRICE_MISS   160U
#define CACHED	     (1U << 13) /* records */

#define CHILDREN_PER_RECORD 4U

/* log2, 6 bits of fraction, linear between powers of two. */
static __u64 log2_64(__u64 x)
{
	unsigned int whole = 63U - (unsigned int)__builtin_clzll(x);
	__u64 part = whole > 6 ? x >> (whole - 6) : x << (6 - whole);

	return (__u64)whole * 64 + (part - 64);
}

static __u64 price_of(size_t records)
{
	if (records <= LEAF_MEAN)
		return records * SL_PRICE_RECORD;
	return (__u64)LEAF_MEAN * SL_PRICE_RECORD + log2_64(records) * PRICE_HALF / 64 -
	       log2_64(LEAF_MEAN) * PRICE_HALF / 64;
}

struct sl_span sl_span_clip(struct sl_span span, struct sl_span region)
{
	return (struct sl_span) { span.low > region.low ? span.low : region.low,
				  span.high < region.high ? span.high : region.high };
}

void sl_cut_reach(const struct sl_cut *cut, struct sl_span span, __u32 *first, __u32 *last)
{
	*first = (__u32)((span.low - cut->base) >> cut->shift);
	*last = (__u32)((span.high - cut->base) >> cut->shift);
}

/* Where in the window records begin and end. */
static void count_edges(const struct sl_boxes *boxes, const struct sl_cell *cell,
			const struct sl_cut *cut, struct sl_cut_room *room)
{
	const struct sl_span *spans = boxes->span[cut->dim];
	struct sl_span region = cell->region.span[cut->dim];
	size_t size = sizeof(room->starts[0]) << cut->bits, i;
	__u32 first, last;

	memset(room->starts, 0, size);
	memset(room->ends, 0, size + sizeof(room->ends[0]));
	for (i = 0; i < cell->count; i++) {
		sl_cut_reach(cut, sl_span_clip(spans[cell->numbers[i]], region), &first, &last);
		room->starts[first]++;
		room->ends[last + 1]++;
	}
}

/* What of a cut's price is for memory. */
static __u64 memory_price(const struct sl_boxes *boxes, const struct sl_cell *cell,
			  const struct sl_cut *cut)
{
	__u64 growth = 0, beyond;
	__u64 before = cell->count * sl_record_size(boxes->l3);
	__u64 after = cut->records * sl_record_size(boxes->l3) + (sizeof(__u64) << cut->bits);

	if (boxes->records->count <= CACHED)
		return 0;
	beyond = log2_64(boxes->records->count) - log2_64(CACHED);
	if (after > before)
		growth = log2_64(after) - log2_64(before);
	return (growth * PRICE_GROWTH / 64 + PRICE_MISS) * beyond / 64;
}

/* Price of the cut, with its runs and records counted; ~0 when it does not help or takes too much. */
static __u64 judge(const struct sl_boxes *boxes, const struct sl_cell *cell,
		   struct sl_cut_room *room, struct sl_cut *cut)
{
	__u32 inside = 0, most = 0, child;
	__u64 price = 0;

	count_edges(boxes, cell, cut, room);
	cut->runs = 0;
	cut->records = 0;
	for (child = 0; child < 1U << cut->bits; child++) {
		if (child && !room->starts[child] && !room->ends[child])
			continue;
		inside += room->starts[child] - room->ends[child];
		cut->runs++;
		cut->records += inside;
		price += inside * price_of(inside);
		most = inside > most ? inside : most;
	}
	if (cut->records > cell->budget || most == cell->count)
		return ~0ULL;
	return SL_PRICE_STEP + price / cut->records + memory_price(boxes, cell, cut);
}

static unsigned int bits_most(const struct sl_cell *cell)
{
	unsigned int bits = 1;

	while (bits < SL_CUT_BITS_MAX && 2ULL << bits <= cell->count * CHILDREN_PER_RECORD)
		bits++;
	return bits;
}

/* The cuts of one dimension: windows at the highest bit in which records differ. */
static void choose_bits(const struct sl_boxes *boxes, const struct sl_cell *cell,
			struct sl_cut_room *room, unsigned int dim, __u64 *price,
			struct sl_cut *out)
{
	struct sl_span region = cell->region.span[dim];
	unsigned int top, most = bits_most(cell), bits;

	if (region.low == region.high)
		return;
	top = 64U - (unsigned int)__builtin_clzll(region.low ^ region.high);
	if (most > top)
		most = top;
	for (bits = 1; bits <= most; bits++) {
		struct sl_cut cut = { .dim = dim, .shift = top - bits, .bits = bits };
		__u64 cost;

		cut.base = top == 64 ? 0 : region.low >> top << top;
		cost = judge(boxes, cell, room, &cut);
		if (cost < *price) {
			*price = cost;
			*out = cut;
		}
		/* Narrower windows of what has gone over the budget have less, wider ones more. */
		if (cut.records > cell->budget)
			break;
	}
}

bool sl_cut_choose(const struct sl_boxes *boxes, const struct sl_cell *cell,
		   struct sl_cut_room *room, struct sl_cut *out)
{
	__u64 leaf = (__u64)cell->count * SL_PRICE_RECORD, price = leaf;
	unsigned int dim;

	for (dim = 0; dim < boxes->ndims; dim++)
		choose_bits(boxes, cell, room, dim, &price, out);
	return price < leaf;
}
