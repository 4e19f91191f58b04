/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "tree_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/*
 * From the root down: a cell's records become a leaf, or are dealt out to the children of a cut.
 * Children next to each other that got the same records are one child, grown once.
 */

#define LEAF_MOST    12U /* records in a leaf that is not cut any more */
#define BUDGET	     16U /* how often all records may stand in leaves */
#define BUDGET_LEAST 65536U
#define PRUNE_MOST   64U /* records compared with each other */

struct growing {
	struct sl_store *store;
	const struct sl_boxes *boxes;
	struct sl_cut_room *room;
};

/* What has grown. */
struct grown {
	__u64 ref;
	__u64 price;
};

static int grow(struct growing *g, struct sl_cell *cell, struct grown *out);

/* The region becomes no larger than what the records fill of it. */
static void shrink(const struct sl_boxes *boxes, struct sl_cell *cell)
{
	unsigned int d;
	size_t i;

	for (d = 0; d < boxes->ndims; d++) {
		struct sl_span *region = &cell->region.span[d], fill = { ~0ULL, 0 };

		for (i = 0; i < cell->count; i++) {
			struct sl_span span =
				sl_span_clip(boxes->span[d][cell->numbers[i]], *region);

			fill.low = span.low < fill.low ? span.low : fill.low;
			fill.high = span.high > fill.high ? span.high : fill.high;
		}
		*region = fill;
	}
}

/* Whether, as far as the region goes, the record is all around another one; NULL: all of it. */
static bool covers(const struct sl_boxes *boxes, const struct sl_region *region, __u32 record,
		   const __u32 *other)
{
	unsigned int d;

	for (d = 0; d < boxes->ndims; d++) {
		struct sl_span outer = boxes->span[d][record], inner = region->span[d];

		if (other)
			inner = sl_span_clip(boxes->span[d][*other], inner);
		if (outer.low > inner.low || outer.high < inner.high)
			return false;
	}
	return true;
}

/* What stands behind a record that decides on all packets of the cell is never met. */
static void cut_off(const struct sl_boxes *boxes, struct sl_cell *cell)
{
	size_t i;

	for (i = 0; i < cell->count; i++) {
		if (boxes->decides[cell->numbers[i]] &&
		    covers(boxes, &cell->region, cell->numbers[i], NULL))
			cell->count = i + 1;
	}
}

static bool is_hidden(const struct sl_boxes *boxes, const struct sl_cell *cell, const __u32 *kept,
		      size_t count, __u32 number)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (boxes->decides[kept[i]] && covers(boxes, &cell->region, kept[i], &number))
			return true;
	}
	return false;
}

static int grow_leaf(struct growing *g, const struct sl_cell *cell, struct grown *out)
{
	const struct sl_boxes *boxes = g->boxes;
	__u32 kept[PRUNE_MOST];
	size_t count = 0, i;

	out->price = (__u64)cell->count * SL_PRICE_RECORD;
	if (!g->store)
		return 0;
	if (cell->count > PRUNE_MOST)
		return sl_store_leaf(g->store, boxes->l3, boxes->records, cell->numbers,
				     cell->count, &out->ref);
	for (i = 0; i < cell->count; i++) {
		if (!is_hidden(boxes, cell, kept, count, cell->numbers[i]))
			kept[count++] = cell->numbers[i];
	}
	return sl_store_leaf(g->store, boxes->l3, boxes->records, kept, count, &out->ref);
}

/* What a cut does to a cell. */
struct deal {
	struct sl_cut cut;
	__u32 *run; /* [child]: its run */
	__u32 *first; /* [run]: its first child; one more at the end */
	size_t *begin; /* [run]: of its records in numbers; one more at the end */
	__u32 *numbers;
	__u64 *refs; /* [child] */
};

static void deal_clear(struct deal *deal)
{
	free(deal->run);
	free(deal->first);
	free(deal->begin);
	free(deal->numbers);
	free(deal->refs);
}

static int deal_room(struct deal *deal)
{
	size_t children = (size_t)1 << deal->cut.bits;

	deal->run = calloc(children, sizeof(*deal->run));
	deal->first = calloc(deal->cut.runs + 1, sizeof(*deal->first));
	deal->begin = calloc(deal->cut.runs + 2, sizeof(*deal->begin));
	deal->numbers = calloc(deal->cut.records + 1, sizeof(*deal->numbers));
	deal->refs = calloc(children, sizeof(*deal->refs));
	return deal->run && deal->first && deal->begin && deal->numbers && deal->refs ? 0 : -ENOMEM;
}

/* Children that the record lies in. */
static void reach(const struct growing *g, const struct sl_cell *cell, const struct sl_cut *cut,
		  __u32 number, __u32 *first, __u32 *last)
{
	sl_cut_reach(cut,
		     sl_span_clip(g->boxes->span[cut->dim][number], cell->region.span[cut->dim]),
		     first, last);
}

/* A run begins where a record begins or has ended. */
static void find_runs(const struct growing *g, const struct sl_cell *cell, struct deal *deal)
{
	__u32 children = 1U << deal->cut.bits, first, last, child, run = 0;
	size_t i;

	for (i = 0; i < cell->count; i++) {
		reach(g, cell, &deal->cut, cell->numbers[i], &first, &last);
		deal->run[first] = 1;
		if (last + 1 < children)
			deal->run[last + 1] = 1;
	}
	deal->run[0] = 0;
	for (child = 0; child < children; child++) {
		if (deal->run[child])
			deal->first[++run] = child;
		deal->run[child] = run;
	}
	deal->first[run + 1] = children;
}

