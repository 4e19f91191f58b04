/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "needle_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "tree.h"

/*
 * A rule that asks for several needles is found by one of them, which all packets have that match:
 * the longest of those that are asked for alone. By any of several that are asked for together, if
 * there is nothing better.
 */

static size_t shortest(const struct sl_cond_contains *cond, const struct sl_conf_needle *needles)
{
	size_t least = SL_NEEDLE_MAX, i;

	for (i = 0; i < cond->count; i++) {
		if (needles[cond->needles[i]].length < least)
			least = needles[cond->needles[i]].length;
	}
	return least;
}

static bool is_better(const struct sl_cond_contains *a, const struct sl_cond_contains *b,
		      const struct sl_conf_needle *needles)
{
	if (!b || (a->count == 1) != (b->count == 1))
		return !b || a->count == 1;
	return shortest(a, needles) > shortest(b, needles);
}

/* NULL: the rule asks for no needle. */
static const struct sl_cond_contains *lead_of(const struct sl_conf_match *match,
					      const struct sl_conf_needle *needles)
{
	const struct sl_cond_contains *best = NULL;
	size_t i;

	for (i = 0; i < match->ncontains; i++) {
		const struct sl_cond_contains *cond = &match->contains[i];

		if (!cond->negate && is_better(cond, best, needles))
			best = cond;
	}
	return best;
}

bool sl_needle_leads(const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->ncontains; i++) {
		if (!match->contains[i].negate)
			return true;
	}
	return false;
}

static int add_span(struct sl_needle_list *list, const struct sl_needle_span *span)
{
	size_t size = 2 * list->size + 16;
	struct sl_needle_span *bigger;

	if (list->nspans == list->size) {
		bigger = reallocarray(list->spans, size, sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		list->spans = bigger;
		list->size = size;
	}
	list->spans[list->nspans++] = *span;
	return 0;
}

int sl_needle_rules_add(struct sl_needle_list *list, enum sl_l3 l3,
			const struct sl_conf_match *match, const struct sl_conf_needle *needles,
			const struct sl_spread *spread, const struct sl_record_end *end)
{
	const struct sl_cond_contains *lead = lead_of(match, needles);
	struct sl_needle_span span = { .first = (__u32)list->all.count };
	static const struct sl_record_end none;
	size_t i;
	int err;

	err = sl_records_add(&list->boxes, l3, spread, &none);
	if (err || !lead)
		return err;
	err = sl_records_add(&list->all, l3, spread, end);
	span.count = (__u32)list->all.count - span.first;
	for (i = 0; i < lead->count && !err; i++) {
		span.needle = lead->needles[i];
		err = add_span(list, &span);
	}
	return err;
}

static int compare4(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_record4));
}

static int compare6(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_record6));
}

/* Each box once. Whose it is is of no interest: the first that fits decides that it is searched. */
static void boxes_unite(struct sl_records *boxes, enum sl_l3 l3)
{
	size_t size = sl_record_size(l3), i, to = 0;
	__u32 order = (__u32)SL_ACCEPT << SL_ORDER_VERDICT_SHIFT;

	qsort(boxes->bytes, boxes->count, size, l3 == SL_L3_IP6 ? compare6 : compare4);
	for (i = 0; i < boxes->count; i++) {
		if (to && !memcmp(boxes->bytes + i * size, boxes->bytes + (to - 1) * size, size))
			continue;
		memmove(boxes->bytes + to++ * size, boxes->bytes + i * size, size);
	}
	boxes->count = to;
	for (i = 0; i < to; i++) {
		if (l3 == SL_L3_IP6)
			((struct sl_record6 *)boxes->bytes)[i].order = order | (__u32)(i + 1);
		else
			((struct sl_record4 *)boxes->bytes)[i].order = order | (__u32)(i + 1);
	}
}

/* Whether one of them has all packets in it. */
static bool has_open_box(const struct sl_records *boxes, enum sl_l3 l3)
{
	const struct sl_record4 *four = (const void *)boxes->bytes;
	const struct sl_record6 *six = (const void *)boxes->bytes;
	size_t i;

	for (i = 0; i < boxes->count; i++) {
		if (l3 == SL_L3_IP6
			    ? !six[i].saddr_len && !six[i].daddr_len &&
				      six[i].sport_span == 0xffff && six[i].dport_span == 0xffff
			    : !four[i].addr_mask && four[i].sport_span == 0xffff &&
				      four[i].dport_span == 0xffff)
			return true;
	}
	return false;
}

