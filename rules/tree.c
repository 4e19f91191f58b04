/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "tree_box.h"
#include "tree_class.h"
#include "tree_node.h"
#include "tree_store.h"

/*
 * A list becomes one tree, or several where records that are wide at one address would stand in too
 * many leaves of a tree that cuts it. Which records go together is a plan; the cheapest is taken.
 */

#define CLASS(bits)   (1U << (bits))
#define NARROW	      CLASS(0)
#define WIDE_SOURCE   CLASS(SL_WIDE_SOURCE)
#define WIDE_DEST     CLASS(SL_WIDE_DESTINATION)
#define WIDE_BOTH     CLASS(SL_WIDE_SOURCE | SL_WIDE_DESTINATION)
#define GROUPS	      (1U << SL_CLASSES)
#define PRICE_TREE    1024U /* of one more tree, which is gone down and its leaf looked through */
#define LIST_ONE_TREE 16U

/* Groups of classes, a tree each. */
static const __u8 plans[][SL_TREES] = {
	{ NARROW | WIDE_SOURCE | WIDE_DEST | WIDE_BOTH },
	{ NARROW | WIDE_DEST, WIDE_SOURCE | WIDE_BOTH },
	{ NARROW | WIDE_SOURCE, WIDE_DEST | WIDE_BOTH },
	{ NARROW | WIDE_DEST, WIDE_SOURCE, WIDE_BOTH },
	{ NARROW | WIDE_SOURCE, WIDE_DEST, WIDE_BOTH },
	{ NARROW, WIDE_SOURCE, WIDE_DEST, WIDE_BOTH },
};

#define NPLANS (sizeof(plans) / sizeof(plans[0]))

struct building {
	struct sl_store store;
	struct sl_boxes boxes;
	__u8 *classes; /* [record] */
	__u32 *numbers; /* of the group at hand */
	struct sl_cut_room *room;
	__u8 present; /* classes that have records */
	__u64 price[GROUPS]; /* 0: not known yet */
};

static void building_clear(struct building *b)
{
	sl_store_clear(&b->store);
	sl_boxes_clear(&b->boxes);
	free(b->classes);
	free(b->numbers);
	free(b->room);
}

static size_t group_fill(struct building *b, __u8 group)
{
	size_t count = 0, i;

	for (i = 0; i < b->boxes.records->count; i++) {
		if (group & CLASS(b->classes[i]))
			b->numbers[count++] = (__u32)i;
	}
	return count;
}

static int group_price(struct building *b, __u8 group, __u64 *price)
{
	__u64 ref;
	int err;

	if (!b->price[group]) {
		err = sl_tree_grow(NULL, &b->boxes, b->room, b->numbers, group_fill(b, group), &ref,
				   &b->price[group]);
		if (err)
			return err;
	}
	*price = b->price[group];
	return 0;
}

static int plan_price(struct building *b, const __u8 *plan, __u64 *price)
{
	unsigned int i;
	__u64 one;
	int err;

	*price = 0;
	for (i = 0; i < SL_TREES; i++) {
		if (!(plan[i] & b->present))
			continue;
		err = group_price(b, plan[i] & b->present, &one);
		if (err)
			return err;
		*price += one + (*price ? PRICE_TREE : 0);
	}
	return 0;
}

static int plan_choose(struct building *b, const __u8 **out)
{
	__u64 least = ~0ULL, price;
	size_t i;
	int err;

	*out = plans[0];
	if (b->boxes.records->count <= LIST_ONE_TREE)
		return 0;
	for (i = 0; i < NPLANS; i++) {
		err = plan_price(b, plans[i], &price);
		if (err)
			return err;
		if (price < least) {
			least = price;
			*out = plans[i];
		}
		/* Two trees cannot be better. */
		if (least <= PRICE_TREE)
			break;
	}
	return 0;
}

static int plan_grow(struct building *b, const __u8 *plan, struct sl_list *out)
{
	unsigned int i, trees = 0;
	__u64 price;
	size_t count;
	int err;

	for (i = 0; i < SL_TREES; i++) {
		count = group_fill(b, plan[i] & b->present);
		if (!count)
			continue;
		err = sl_tree_grow(&b->store, &b->boxes, b->room, b->numbers, count,
				   &out->tree[trees], &price);
		if (err)
			return err;
		trees += out->tree[trees] != 0;
	}
	return 0;
}

static int classify(struct building *b)
{
	size_t i;
	int err;

	err = sl_class_find(&b->boxes, b->classes);
	if (err)
		return err;
	for (i = 0; i < b->boxes.records->count; i++)
		b->present |= (__u8)CLASS(b->classes[i]);
	return 0;
}

int sl_tree_build(struct sl_block *block, enum sl_l3 l3, const struct sl_records *records,
		  struct sl_list *out)
{
	_cleanup_(building_clear) struct building b = { .store = { .block = block } };
	struct sl_list list = {};
	const __u8 *plan = NULL;
	int err;

	if (!records->count)
		return 0;
	err = sl_boxes_make(&b.boxes, block, l3, records);
	if (err)
		return err;
	b.classes = calloc(records->count, sizeof(*b.classes));
	b.numbers = calloc(records->count, sizeof(*b.numbers));
	b.room = malloc(sizeof(*b.room));
	if (!b.classes || !b.numbers || !b.room)
		return -ENOMEM;
	err = classify(&b);
	if (!err)
		err = plan_choose(&b, &plan);
	if (!err)
		err = plan_grow(&b, plan, &list);
	if (err)
		return err;
	*out = list;
	return 0;
}