/* Counts first, one place ahead, so that writing the numbers moves the counts to their places. */
static void deal_out(const struct growing *g, const struct sl_cell *cell, struct deal *deal)
{
	__u32 first, last, run;
	size_t i;

	for (i = 0; i < cell->count; i++) {
		reach(g, cell, &deal->cut, cell->numbers[i], &first, &last);
		for (run = deal->run[first]; run <= deal->run[last]; run++)
			deal->begin[run + 2]++;
	}
	for (i = 2; i < deal->cut.runs + 2; i++)
		deal->begin[i] += deal->begin[i - 1];
	for (i = 0; i < cell->count; i++) {
		reach(g, cell, &deal->cut, cell->numbers[i], &first, &last);
		for (run = deal->run[first]; run <= deal->run[last]; run++)
			deal->numbers[deal->begin[run + 1]++] = cell->numbers[i];
	}
}

/* The cell of one run. */
static struct sl_cell run_cell(const struct sl_cell *cell, const struct deal *deal, size_t run)
{
	const struct sl_cut *cut = &deal->cut;
	struct sl_cell child = { .numbers = deal->numbers + deal->begin[run],
				 .count = deal->begin[run + 1] - deal->begin[run],
				 .region = cell->region };
	struct sl_span window = {
		cut->base + ((__u64)deal->first[run] << cut->shift),
		cut->base + ((__u64)deal->first[run + 1] << cut->shift) - 1,
	};

	child.region.span[cut->dim] = sl_span_clip(child.region.span[cut->dim], window);
	child.budget = (__u64)((unsigned __int128)cell->budget * child.count / cut->records);
	return child;
}

static int grow_runs(struct growing *g, const struct sl_cell *cell, struct deal *deal, __u64 *price)
{
	size_t run, count;
	__u64 sum = 0;
	__u32 child;
	int err;

	for (run = 0; run < deal->cut.runs; run++) {
		struct sl_cell cell_of_run = run_cell(cell, deal, run);
		struct grown grown = {};

		count = cell_of_run.count;
		err = count ? grow(g, &cell_of_run, &grown) : 0;
		if (err)
			return err;
		sum += count * grown.price;
		for (child = deal->first[run]; child < deal->first[run + 1]; child++)
			deal->refs[child] = grown.ref;
	}
	*price = SL_PRICE_STEP + sum / deal->cut.records;
	return 0;
}

static bool all_the_same(const struct deal *deal)
{
	size_t i;

	for (i = 1; i < (size_t)1 << deal->cut.bits; i++) {
		if (deal->refs[i] != deal->refs[0])
			return false;
	}
	return true;
}

static int grow_cut(struct growing *g, const struct sl_cell *cell, const struct sl_cut *cut,
		    struct grown *out)
{
	_cleanup_(deal_clear) struct deal deal = { .cut = *cut };
	const struct sl_dim *dim = &g->boxes->dims[cut->dim];
	__u64 left = 64U - dim->shift - cut->shift - cut->bits, right = 64U - cut->bits;
	__u32 at;
	int err;

	err = deal_room(&deal);
	if (err)
		return err;
	find_runs(g, cell, &deal);
	deal_out(g, cell, &deal);
	err = grow_runs(g, cell, &deal, &out->price);
	if (err)
		return err;
	if (!g->store || all_the_same(&deal)) {
		out->ref = deal.refs[0];
		return 0;
	}
	err = sl_store_children(g->store, deal.refs, (size_t)1 << cut->bits, &at);
	if (!err)
		out->ref = SL_REF_CUT | at | left << SL_REF_LEFT_SHIFT |
			   right << SL_REF_RIGHT_SHIFT | (__u64)dim->word << SL_REF_WORD_SHIFT;
	return err;
}

static int grow(struct growing *g, struct sl_cell *cell, struct grown *out)
{
	struct sl_cut cut;

	shrink(g->boxes, cell);
	cut_off(g->boxes, cell);
	if (cell->count <= LEAF_MOST || !sl_cut_choose(g->boxes, cell, g->room, &cut))
		return grow_leaf(g, cell, out);
	return grow_cut(g, cell, &cut, out);
}

int sl_tree_grow(struct sl_store *store, const struct sl_boxes *boxes, struct sl_cut_room *room,
		 const __u32 *numbers, size_t count, __u64 *ref, __u64 *price)
{
	struct growing g = { .store = store, .boxes = boxes, .room = room };
	struct sl_cell cell = { .numbers = numbers, .count = count };
	struct grown grown = {};
	unsigned int d;
	int err;

	cell.budget = count * BUDGET > BUDGET_LEAST ? count * BUDGET : BUDGET_LEAST;
	for (d = 0; d < boxes->ndims; d++)
		cell.region.span[d] = (struct sl_span) { 0, ~0ULL };
	err = grow(&g, &cell, &grown);
	if (err)
		return err;
	*ref = grown.ref;
	*price = grown.price;
	return 0;
}