static int compare_spans(const void *a, const void *b)
{
	const struct sl_needle_span *x = a, *y = b;

	if (x->needle != y->needle)
		return x->needle < y->needle ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static __u64 leaf_of(__u32 at, size_t bytes)
{
	return (__u64)bytes << SL_REF_BYTES_SHIFT | at;
}

/* The records of count spans, one behind the other: where they are so already, or copied. */
static int write_leaf(struct sl_block *block, const struct sl_needle_list *list, size_t size,
		      __u32 all, const struct sl_needle_span *spans, size_t count, __u64 *out)
{
	size_t records = 0, i;
	__u32 at, to;
	int err;

	for (i = 0; i < count; i++)
		records += spans[i].count;
	if (spans[count - 1].first + spans[count - 1].count - spans[0].first == records) {
		*out = leaf_of(all + spans[0].first * (__u32)size, records * size);
		return 0;
	}
	err = sl_block_take(block, records * size, 64, &at);
	if (err)
		return err;
	*out = leaf_of(at, records * size);
	for (to = at, i = 0; i < count; i++) {
		memcpy(sl_block_at(block, to), list->all.bytes + spans[i].first * size,
		       spans[i].count * size);
		to += spans[i].count * (__u32)size;
	}
	return 0;
}

/* Where a needle's leaves are, of one direction: made when there is the first. */
static int lists_open(struct sl_block *block, __u32 scan, __u32 needle, enum sl_dir dir, __u32 *out)
{
	const struct sl_scan *to = sl_block_at(block, scan);
	__u32 at = to->needles + needle * (__u32)sizeof(struct sl_needle), lists;
	int err;

	lists = ((struct sl_needle *)sl_block_at(block, at))->lists[dir];
	if (!lists) {
		err = sl_block_take(block, sizeof(struct sl_needle_lists), 8, &lists);
		if (err)
			return err;
		((struct sl_needle *)sl_block_at(block, at))->lists[dir] = lists;
	}
	*out = lists;
	return 0;
}

struct place {
	enum sl_dir dir;
	enum sl_l3 l3;
	enum sl_l4 l4;
};

static int write_spans(struct sl_block *block, __u32 scan, const struct place *place,
		       const struct sl_needle_list *list, __u32 all)
{
	size_t size = sl_record_size(place->l3), i, count;
	__u64 leaf;
	__u32 at;
	int err = 0;

	for (i = 0; i < list->nspans && !err; i += count) {
		const struct sl_needle_span *spans = &list->spans[i];

		for (count = 1; i + count < list->nspans && spans[count].needle == spans->needle;)
			count++;
		err = write_leaf(block, list, size, all, spans, count, &leaf);
		if (!err)
			err = lists_open(block, scan, spans->needle, place->dir, &at);
		if (!err)
			((struct sl_needle_lists *)sl_block_at(block, at))
				->leaf[place->l3][place->l4] = leaf;
	}
	return err;
}

static int write_all(struct sl_block *block, __u32 scan, const struct place *place,
		     struct sl_needle_list *list)
{
	size_t bytes = list->all.count * sl_record_size(place->l3);
	struct sl_scan *to;
	__u32 all;
	int err;

	if (!bytes)
		return 0;
	err = sl_block_take(block, bytes, 64, &all);
	if (err)
		return err;
	memcpy(sl_block_at(block, all), list->all.bytes, bytes);
	to = sl_block_at(block, scan);
	to->all[place->dir].leaf[place->l3][place->l4] = leaf_of(all, bytes);
	qsort(list->spans, list->nspans, sizeof(*list->spans), compare_spans);
	return write_spans(block, scan, place, list, all);
}

static int write_list(struct sl_block *block, __u32 scan, const struct place *place,
		      struct sl_needle_list *list)
{
	struct sl_list boxes = {};
	struct sl_scan *to;
	int err = 0;

	if (!list->boxes.count)
		return 0;
	boxes_unite(&list->boxes, place->l3);
	if (has_open_box(&list->boxes, place->l3))
		boxes.tree[0] = SL_SCAN_ALL;
	else
		err = sl_tree_build(block, place->l3, &list->boxes, &boxes);
	if (err)
		return err;
	to = sl_block_at(block, scan);
	to->boxes[place->dir][place->l3][place->l4] = boxes;
	return write_all(block, scan, place, list);
}

int sl_needle_rules_write(struct sl_needle_rules *rules, struct sl_block *block, __u32 scan)
{
	unsigned int dir, l3, l4;
	int err;

	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		for (l3 = 0; l3 < SL_L3_MAX_; l3++) {
			for (l4 = 0; l4 < SL_L4_MAX_; l4++) {
				const struct place place = { (enum sl_dir)dir, (enum sl_l3)l3,
							     (enum sl_l4)l4 };

				err = write_list(block, scan, &place, &rules->list[dir][l3][l4]);
				if (err)
					return err;
			}
		}
	}
	return 0;
}

void sl_needle_rules_clear(struct sl_needle_rules *rules)
{
	struct sl_needle_list *list = &rules->list[0][0][0];
	size_t i;

	for (i = 0; i < sizeof(rules->list) / sizeof(*list); i++) {
		sl_records_clear(&list[i].all);
		sl_records_clear(&list[i].boxes);
		free(list[i].spans);
	}
}
